//! The class folders of a folder, and the images in them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization as _;

use super::super::error::DataError;
use super::super::names::{list, printable};
use super::super::picture;
use crate::diag::is_deceptive;
use crate::limits::MAX_CLASSES;

/// Files that systems leave in folders, besides those that begin with a dot.
const SYSTEM_FILES: [&str; 3] = ["thumbs.db", "desktop.ini", "__macosx"];

/// The images of one folder, by the name of the class.
#[derive(Debug, Default)]
pub(super) struct Classes {
    pub files: BTreeMap<String, Vec<PathBuf>>,
    /// Files in class folders that are not images.
    pub others: usize,
    /// Names of files beside the class folders.
    pub beside: Vec<String>,
    /// A folder where an image was expected.
    deeper: Option<PathBuf>,
}

impl Classes {
    /// The folders in a folder, and the images in them. Links are followed to this depth.
    ///
    /// # Errors
    /// A folder that cannot be listed, or whose name cannot be a class's.
    pub fn of(folder: &Path) -> Result<Classes, DataError> {
        let mut classes = Classes::default();
        for path in entries(folder)? {
            let name = path.file_name().unwrap_or_default();
            if !path.is_dir() {
                classes.beside.push(printable(&name.to_string_lossy()));
                continue;
            }
            let files = classes.images(&path)?;
            let name = class_name(folder, name)?;
            if classes.files.insert(name.clone(), files).is_some() {
                let reason = format!(
                    "two class folders are named `{name}`, with letters that Unicode writes in two ways\n\
                     help: move the images of both into one folder"
                );
                return Err(DataError::file(folder, reason));
            }
        }
        Ok(classes)
    }

    /// The names of the images in a class folder; a name that is not a file is refused when it is
    /// read.
    fn images(&mut self, folder: &Path) -> Result<Vec<PathBuf>, DataError> {
        let mut files = Vec::new();
        for path in entries(folder)? {
            match path.is_dir() {
                true => self.deeper = self.deeper.take().or(Some(path)),
                false if picture::is_picture(&path) => files.push(path),
                false => self.others += 1,
            }
        }
        Ok(files)
    }

    /// Whether no class has any image.
    pub fn is_empty(&self) -> bool {
        self.files.values().all(Vec::is_empty)
    }

    /// Refuses a folder where an image was expected.
    pub fn flat(&self) -> Result<(), DataError> {
        let Some(deeper) = &self.deeper else { return Ok(()) };
        let reason = "expected an image, got a folder\n\
                      help: move its images into the folder of their class, or take it out";
        Err(DataError::file(deeper, reason))
    }

    /// Whether they can be trained on.
    ///
    /// # Errors
    /// A folder within a class's, too many classes, one without an image.
    pub fn sound(&self, folder: &Path) -> Result<(), DataError> {
        self.flat()?;
        let count = self.files.len();
        if count > MAX_CLASSES {
            return Err(DataError::file(
                folder,
                format!("expected up to {MAX_CLASSES} classes, got {count}"),
            ));
        }
        match self.files.iter().find(|(_, files)| files.is_empty()) {
            Some((name, _)) => {
                Err(DataError::file(&folder.join(name), "expected PNG or JPEG images, got none"))
            }
            None => Ok(()),
        }
    }

    /// Sentences about names that are easily confused.
    pub fn alike(&self) -> Vec<String> {
        let mut names: Vec<(String, &String)> =
            self.files.keys().map(|name| (name.to_lowercase(), name)).collect();
        names.sort();
        let pairs = names.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        let say = |pair: &[(String, &String)]| {
            format!("the classes `{}` and `{}` differ in case alone", pair[0].1, pair[1].1)
        };
        pairs.map(say).collect()
    }

    /// Sentences about what was found and is not used.
    pub fn notes(&self, folder: &Path) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.beside.is_empty() {
            let name =
                printable(&folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy());
            let (files, are) = match self.beside.len() {
                1 => ("file", "is"),
                _ => ("files", "are"),
            };
            notes.push(format!(
                "{} {files} beside the class folders of {name}/ {are} not used: {}",
                self.beside.len(),
                list(&self.beside)
            ));
        }
        notes
    }
}

/// What is in a folder, by name, without hidden files.
///
/// # Errors
/// A folder that cannot be listed.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let listing = fs::read_dir(folder).map_err(DataError::io(folder))?;
    let mut paths = Vec::new();
    for entry in listing {
        let entry = entry.map_err(DataError::io(folder))?;
        let name = entry.file_name();
        let system = || SYSTEM_FILES.iter().any(|system| name.eq_ignore_ascii_case(system));
        if !name.as_encoded_bytes().starts_with(b".") && !system() {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

/// A folder's name as the name of a class, in Unicode's composed form (NFC), because systems
/// differ in it.
fn class_name(folder: &Path, name: &OsStr) -> Result<String, DataError> {
    let Some(text) = name.to_str() else {
        let reason = format!(
            "a class cannot be named {name:?}: these bytes are not UTF-8\n\
             help: rename the folder; for all that an archive from Windows left, for example: \
             convmv -r -f latin1 -t utf8 --notest DIR"
        );
        return Err(DataError::file(folder, reason));
    };
    match text.chars().any(|c| c.is_control() || is_deceptive(c)) {
        true => Err(DataError::file(
            folder,
            format!("a class cannot be named {text:?}\nhelp: rename the folder"),
        )),
        false => Ok(text.nfc().collect()),
    }
}
