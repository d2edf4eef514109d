use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::log::EpochLog;
use super::{EpochRow, Journal, Outcome, RunAttempt, RunError, RunInfo, own};
use crate::disk::{self, Folder, Lock};
use crate::limits::{MAX_FILE_BYTES, MAX_RECIPE_BYTES, MAX_RUN_INFO_BYTES};

/// The maximum number of names in a folder that is searched for a run.
const MOST_NAMES: usize = 10_000;
/// A lock that was just given up may still be in a process that is being started, for a moment.
const LOCK_TRIES: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

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

/// The place of a run.
#[derive(Debug)]
enum Place {
    /// This path, if nothing there would be overwritten.
    At(PathBuf),
    /// The first free one of `NAME`, `NAME-2`, `NAME-3` in a folder.
    Free { parent: PathBuf, name: String },
    /// A locked folder.
    Held(Held),
}

/// A folder locked by this process. One that was created for the run is removed if nothing was
/// started.
#[derive(Debug)]
struct Held {
    folder: Folder,
    lock: Lock,
    made: bool,
    /// The folder around it, if that was created for it too.
    parent: Option<PathBuf>,
}

impl Held {
    /// The folder, if it is still the one that was locked. Everything is written by path, so that
    /// it would otherwise go into whatever took its place.
    fn own(&self) -> Result<&Folder, RunError> {
        match self.lock.is_in(&self.folder) {
            true => Ok(&self.folder),
            false => Err(RunError::Moved(self.folder.path().into())),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.made && self.own().is_ok() && !self.folder.has(RunFolder::INFO) {
            let _ = self.folder.remove(RunFolder::LOCK);
            let _ = fs::remove_dir(self.folder.path());
            // It stays if another run is in it.
            let _ = self.parent.as_ref().map(fs::remove_dir);
        }
    }
}

/// The open files of a run.
#[derive(Debug)]
struct Log {
    jsonl: File,
    tsv: File,
    info: RunInfo,
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
    /// No run in it, or one of an unsupported version; a finished run; one that ended before its
    /// training began; a run that another process is training.
    pub fn resume(path: &Path) -> Result<RunFolder, RunError> {
        RunFolder::info(path)?;
        let folder = open(path)?;
        let lock = hold(&folder)?;
        // Read under the lock: another process may have changed it until now.
        let info = RunFolder::info(path)?;
        if info.outcome == Outcome::Finished {
            return Err(RunError::NothingLeft(path.into()));
        }
        if is_not_begun(&folder) {
            return Err(RunError::NotBegun(path.into()));
        }
        let (net, recipe) = (RunFolder::net(path)?, RunFolder::recipe(path)?);
        let rows = RunFolder::log(path)?.rows;
        let before = Some((info, rows));
        let place = Place::Held(Held { folder, lock, made: false, parent: None });
        Ok(RunFolder { place, net, recipe, before, log: None })
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
        let text = text.map_err(|e| match e.kind() {
            ErrorKind::NotADirectory => no_run("it is a file, and a run is a folder".into()),
            _ => no_run(format!("{}: {}", Self::INFO, disk::found(&e))),
        })?;
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
            ErrorKind::NotFound => match Self::info(path) {
                Ok(_) => RunError::NoCheckpoint(path.into()),
                Err(no_run) => no_run,
            },
            _ => RunError::io(&path.join(Self::CHECKPOINT))(error),
        })
    }

    /// Locks the folder for this run, and creates it if needed. The lock is released when this is
    /// dropped.
    ///
    /// # Errors
    /// A folder that is not empty, is locked by another training, or cannot be created.
    pub fn claim(&mut self) -> Result<(), RunError> {
        let mut new_parent = None;
        let (folder, made) = match &self.place {
            Place::Held(_) => return Ok(()),
            Place::At(path) => match Folder::create_new(path).map_err(RunError::io(path))? {
                Some(folder) => (folder, true),
                None => (open(path)?, false),
            },
            Place::Free { parent, name } => {
                new_parent = (!parent.exists()).then(|| parent.clone());
                let make = |path: PathBuf| {
                    Folder::create_new(&path).map_err(RunError::io(&path)).transpose()
                };
                let folder = candidates(parent, name).find_map(make).transpose()?;
                (folder.ok_or_else(|| RunError::Busy(parent.clone()))?, true)
            }
        };
        vacant(&folder)?;
        let lock = hold(&folder)?;
        // Another process may have been faster.
        vacant(&folder)?;
        self.place = Place::Held(Held { folder, lock, made, parent: new_parent });
        Ok(())
    }

    /// The folder to write to, locked by this and still the same.
    fn own(&self) -> Result<&Folder, RunError> {
        match &self.place {
            Place::Held(held) => held.own(),
            Place::At(_) | Place::Free { .. } => Err(RunError::Busy(self.path())),
        }
    }

    /// Checks that a resumed run can continue to the same result.
    fn same(&self, info: &RunInfo, now: &RunAttempt) -> Result<(), RunError> {
        let Some((before, _)) = &self.before else { return Ok(()) };
        let path = self.path();
        match (&before.data_sha256, &info.data_sha256) {
            (Some(was), Some(is)) if was != is => {
                return Err(RunError::OtherData { path, data: info.data.clone() });
            }
            _ => {}
        }
        let differences = before.attempts.last().map_or(Vec::new(), |last| last.differences(now));
        match info.method.deterministic && !differences.is_empty() {
            true => Err(RunError::OtherBits { path, differences }),
            false => Ok(()),
        }
    }
}

