//! The files that a worker writes into the folder of a run.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use netc::disk::Folder;
use netc::run::{EpochRow, Journal, Outcome, RunError, RunFolder, RunInfo};
use netc::search::files::FILE;
use netc::search::lease::{Holder, Lease};
use netc::search::{Attempt, Line, SearchError};

use super::appender::Appender;

/// What stays of a finished run, besides its leases.
pub(super) const KEPT: [&str; 2] = [FILE, WEIGHTS];
/// The last checkpoint and the one before it.
const CHECKPOINTS: [&str; 2] = [RunFolder::CHECKPOINT, RunFolder::BEFORE];
pub(super) const WEIGHTS: &str = "weights.safetensors";

/// A run's file as the journal of its training.
#[derive(Debug)]
pub(super) struct Entries<'a> {
    pub folder: &'a Folder,
    pub lease: &'a Lease,
    pub appender: Appender,
    pub keep: bool,
}

impl Entries<'_> {
    /// The folder of the run, while it is there and no other worker has taken it over.
    fn own(&self) -> Result<&Folder, RunError> {
        match self.lease.holds() {
            true => Ok(self.folder),
            false => Err(RunError::Moved(self.folder.path().into())),
        }
    }

    fn append(&mut self, line: &Line) -> Result<(), RunError> {
        self.own()?;
        self.appender.append(line).map_err(|error| match error {
            SearchError::Io { path, source } => RunError::Io { path, source },
            other => RunError::Data(other.to_string()),
        })
    }
}

impl Journal for Entries<'_> {
    fn start(&mut self, info: &RunInfo) -> Result<(), RunError> {
        let Holder { host, pid, .. } = Holder::me();
        let hardware = info.hardware.clone();
        let attempt = Attempt { host, pid, hardware, time: now(), after_epoch: info.after_epoch };
        self.append(&Line::Attempt(attempt))
    }

    fn epoch(&mut self, row: &EpochRow) -> Result<(), RunError> {
        self.append(&Line::Epoch(*row))
    }

    fn end(&mut self, _: Outcome) -> Result<(), RunError> {
        Ok(())
    }

    fn checkpoint(&self) -> Result<PathBuf, RunError> {
        Ok(self.own()?.path().join(RunFolder::CHECKPOINT))
    }

    fn weights(&self) -> Result<Option<PathBuf>, RunError> {
        self.keep.then(|| Ok(self.own()?.path().join(WEIGHTS))).transpose()
    }
}

/// Where a run resumes, if it has a checkpoint. Anything that is not a file is removed: no
/// training wrote it.
pub(super) fn checkpoint(own: &Folder) -> Result<Option<PathBuf>, SearchError> {
    for name in CHECKPOINTS {
        if own.file(name).is_err() {
            own.remove(name).map_err(SearchError::io(&own.path().join(name)))?;
        }
    }
    Ok(RunFolder::checkpoint_of(own.path()))
}

/// Whether a training failed because of the state that it was to resume from.
pub(super) fn is_of_checkpoint(error: &RunError, own: &Folder) -> bool {
    match error {
        RunError::Checkpoint { .. }
        | RunError::Damaged { .. }
        | RunError::Changed { .. }
        | RunError::NotInLog { .. } => true,
        // Any other error may pass, as that of a full disk, and the checkpoint is good.
        RunError::Io { path, source } => {
            source.kind() == ErrorKind::NotFound
                && CHECKPOINTS.iter().any(|name| *path == own.path().join(name))
        }
        _ => false,
    }
}

/// Seconds since 1970.
pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |t| t.as_secs_f64())
}
