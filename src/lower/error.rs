/// What libtorch refused, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
pub struct TorchError {
    /// The path of the node, or what the runner was doing.
    pub at: String,
    /// The first line of libtorch's text. The rest is its call stack.
    pub message: String,
}

impl TorchError {
    /// Whether memory ran out, of the machine or of its GPU.
    pub fn is_out_of_memory(&self) -> bool {
        let text = self.message.to_lowercase();
        ["can't allocate memory", "not enough memory", "out of memory"]
            .iter()
            .any(|words| text.contains(words))
    }
}
