use std::io;
use std::path::{Path, PathBuf};

/// Why a data set could not be brought into memory.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A folder that was named holds no data set.
    #[error(
        "no CIFAR-10 in {}: expected cifar-10-batches-bin/ or cifar-10-binary.tar.gz there\n\
         use --data cifar10 to have it found or downloaded, or --data synthetic for generated images",
        folder.display()
    )]
    NotFound {
        /// The folder.
        folder: PathBuf,
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
        /// Bytes of a sound file.
        expected: u64,
        /// Bytes of this one.
        got: u64,
    },
    /// A label that names no class.
    #[error("{}: expected a label from 0 to 9, got {label} at byte {offset}", path.display())]
    Label {
        /// The file.
        path: PathBuf,
        /// The label's place in the file.
        offset: usize,
        /// What is there.
        label: u8,
    },
    /// An archive without one of the data set's files.
    #[error("{}: no {file} in this archive", path.display())]
    Incomplete {
        /// The archive.
        path: PathBuf,
        /// The missing file.
        file: &'static str,
    },
    /// A download that could not be completed; what arrived is kept, and the next attempt goes on from there.
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
        /// Where a copy from elsewhere would be found.
        folder: PathBuf,
    },
    /// A download with the wrong content; it is thrown away.
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

impl DataError {
    /// For `map_err` where the file at `path` is touched.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> DataError {
        let path = path.to_owned();
        move |source| DataError::Io { path, source }
    }
}