fn write(folder: &Folder, name: &str, text: &str) -> Result<(), RunError> {
    folder.replace(name, text.as_bytes()).map_err(RunError::io(&folder.path().join(name)))
}

fn write_info(folder: &Folder, info: &RunInfo) -> Result<(), RunError> {
    let text = serde_json::to_string_pretty(info);
    let text =
        text.map_err(|error| RunError::io(&folder.path().join(RunFolder::INFO))(error.into()))?;
    write(folder, RunFolder::INFO, &format!("{text}\n"))
}

/// Replaces a log and opens it for appending.
fn begin(folder: &Folder, name: &str, text: &str) -> Result<File, RunError> {
    write(folder, name, text)?;
    folder.append(name).map_err(RunError::io(&folder.path().join(name)))
}

fn open(path: &Path) -> Result<Folder, RunError> {
    Folder::open(path).map_err(RunError::io(path))
}

fn hold(folder: &Folder) -> Result<Lock, RunError> {
    for patience in (0..LOCK_TRIES).rev() {
        let lock = folder.lock(RunFolder::LOCK);
        if let Some(lock) = lock.map_err(RunError::io(&folder.path().join(RunFolder::LOCK)))? {
            return Ok(lock);
        }
        if patience > 0 {
            std::thread::sleep(LOCK_PAUSE);
        }
    }
    Err(RunError::Busy(folder.path().into()))
}

/// `name`, `name-2`, `name-3`, ... in a folder.
fn candidates(parent: &Path, name: &str) -> impl Iterator<Item = PathBuf> {
    let name = move |n: u32| if n == 1 { name.to_owned() } else { format!("{name}-{n}") };
    (1..).map(move |n| parent.join(name(n)))
}

/// Checks that a folder contains nothing that a new run would overwrite or mix with its own files.
fn vacant(folder: &Folder) -> Result<(), RunError> {
    let path = folder.path();
    let names = folder.names(MOST_NAMES).map_err(RunError::io(path))?;
    let left_behind = |name: &str| name.starts_with('.') && name.ends_with(".tmp");
    let name = names.iter().map(|name| name.to_string_lossy());
    let Some(other) = name.into_iter().find(|name| *name != RunFolder::LOCK && !left_behind(name))
    else {
        return Ok(());
    };
    if !folder.has(RunFolder::INFO) {
        return Err(RunError::Occupied { path: path.into(), name: other.into_owned() });
    }
    if is_not_begun(folder) {
        return Ok(());
    }
    match RunFolder::info(path)?.outcome {
        Outcome::Finished => Err(RunError::Finished(path.into())),
        Outcome::Running | Outcome::Interrupted | Outcome::Failed => {
            drop(hold(folder)?);
            Err(RunError::Unfinished(path.into()))
        }
    }
}

