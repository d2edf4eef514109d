use std::io;
use std::path::{Path, PathBuf};

/// An error of an engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A program of the engine was not found.
    #[error(
        "`{0}` was not found; run this on a login node of the Slurm cluster \
         (on Debian or Ubuntu the package slurm-client has it)"
    )]
    NoProgram(&'static str),
    /// A program of the engine failed.
    #[error("{program} refused: {message}")]
    Refused {
        /// The program.
        program: &'static str,
        /// Its message.
        message: String,
    },
    /// The search was not submitted.
    #[error("nothing was submitted for {}; submit it with --engine slurm", .0.display())]
    NotSubmitted(PathBuf),
    /// Jobs recorded by somebody else.
    #[error(
        "{path} was not written by your netc for this folder, so its jobs may be any; \
         `squeue` lists yours, `scancel` ends them",
        path = .0.display()
    )]
    Foreign(PathBuf),
    /// A path that cannot be passed to the engine.
    #[error("{what} cannot stand in the path {path}; choose another folder", path = path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// The offending character.
        what: &'static str,
    },
    /// Arguments with invalid shell quoting.
    #[error("{0:?} has a quote that is not closed")]
    Quotes(String),
    /// An argument with a NUL byte.
    #[error("an argument holds a NUL byte")]
    NulByte,
    /// A file cannot be read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl EngineError {
    /// For `map_err` after an operation on a file.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> EngineError {
        let path = path.to_path_buf();
        move |source| EngineError::Io { path, source }
    }
}
