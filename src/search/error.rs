use std::path::{Path, PathBuf};

use crate::diag::{Problems, Sources};

/// Why a search cannot be planned, read or gone on with.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// A net, a spec or a condition is wrong; the problems say where.
    #[error("no search: a file of it is not sound")]
    Net(Sources, Problems),
    /// Something else, in words for the user.
    #[error("{message}{}", help.as_ref().map_or(String::new(), |help| format!("\n{help}")))]
    Other {
        /// What is wrong.
        message: String,
        /// What to do next.
        help: Option<String>,
    },
    /// A file cannot be read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl SearchError {
    /// In words for the user.
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

    /// Whether it is about a file that stands in the way of one run, and not about the machine or
    /// the disk.
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

    /// For `map_err` where a file was at hand.
    pub fn io(path: &Path) -> impl FnOnce(std::io::Error) -> SearchError {
        let path = path.to_path_buf();
        move |source| SearchError::Io { path, source }
    }
}
