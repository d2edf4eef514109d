use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use netc::disk::Folder;
use netc::search::files::FILE;
use netc::search::{Line, SearchError};

/// A run's file, open for one writer.
#[derive(Debug)]
pub(super) struct Appender {
    path: PathBuf,
    file: File,
}

impl Appender {
    /// Opens or creates the file. A truncated last line is followed by a new one.
    pub fn open(own: &Folder) -> Result<Appender, SearchError> {
        let path = own.path().join(FILE);
        let file = own.append(FILE).map_err(SearchError::io(&path))?;
        let torn =
            own.read_end(FILE, 1).is_ok_and(|last| last.first().is_some_and(|&byte| byte != b'\n'));
        let mut appender = Appender { path, file };
        if torn {
            appender.write(b"\n")?;
        }
        Ok(appender)
    }

    /// Appends a line and waits until it is on the disk.
    pub fn append(&mut self, line: &Line) -> Result<(), SearchError> {
        let text =
            serde_json::to_string(line).map_err(|e| SearchError::io(&self.path)(e.into()))?;
        self.write(format!("{text}\n").as_bytes())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SearchError> {
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        written.map_err(SearchError::io(&self.path))
    }
}
