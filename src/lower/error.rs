/// What libtorch refused, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
pub struct TorchError {
    /// The path of the node, or what the runner was doing.
    pub at: String,
    /// The first line of libtorch's text. The rest is its call stack.
    pub message: String,
}
