use std::fs::File;
use std::io::{Error, ErrorKind, Read as _, Result as IoResult};
use std::path::Path;

use super::Overlay;
use crate::syntax::scan::MAX_FILE_BYTES;

/// Where texts come from.
pub(super) trait Files {
    fn read(&mut self, path: &str) -> IoResult<String>;
    /// The names of the files in the folder of `path`.
    fn neighbours(&self, path: &str) -> Vec<String>;
}

pub(super) struct Disk<'o> {
    pub overlay: &'o Overlay,
}

impl Files for Disk<'_> {
    fn read(&mut self, path: &str) -> IoResult<String> {
        if let Some(text) = self.overlay.get(path) {
            return Ok(text.clone());
        }
        let mut bytes = Vec::new();
        File::open(path)?.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > MAX_FILE_BYTES {
            return Err(Error::new(ErrorKind::FileTooLarge, "a larger file"));
        }
        String::from_utf8(bytes).map_err(|failure| {
            let valid = &failure.as_bytes()[..failure.utf8_error().valid_up_to()];
            let line = valid.iter().filter(|b| **b == b'\n').count() + 1;
            Error::new(ErrorKind::InvalidData, format!("bytes that are not UTF-8 on line {line}"))
        })
    }

    fn neighbours(&self, path: &str) -> Vec<String> {
        let folder = Path::new(path).parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|e| e.file_name().into_string().ok()).collect();
        names.sort();
        names
    }
}

pub(super) struct Given<'r> {
    pub read: &'r mut dyn FnMut(&str) -> IoResult<String>,
}

impl Files for Given<'_> {
    fn read(&mut self, path: &str) -> IoResult<String> {
        (self.read)(path)
    }

    fn neighbours(&self, _path: &str) -> Vec<String> {
        Vec::new()
    }
}
