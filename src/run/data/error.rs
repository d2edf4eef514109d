use std::io;
use std::path::{Path, PathBuf};

use crate::diag::did_you_mean;

/// Why a data set could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A path that does not exist.
    #[error("{}: {}", path.display(), nothing(path))]
    NotFound {
        /// The path.
        path: PathBuf,
    },
    /// A folder without a data set.
    #[error(
        "no data set in {}: expected one of\n  \
         train/CLASS/*.png (or .jpg) and test/CLASS/*.png\n  \
         CLASS/*.png, of which a fifth is held out for testing\n  \
         cifar-10-batches-bin/ or cifar-10-binary.tar.gz, or the same of CIFAR-100\n\
         use --data FILE.npz for arrays, --data cifar10 or cifar100 to have it found or downloaded, or --data synthetic \
         for generated images",
        path.display()
    )]
    NoImages {
        /// The folder.
        path: PathBuf,
    },
    /// One of the CIFAR sets as it is packed for Python.
    #[error(
        "{}: it is CIFAR for Python, files that run code when they are read\n\
         help: use the binary version, cifar-10-binary.tar.gz; --data cifar10 (or cifar100) finds or downloads it",
        path.display()
    )]
    Python {
        /// The folder or archive.
        path: PathBuf,
    },
    /// A folder with both known data sets.
    #[error(
        "{0} holds both CIFAR-10 and CIFAR-100: name one, {0}/cifar-10-batches-bin or {0}/cifar-100-binary",
        path.display()
    )]
    Both {
        /// The folder.
        path: PathBuf,
    },
    /// A file with the wrong content.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What was expected, and what was found.
        reason: String,
    },
    /// The operating system refused a file.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The user's cache folder is unknown.
    #[error("no folder for downloads: neither HOME nor XDG_CACHE_HOME is set; use --data DIR")]
    NoCache,
    /// A file whose size is not that of its records.
    #[error("{}: expected {expected} bytes, got {got}", path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// Bytes of a valid file.
        expected: u64,
        /// Bytes of this file.
        got: u64,
    },
    /// A label that names no class.
    #[error("{}: expected a label from 0 to {last}, got {label} at byte {offset}", path.display())]
    Label {
        /// The file.
        path: PathBuf,
        /// The label's place in the file.
        offset: u64,
        /// What is there.
        label: i128,
        /// The highest label.
        last: usize,
    },
    /// An archive without one of the data set's files.
    #[error("{}: no {file} in this archive", path.display())]
    Incomplete {
        /// The archive.
        path: PathBuf,
        /// The missing file.
        file: &'static str,
    },
    /// A download that could not be completed; what arrived is kept, and the next attempt
    /// continues from there.
    #[error(
        "cannot download {url}: {reason}\n\
         put that file into {} and run this again, or train on generated images with --data synthetic",
        folder.display()
    )]
    Download {
        /// The address.
        url: String,
        /// What went wrong last.
        reason: String,
        /// Where a copy from elsewhere would be looked for.
        folder: PathBuf,
    },
    /// A download with the wrong content; it is discarded.
    #[error(
        "{url} is not the expected file: expected MD5 {expected}, got {got}\n\
         what arrived was deleted; run this again, or train on generated images with --data synthetic"
    )]
    Checksum {
        /// The address.
        url: String,
        /// The MD5 of the official file.
        expected: String,
        /// The MD5 of what arrived.
        got: String,
    },
}

/// The error for a path that does not exist.
fn nothing(path: &Path) -> String {
    let names = ["cifar10", "cifar100", "synthetic"];
    match path.to_str().and_then(|text| did_you_mean(text, names).question()) {
        Some(question) => format!("no such file or folder; {question}"),
        None => {
            format!("no such file or folder; --data takes one, or a name: {}", names.join(", "))
        }
    }
}

impl DataError {
    /// An error about the file at `path`.
    pub(super) fn file(path: &Path, reason: impl Into<String>) -> DataError {
        DataError::File { path: path.to_owned(), reason: reason.into() }
    }

    /// For `map_err` after an operation on the file at `path`.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> DataError {
        let path = path.to_owned();
        move |source| DataError::Io { path, source }
    }
}
