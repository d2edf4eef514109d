use std::path::{Path, PathBuf};

use crate::diag::{Problems, Sources};

/// Why a search cannot be planned, read or continued.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// A net, a spec or a condition is invalid; the problems say where.
    #[error("no search: a net, the spec or its condition is not sound")]
    Net(Sources, Problems),
    /// Any other error, as a message for the user.
    #[error("{message}{}", help.as_ref().map_or(String::new(), |help| format!("\nhelp: {help}")))]
    Other {
        /// The message.
        message: String,
        /// What to do next.
        help: Option<String>,
    },
    /// A file cannot be read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
}

impl SearchError {
    /// An error with a message for the user.
    pub fn new(message: impl Into<String>) -> SearchError {
        SearchError::Other { message: message.into(), help: None }
    }

    /// Adds what to do next.
    pub fn help(self, help: impl Into<String>) -> SearchError {
        match self {
            SearchError::Other { message, .. } => {
                SearchError::Other { message, help: Some(help.into()) }
            }
            other => other,
        }
    }

    /// Whether it is caused by a file that blocks a single run, and not by the machine or the disk.
    pub fn is_of_one_run(&self) -> bool {
        use std::io::ErrorKind as Kind;
        let of_the_file = [
            Kind::InvalidInput,
            Kind::InvalidData,
            Kind::NotADirectory,
            Kind::IsADirectory,
            Kind::DirectoryNotEmpty,
            Kind::PermissionDenied,
            Kind::FileTooLarge,
        ];
        matches!(self, SearchError::Io { source, .. } if of_the_file.contains(&source.kind()))
    }

    /// For `map_err` after an operation on a file.
    pub fn io(path: &Path) -> impl FnOnce(std::io::Error) -> SearchError {
        let path = path.to_path_buf();
        move |source| SearchError::Io { path, source }
    }
}
