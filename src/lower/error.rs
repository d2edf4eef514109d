/// An error of libtorch, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
pub struct TorchError {
    /// The path of the node, or what the runner was doing.
    pub at: String,
    /// The first line of libtorch's message. The rest is its call stack.
    pub message: String,
}

impl TorchError {
    /// Whether it is out of memory, on the host or the GPU.
    pub fn is_out_of_memory(&self) -> bool {
        let text = self.message.to_lowercase();
        ["can't allocate memory", "not enough memory", "out of memory"]
            .iter()
            .any(|words| text.contains(words))
    }
}
