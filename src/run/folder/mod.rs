//! The folder of a run.

mod claim;
mod journal;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use self::claim::{Held, Place, candidates, vacant};
use self::journal::Log;
use super::log::EpochLog;
use super::{EpochRow, Outcome, RunError, RunInfo};
use crate::disk::{self, Folder};
use crate::limits::{MAX_FILE_BYTES, MAX_RECIPE_BYTES, MAX_RUN_INFO_BYTES};

/// The folder of a run, locked while it is trained.
#[derive(Debug)]
pub struct RunFolder {
    place: Place,
    net: String,
    recipe: String,
    /// The interrupted run, if this resumes one.
    before: Option<(RunInfo, Vec<EpochRow>)>,
    log: Option<Log>,
}

impl RunFolder {
    /// The flat text of the net.
    pub const NET: &str = "net.net";
    /// The resolved recipe.
    pub const RECIPE: &str = "recipe.yaml";
    /// The run's inputs and outcome: [`RunInfo`].
    pub const INFO: &str = "run.json";
    /// The weights.
    pub const CHECKPOINT: &str = "checkpoint.safetensors";
    /// The previous checkpoint, while the run is in progress.
    pub const BEFORE: &str = "checkpoint.before.safetensors";
    /// A line for the inputs, then a line per epoch: [`EpochRow`].
    pub const LOG: &str = EpochLog::FILE;
    /// DAWNBench's log: epoch, hours, top1Accuracy in percent.
    pub const TSV: &str = "log.tsv";
    /// The lock file of the process that trains in the folder.
    const LOCK: &str = ".lock";

    /// The folder at a path, for a run of this net with this recipe, both as text. Nothing is
    /// written yet; when the training starts, the folder must be empty or must not exist.
    pub fn new(path: &Path, net: String, recipe: String) -> RunFolder {
        RunFolder { place: Place::At(path.into()), net, recipe, before: None, log: None }
    }

    /// Like [`RunFolder::new`]; the folder is called `name`, or `name-2`, `name-3` and so on,
    /// whichever is free when the training starts. Concurrent runs get different folders.
    pub fn free(parent: &Path, name: &str, net: String, recipe: String) -> RunFolder {
        let place = Place::Free { parent: parent.into(), name: name.into() };
        RunFolder { place, ..RunFolder::new(parent, net, recipe) }
    }

    /// Opens the folder of an interrupted run to resume it, and locks it until this is dropped.
    ///
    /// # Errors
    /// No run in it, or one of an unsupported version; a finished run; a run that another process
    /// is training.
    pub fn resume(path: &Path) -> Result<RunFolder, RunError> {
        RunFolder::info(path)?;
        let folder = open(path)?;
        let held = Held::of(folder)?;
        // Read under the lock: another process may have changed it until now.
        let info = RunFolder::info(path)?;
        if info.outcome == Outcome::Finished {
            return Err(RunError::NothingLeft(path.into()));
        }
        let (net, recipe) = (RunFolder::net(path)?, RunFolder::recipe(path)?);
        let rows = RunFolder::log(path)?.rows;
        let before = Some((info, rows));
        Ok(RunFolder { place: Place::Held(held), net, recipe, before, log: None })
    }

    /// Its path; for [`RunFolder::free`] the path it would get now.
    pub fn path(&self) -> PathBuf {
        match &self.place {
            Place::At(path) => path.clone(),
            Place::Free { parent, name } => candidates(parent, name)
                .find(|path| !path.exists())
                .unwrap_or_else(|| parent.join(name)),
            Place::Held(held) => held.folder.path().into(),
        }
    }

    /// Whether a training could start in it now.
    ///
    /// # Errors
    /// Why it could not.
    pub fn check(&self) -> Result<(), RunError> {
        match &self.place {
            Place::At(path) if path.exists() => vacant(&open(path)?),
            Place::At(_) | Place::Free { .. } | Place::Held(_) => Ok(()),
        }
    }

    /// The epochs in a run's log.
    ///
    /// # Errors
    /// A log that cannot be read.
    pub fn log(path: &Path) -> Result<EpochLog, RunError> {
        EpochLog::read(&open(path)?).map_err(RunError::io(&path.join(Self::LOG)))
    }

    /// The [`RunInfo`] of a run.
    ///
    /// # Errors
    /// No `run.json`, or one of an unsupported version.
    pub fn info(path: &Path) -> Result<RunInfo, RunError> {
        let no_run = |reason: String| RunError::NoRun { path: path.into(), reason };
        let text =
            Folder::open(path).and_then(|folder| folder.read_text(Self::INFO, MAX_RUN_INFO_BYTES));
        let text = text.map_err(|e| no_run(format!("{}: {e}", Self::INFO)))?;
        let info: Result<RunInfo, _> = serde_json::from_str(&text);
        let info = info.map_err(|e| no_run(format!("{}: {e}", Self::INFO)))?;
        info.sound().map_err(|e| no_run(format!("{}: {e}", Self::INFO)))?;
        Ok(info)
    }

    /// The text of a run's net.
    ///
    /// # Errors
    /// No file that can be read.
    pub fn net(path: &Path) -> Result<String, RunError> {
        let net = open(path)?.read_text(Self::NET, MAX_FILE_BYTES);
        net.map_err(RunError::io(&path.join(Self::NET)))
    }

    /// The text of a run's recipe.
    ///
    /// # Errors
    /// No file that can be read.
    pub fn recipe(path: &Path) -> Result<String, RunError> {
        let recipe = open(path)?.read_text(Self::RECIPE, MAX_RECIPE_BYTES);
        recipe.map_err(RunError::io(&path.join(Self::RECIPE)))
    }

    /// The path of a run's checkpoint, or of the previous one; `None` if it has neither.
    pub fn checkpoint_of(path: &Path) -> Option<PathBuf> {
        let folder = Folder::open(path).ok()?;
        let there = [Self::CHECKPOINT, Self::BEFORE].map(|name| folder.stamp(name));
        // An unusable checkpoint is reported when it is read, not silently ignored.
        let some = there.iter().any(|stamp| !matches!(stamp, Ok(None)));
        some.then(|| path.join(Self::CHECKPOINT))
    }

    /// The bytes of a run's checkpoint, at most `most`.
    ///
    /// # Errors
    /// No file that can be read.
    pub fn read_checkpoint(path: &Path, most: u64) -> Result<Vec<u8>, RunError> {
        open(path)?.read(Self::CHECKPOINT, most).map_err(|error| match error.kind() {
            ErrorKind::NotFound => RunError::NoCheckpoint(path.into()),
            _ => RunError::io(&path.join(Self::CHECKPOINT))(error),
        })
    }
}

fn open(path: &Path) -> Result<Folder, RunError> {
    Folder::open(path).map_err(RunError::io(path))
}

/// [`disk::replace`] with the error type of runs.
///
/// # Errors
/// A file that cannot be written.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    disk::replace(path, bytes).map_err(RunError::io(path))
}
