//! Images and labels in host memory: CIFAR-10 and CIFAR-100 from disk or from their official
//! address, the user's own images, or a generated set.

mod cache;
pub mod cifar;
mod dataset;
pub mod download;
mod error;
mod figure;
pub mod folder;
mod names;
mod normalisation;
pub mod npz;
mod picture;
mod progress;
mod review;
mod sniff;
pub mod synthetic;
mod tarball;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use cifar::{CIFAR10, CIFAR100, Cifar, Source};

pub use cache::cache_folder;
pub use dataset::{Dataset, Split};
pub use error::DataError;
pub use normalisation::Normalisation;
pub use picture::Picture;
pub use progress::Progress;

/// Where images come from: the value of `--data`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataSpec {
    /// CIFAR-10 from the first of `$NETC_DATA`, the user's cache folder, the official address.
    Cifar10,
    /// CIFAR-100, in the same way.
    Cifar100,
    /// What is in this folder, archive or `.npz` file.
    Path(PathBuf),
    /// Generated images; nothing is read or downloaded.
    Synthetic(synthetic::Options),
}

impl From<&str> for DataSpec {
    /// `cifar10`, `cifar100`, `synthetic`, or a path.
    fn from(text: &str) -> DataSpec {
        match text {
            "cifar10" => DataSpec::Cifar10,
            "cifar100" => DataSpec::Cifar100,
            "synthetic" => DataSpec::Synthetic(synthetic::Options::default()),
            path => DataSpec::Path(PathBuf::from(path)),
        }
    }
}

/// Loads a data set into memory, downloading it only if `spec` allows that and it is not found
/// locally.
///
/// # Errors
/// The data are missing, damaged, or cannot be downloaded.
pub fn load(spec: &DataSpec, on_progress: &mut dyn FnMut(Progress)) -> Result<Dataset, DataError> {
    match spec {
        DataSpec::Cifar10 => CIFAR10.load(on_progress),
        DataSpec::Cifar100 => CIFAR100.load(on_progress),
        DataSpec::Path(path) => review::review(load_path(path, on_progress)?, path),
        DataSpec::Synthetic(options) => {
            on_progress(Progress::Generating);
            Ok(synthetic::generate(options))
        }
    }
}

/// The data sets that are known by name and can be downloaded, each with its path on this machine
/// if it is present.
pub fn known() -> [(&'static str, Option<PathBuf>); 2] {
    [&CIFAR10, &CIFAR100].map(|set| (set.name, set.found().map(|source| source.path().to_owned())))
}

/// Whether a name is that of a known data set, rather than a path.
pub fn is_known(name: &str) -> bool {
    DataSpec::from(name) != DataSpec::Path(name.into())
}

fn load_path(path: &Path, on_progress: &mut dyn FnMut(Progress)) -> Result<Dataset, DataError> {
    let meta = path.metadata().map_err(|error| match error.kind() {
        ErrorKind::NotFound => DataError::NotFound { path: path.to_owned() },
        _ => DataError::io(path)(error),
    })?;
    if path.ends_with("cifar-10-python.tar.gz") || path.ends_with("cifar-100-python.tar.gz") {
        return Err(DataError::Python { path: path.to_owned() });
    }
    if !meta.is_dir() {
        let archive = |set: &&Cifar| path.file_name().is_some_and(|name| name == set.archive_name);
        return match [&CIFAR10, &CIFAR100].into_iter().find(archive) {
            Some(set) => set.read(&Source::Archive(path.to_owned()), on_progress),
            None => npz::read(path, on_progress),
        };
    }
    match (CIFAR10.find(path), CIFAR100.find(path)) {
        (Some(_), Some(_)) => Err(DataError::Both { path: path.to_owned() }),
        (Some(source), None) => CIFAR10.read(&source, on_progress),
        (None, Some(source)) => CIFAR100.read(&source, on_progress),
        (None, None) if is_python(path) => Err(DataError::Python { path: path.to_owned() }),
        (None, None) => folder::read(path, on_progress),
    }
}

/// Whether a folder has one of the CIFAR sets as it is packed for Python.
fn is_python(folder: &Path) -> bool {
    let inside = ["cifar-10-batches-py", "cifar-100-python"];
    inside.iter().any(|name| folder.join(name).is_dir())
        || folder.join("data_batch_1").is_file()
        || ["meta", "train"].iter().all(|name| folder.join(name).is_file())
}
