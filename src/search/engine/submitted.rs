use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::EngineError;
use super::job::JobId;
use crate::disk::Folder;
use crate::limits::{MAX_JOBS, MAX_NOTE_BYTES};
use crate::run::own;
use crate::search::untrusted::brief;

/// The contents of `engine.json` in the search's folder: the submitted jobs, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Submitted {
    /// Their ids.
    pub jobs: Vec<JobId>,
    /// Proof that this user's netc wrote the file: an untrusted folder could list the user's own
    /// jobs, which `netc search cancel` would then cancel.
    #[serde(default)]
    pub(super) mark: Option<String>,
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

    pub(super) fn write(&mut self, search: &Path) -> Result<(), EngineError> {
        self.mark = self.mark(search);
        let written = serde_json::to_string_pretty(self)
            .map_err(io::Error::from)
            .and_then(|text| Folder::open(search)?.replace(Self::FILE, (text + "\n").as_bytes()));
        written.map_err(EngineError::io(&search.join(Self::FILE)))
    }
}
