//! Engines: what starts the workers of a search on many machines.
//!
//! A worker is `netc search DIR`. Workers share out the runs by themselves, through leases in the
//! folder, so an engine only starts some and starts them anew when their machine dies: it needs no
//! knowledge of the runs.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk::Folder;
use crate::limits::{MAX_JOBS, MAX_NOTE_BYTES};
use crate::run::own;
use crate::search::sane::brief;

pub mod parallel;
pub mod slurm;

/// The workers that an engine starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Workers {
    /// The `netc` to run: an absolute path, the same on every machine.
    pub netc: PathBuf,
    /// The search's folder: an absolute path on a file system that every machine shares.
    pub search: PathBuf,
    /// How many, at least 1.
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

/// What `engine.json` in the search's folder says: the jobs that were submitted, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Submitted {
    /// Their ids.
    pub jobs: Vec<slurm::JobId>,
    /// What only this user's netc can have written: a folder that comes from a stranger could name
    /// jobs of the user's own, which `netc search cancel` would end.
    #[serde(default)]
    mark: Option<String>,
}

impl Submitted {
    /// The file's name.
    pub const FILE: &str = "engine.json";

    /// What was submitted for the search in this folder; nothing if there is no such file.
    ///
    /// # Errors
    /// A file that cannot be read, or not one of this version.
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

    /// The same, if this user's netc has written it.
    ///
    /// # Errors
    /// Also what somebody else has written.
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

/// Why an engine cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A program of the engine is not there.
    #[error(
        "`{0}` was not found; run this on a login node of the Slurm cluster \
         (on Debian or Ubuntu the package slurm-client has it)"
    )]
    NoProgram(&'static str),
    /// A program of the engine refused.
    #[error("{program} refused: {message}")]
    Refused {
        /// The program.
        program: &'static str,
        /// What it said.
        message: String,
    },
    /// The search was not given to an engine.
    #[error("nothing was submitted for {}; submit it with --engine slurm", .0.display())]
    NotSubmitted(PathBuf),
    /// Jobs that somebody else has noted.
    #[error(
        "{path} was not written by your netc for this folder, so its jobs may be any; \
         `squeue` lists yours, `scancel` ends them",
        path = .0.display()
    )]
    Foreign(PathBuf),
    /// A path that the engine cannot be told of.
    #[error("{what} cannot stand in the path {path}; choose another folder", path = path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// The sign in it.
        what: &'static str,
    },
    /// Arguments that no shell would read.
    #[error("{0:?} has a quote that is not closed")]
    Quotes(String),
    /// No program can be given such an argument.
    #[error("an argument holds a NUL byte")]
    NulByte,
    /// A file cannot be read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl EngineError {
    /// For `map_err` where a file was at hand.
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
