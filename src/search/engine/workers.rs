use std::path::{Path, PathBuf};

use super::error::EngineError;

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
    pub(super) fn command(&self) -> Result<String, EngineError> {
        let mut words = vec![utf8(&self.netc)?, "search", utf8(&self.search)?];
        words.extend(self.arguments.iter().map(String::as_str));
        shlex::try_join(words).map_err(|_| EngineError::NulByte)
    }
}

pub(super) fn utf8(path: &Path) -> Result<&str, EngineError> {
    let refused = |what| EngineError::Path { path: path.into(), what };
    let text = path.to_str().ok_or(refused("bytes that are not UTF-8"))?;
    if text.contains(['\n', '\r']) { Err(refused("a line break")) } else { Ok(text) }
}
