use std::path::PathBuf;

use super::{EpochRow, Outcome, RunError, RunInfo};

/// Where a training is recorded.
pub trait Journal {
    /// Whether [`RunInfo::data_sha256`] is needed, which takes time on large data.
    fn hashes_data(&self) -> bool {
        false
    }

    /// Everything is loaded, the training starts.
    ///
    /// # Errors
    /// A destination that cannot be written, or that has a finished run.
    fn start(&mut self, info: &RunInfo) -> Result<(), RunError>;

    /// An epoch is over.
    ///
    /// # Errors
    /// A destination that cannot be written.
    fn epoch(&mut self, row: &EpochRow) -> Result<(), RunError>;

    /// The training is over.
    ///
    /// # Errors
    /// A destination that cannot be written.
    fn end(&mut self, outcome: Outcome) -> Result<(), RunError>;

    /// The file for the state to resume from.
    ///
    /// # Errors
    /// A destination that is no longer this training's own.
    fn checkpoint(&self) -> Result<PathBuf, RunError>;

    /// The file for the weights after the last epoch; `None` to discard them.
    ///
    /// # Errors
    /// A destination that is no longer this training's own.
    fn weights(&self) -> Result<Option<PathBuf>, RunError>;
}

/// A journal that keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoJournal;

impl Journal for NoJournal {
    fn start(&mut self, _: &RunInfo) -> Result<(), RunError> {
        Ok(())
    }

    fn epoch(&mut self, _: &EpochRow) -> Result<(), RunError> {
        Ok(())
    }

    fn end(&mut self, _: Outcome) -> Result<(), RunError> {
        Ok(())
    }

    fn checkpoint(&self) -> Result<PathBuf, RunError> {
        Ok(PathBuf::new())
    }

    fn weights(&self) -> Result<Option<PathBuf>, RunError> {
        Ok(None)
    }
}
