//! Who trains in the folder of a run: one process, in a folder where it overwrites nothing.

use std::fs;
use std::path::{Path, PathBuf};

use super::{RunFolder, open};
use crate::disk::{Folder, Lock};
use crate::run::{Outcome, RunError};

/// The maximum number of names in a folder that is searched for a run.
const MOST_NAMES: usize = 10_000;

/// The place of a run.
#[derive(Debug)]
pub(super) enum Place {
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
pub(super) struct Held {
    pub folder: Folder,
    _lock: Lock,
    made: bool,
    /// The folder around it, if that was created for it too.
    parent: Option<PathBuf>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.made && !self.folder.has(RunFolder::INFO) {
            let _ = self.folder.remove(RunFolder::LOCK);
            let _ = fs::remove_dir(self.folder.path());
            // It stays if another run is in it.
            let _ = self.parent.as_ref().map(fs::remove_dir);
        }
    }
}

impl Held {
    /// Locks a folder that was there before.
    pub(super) fn of(folder: Folder) -> Result<Held, RunError> {
        let lock = hold(&folder)?;
        Ok(Held { folder, _lock: lock, made: false, parent: None })
    }
}

impl RunFolder {
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
        self.place = Place::Held(Held { folder, _lock: lock, made, parent: new_parent });
        Ok(())
    }
}

fn hold(folder: &Folder) -> Result<Lock, RunError> {
    let lock =
        folder.lock(RunFolder::LOCK).map_err(RunError::io(&folder.path().join(RunFolder::LOCK)))?;
    lock.ok_or_else(|| RunError::Busy(folder.path().into()))
}

/// `name`, `name-2`, `name-3`, ... in a folder.
pub(super) fn candidates(parent: &Path, name: &str) -> impl Iterator<Item = PathBuf> {
    let name = move |n: u32| if n == 1 { name.to_owned() } else { format!("{name}-{n}") };
    (1..).map(move |n| parent.join(name(n)))
}

/// Checks that a folder contains nothing that a new run would overwrite or mix with its own files.
pub(super) fn vacant(folder: &Folder) -> Result<(), RunError> {
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
    // The run ended before its first epoch: only its inputs are there.
    if !folder.has(RunFolder::LOG) && !folder.has(RunFolder::CHECKPOINT) {
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
