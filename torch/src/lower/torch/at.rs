use netc::lower::TorchError;
use tch::TchError;

/// Says where libtorch refused something.
pub trait At<T> {
    /// Keeps the first line of the error's text and adds the place.
    fn at(self, at: &str) -> Result<T, TorchError>;
}

impl<T> At<T> for Result<T, TchError> {
    fn at(self, at: &str) -> Result<T, TorchError> {
        self.map_err(|error| {
            let text = match error {
                TchError::Torch(text) => text,
                other => other.to_string(),
            };
            let message = text.lines().next().unwrap_or_default().to_string();
            TorchError { at: at.to_string(), message }
        })
    }
}
