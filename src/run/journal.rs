use std::path::PathBuf;

use super::{EpochRow, Outcome, RunError, RunInfo};

/// Where a training is written down.
pub trait Journal {
    /// Whether [`RunInfo::data_sha256`] is wanted, which takes time on large data.
    fn hashes_data(&self) -> bool {
        false
    }

    /// Everything is loaded, the training starts.
    ///
    /// # Errors
    /// A place that cannot be written, or one that has a finished run.
    fn start(&mut self, info: &RunInfo) -> Result<(), RunError>;

    /// An epoch is over.
    ///
    /// # Errors
    /// A place that cannot be written.
    fn epoch(&mut self, row: &EpochRow) -> Result<(), RunError>;

    /// The training is over.
    ///
    /// # Errors
    /// A place that cannot be written.
    fn end(&mut self, outcome: Outcome) -> Result<(), RunError>;

    /// The file that the state goes to, to go on from.
    fn checkpoint(&self) -> PathBuf;

    /// The file that the weights go to when every epoch is done; `None` to let them go.
    fn weights(&self) -> Option<PathBuf>;
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

    fn checkpoint(&self) -> PathBuf {
        PathBuf::new()
    }

    fn weights(&self) -> Option<PathBuf> {
        None
    }
}