/// Whether a run ended while its inputs were written, before its log.
fn is_not_begun(folder: &Folder) -> bool {
    !folder.has(RunFolder::LOG) && !folder.has(RunFolder::CHECKPOINT)
}

/// A line of [`RunFolder::LOG`].
fn json(line: &impl Serialize) -> Result<String, RunError> {
    let text = serde_json::to_string(line)
        .map_err(|e| RunError::io(Path::new(RunFolder::LOG))(e.into()))?;
    Ok(text + "\n")
}

/// A line of [`RunFolder::TSV`]; nothing for an epoch without a test.
fn tab_separated(row: &EpochRow) -> String {
    row.test.map_or(String::new(), |test| {
        format!("{}\t{:.8}\t{:.2}\n", row.epoch, row.total_time / 3600.0, test.score())
    })
}

impl Journal for RunFolder {
    fn hashes_data(&self) -> bool {
        true
    }

    /// Locks the folder and writes the inputs of the run.
    fn start(&mut self, info: &RunInfo) -> Result<(), RunError> {
        let now = RunAttempt::now(info.hardware.clone(), info.after_epoch);
        self.same(info, &now)?;
        self.claim()?;
        let (attempts, rows) = match self.before.take() {
            Some((before, rows)) => (before.attempts, rows),
            None => (Vec::new(), Vec::new()),
        };
        // The log of a resumed run is replaced atomically, so that a crash does not lose earlier
        // epochs.
        let rows = &rows[..rows.len().min(info.after_epoch as usize)];
        let info = RunInfo {
            data_mark: info.data_path.as_deref().and_then(own::mark),
            attempts: attempts.into_iter().chain([now]).collect(),
            last: rows.last().copied(),
            ..info.clone()
        };
        let (mut jsonl, mut tsv) = (json(&info)?, "epoch\thours\ttop1Accuracy\n".to_string());
        for row in rows {
            jsonl += &json(row)?;
            tsv += &tab_separated(row);
        }
        let folder = self.own()?;
        // In this order: a run without a log has not started.
        write_info(folder, &info)?;
        write(folder, Self::NET, &self.net)?;
        write(folder, Self::RECIPE, &self.recipe)?;
        let tsv = begin(folder, Self::TSV, &tsv)?;
        let jsonl = begin(folder, Self::LOG, &jsonl)?;
        self.log = Some(Log { jsonl, tsv, info });
        Ok(())
    }

    fn epoch(&mut self, row: &EpochRow) -> Result<(), RunError> {
        let path = self.own()?.path().to_owned();
        let Some(log) = &mut self.log else { return Ok(()) };
        log.info.last = Some(*row);
        let append = |mut file: &File, text: &str| {
            file.write_all(text.as_bytes()).and_then(|()| file.sync_data())
        };
        append(&log.jsonl, &json(row)?).map_err(RunError::io(&path.join(Self::LOG)))?;
        append(&log.tsv, &tab_separated(row)).map_err(RunError::io(&path.join(Self::TSV)))
    }

    fn end(&mut self, outcome: Outcome) -> Result<(), RunError> {
        let Some(log) = &self.log else { return Ok(()) };
        write_info(self.own()?, &RunInfo { outcome, ..log.info.clone() })
    }

    fn checkpoint(&self) -> Result<PathBuf, RunError> {
        Ok(self.own()?.path().join(Self::CHECKPOINT))
    }

    fn weights(&self) -> Result<Option<PathBuf>, RunError> {
        self.checkpoint().map(Some)
    }
}

/// [`disk::replace`] with the error type of runs.
///
/// # Errors
/// A file that cannot be written.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    disk::replace(path, bytes).map_err(RunError::io(path))
}
