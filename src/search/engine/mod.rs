//! Engines start the workers of a search on several machines.
//!
//! A worker is `netc search DIR`. Workers divide the runs among themselves with leases in the
//! folder, so an engine only starts workers, and restarts them if their machine fails; it knows
//! nothing about the runs.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk::Folder;
use crate::limits::{MAX_JOBS, MAX_NOTE_BYTES};
use crate::run::own;
use crate::search::untrusted::brief;

pub mod parallel;
pub mod slurm;

/// The workers that an engine starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Workers {
    /// The `netc` to run: an absolute path, the same on every machine.
    pub netc: PathBuf,
    /// The search's folder: an absolute path on a file system that every machine shares.
    pub search: PathBuf,
    /// The number of workers, at least 1.
    pub count: u32,
    /// Further arguments of `netc search`.
    pub arguments: Vec<String>,
}

impl Workers {
    /// The worker's command line, quoted for a POSIX shell.
    fn command(&self) -> Result<String, EngineError> {
        let mut words = vec![utf8(&self.netc)?, "search", utf8(&self.search)?];
        words.extend(self.arguments.iter().map(String::as_str));
        shlex::try_join(words).map_err(|_| EngineError::NulByte)
    }
}

/// The contents of `engine.json` in the search's folder: the submitted jobs, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Submitted {
    /// Their ids.
    pub jobs: Vec<slurm::JobId>,
    /// Proof that this user's netc wrote the file: an untrusted folder could list the user's own
    /// jobs, which `netc search cancel` would then cancel.
    #[serde(default)]
    mark: Option<String>,
}

impl Submitted {
    /// The file's name.
    pub const FILE: &str = "engine.json";

    /// The jobs submitted for the search in this folder; empty if there is no such file.
    ///
    /// # Errors
    /// A file that cannot be read, or has an unsupported version.
    pub fn read(search: &Path) -> Result<Submitted, EngineError> {
        let path = search.join(Self::FILE);
        let read =
            Folder::open(search).and_then(|place| place.read(Self::FILE, MAX_NOTE_BYTES as u64));
        let wrong = |why: String| {
            EngineError::io(&path)(io::Error::new(io::ErrorKind::InvalidData, brief(&why)))
        };
        let submitted: Submitted = match read {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| wrong(e.to_string()))?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Submitted::default()),
            Err(e) => return Err(EngineError::io(&path)(e)),
        };
        match submitted.jobs.len() > MAX_JOBS {
            true => Err(wrong(format!("more than {MAX_JOBS} jobs"))),
            false => Ok(submitted),
        }
    }

    /// The same, if this user's netc wrote it.
    ///
    /// # Errors
    /// The same, and a file written by somebody else.
    pub fn read_own(search: &Path) -> Result<Submitted, EngineError> {
        let submitted = Submitted::read(search)?;
        let own = submitted.mark.is_some() && submitted.mark == submitted.mark(search);
        match own || submitted.jobs.is_empty() {
            true => Ok(submitted),
            false => Err(EngineError::Foreign(search.join(Self::FILE))),
        }
    }

    fn mark(&self, search: &Path) -> Option<String> {
        let place = search.canonicalize().ok()?;
        let jobs = serde_json::to_vec(&self.jobs).ok()?;
        own::mark_of(&[place.as_os_str().as_encoded_bytes(), &[0], &jobs].concat())
    }

    fn write(&mut self, search: &Path) -> Result<(), EngineError> {
        self.mark = self.mark(search);
        let written = serde_json::to_string_pretty(self)
            .map_err(io::Error::from)
            .and_then(|text| Folder::open(search)?.replace(Self::FILE, (text + "\n").as_bytes()));
        written.map_err(EngineError::io(&search.join(Self::FILE)))
    }
}

/// An error of an engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A program of the engine was not found.
    #[error(
        "`{0}` was not found; run this on a login node of the Slurm cluster \
         (on Debian or Ubuntu the package slurm-client has it)"
    )]
    NoProgram(&'static str),
    /// A program of the engine failed.
    #[error("{program} refused: {message}")]
    Refused {
        /// The program.
        program: &'static str,
        /// Its message.
        message: String,
    },
    /// The search was not submitted.
    #[error("nothing was submitted for {}; submit it with --engine slurm", .0.display())]
    NotSubmitted(PathBuf),
    /// Jobs recorded by somebody else.
    #[error(
        "{path} was not written by your netc for this folder, so its jobs may be any; \
         `squeue` lists yours, `scancel` ends them",
        path = .0.display()
    )]
    Foreign(PathBuf),
    /// A path that cannot be passed to the engine.
    #[error("{what} cannot stand in the path {path}; choose another folder", path = path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// The offending character.
        what: &'static str,
    },
    /// Arguments with invalid shell quoting.
    #[error("{0:?} has a quote that is not closed")]
    Quotes(String),
    /// An argument with a NUL byte.
    #[error("an argument holds a NUL byte")]
    NulByte,
    /// A file cannot be read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl EngineError {
    /// For `map_err` after an operation on a file.
    fn io(path: &Path) -> impl FnOnce(io::Error) -> EngineError {
        let path = path.to_path_buf();
        move |source| EngineError::Io { path, source }
    }
}

fn utf8(path: &Path) -> Result<&str, EngineError> {
    let refused = |what| EngineError::Path { path: path.into(), what };
    let text = path.to_str().ok_or(refused("bytes that are not UTF-8"))?;
    if text.contains(['\n', '\r']) { Err(refused("a line break")) } else { Ok(text) }
}
