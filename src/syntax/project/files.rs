use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Error, ErrorKind, Read as _, Result as IoResult};
use std::path::Path;

use super::{Overlay, beside};
use crate::syntax::scan::MAX_FILE_BYTES;

/// How many `.net` files of a folder are looked at, and how many folders.
const MAX_LISTED: usize = 1000;

/// The paths of the `.net` files in the folder of `path`, sorted.
pub fn nets_beside(path: &str) -> Vec<String> {
    let overlay = Overlay::new();
    let names = Disk { overlay: &overlay }.neighbours(path).into_iter();
    names.filter(|name| name.ends_with(".net")).map(|name| beside(path, &name)).collect()
}

/// The paths of the first thousand `.net` files in a folder and in those below it, except for hidden
/// folders and those of build tools.
pub fn nets_below(folder: &str) -> Vec<String> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    let mut next = 0;
    while let Some(folder) = folders.get(next).cloned().filter(|_| next < MAX_LISTED) {
        next += 1;
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut inside: Vec<(String, bool)> = entries
            .filter_map(|e| Some((e.file_name().into_string().ok()?, e.file_type().ok()?.is_dir())))
            .collect();
        inside.sort();
        for (name, is_folder) in inside {
            let path = format!("{folder}/{name}");
            if is_folder && !name.starts_with('.') && !["target", "node_modules"].contains(&name.as_str()) {
                folders.push(path);
            } else if !is_folder && name.ends_with(".net") {
                found.push(path);
            }
        }
        if found.len() >= MAX_LISTED {
            break;
        }
    }
    found.truncate(MAX_LISTED);
    found
}

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
        let file = File::open(path).map_err(|failure| match failure.kind() {
            // In a browser there are no files beside those of the overlay.
            ErrorKind::Unsupported => ErrorKind::NotFound.into(),
            _ => failure,
        })?;
        let mut bytes = Vec::new();
        file.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
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
        let on_disk = entries.filter_map(|e| e.file_name().into_string().ok());
        let folder_of = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
        let beside = self.overlay.keys().filter(|other| folder_of(other) == folder_of(path));
        let open = beside.filter_map(|other| other.rsplit('/').next().map(str::to_owned));
        let names: BTreeSet<String> = on_disk.chain(open).collect();
        names.into_iter().collect()
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
