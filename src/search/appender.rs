use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::files::FILE;
use super::{Line, SearchError};

/// A run's file, open for one writer.
#[derive(Debug)]
pub(super) struct Appender {
    path: PathBuf,
    file: File,
}

impl Appender {
    /// Opens or makes the file. After a line that was cut short comes a new one.
    pub fn open(folder: &Path) -> Result<Appender, SearchError> {
        fs::create_dir_all(folder).map_err(SearchError::io(folder))?;
        let path = folder.join(FILE);
        let torn = fs::read(&path).is_ok_and(|bytes| bytes.last().is_some_and(|&byte| byte != b'\n'));
        let file =
            OpenOptions::new().append(true).create(true).open(&path).map_err(SearchError::io(&path))?;
        let mut appender = Appender { path, file };
        if torn {
            appender.write(b"\n")?;
        }
        Ok(appender)
    }

    /// Appends a line and waits until it is on the disk.
    pub fn append(&mut self, line: &Line) -> Result<(), SearchError> {
        let text = serde_json::to_string(line).unwrap_or_default();
        self.write(format!("{text}\n").as_bytes())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SearchError> {
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        written.map_err(SearchError::io(&self.path))
    }
}
