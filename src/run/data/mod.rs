//! Images and labels in host memory: CIFAR-10 and CIFAR-100 from disk or from their official
//! address, the user's own images, or a generated set.

pub mod cifar;
pub mod download;
mod error;
mod figure;
pub mod folder;
mod normalisation;
pub mod npz;
mod picture;
mod review;
mod sniff;
pub mod synthetic;
mod tarball;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use sha2::{Digest as _, Sha256};

use cifar::{CIFAR10, CIFAR100, Cifar, Source};

pub use error::DataError;
pub use normalisation::Normalisation;
pub use picture::Picture;

/// The maximum number of names in a message.
const MOST_LISTED: usize = 12;

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

/// Images of one split.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// `[n, channels, height, width]`, row-major, 0-255.
    pub images: Vec<u8>,
    /// `[n]`, each an index into [`Dataset::classes`].
    pub labels: Vec<u16>,
}

impl Split {
    /// How many images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

/// A data set for classification.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// `cifar10`, `synthetic`, or the name of a folder or file.
    pub name: String,
    /// The folder or file that it was read from, absolute; `None` for generated images.
    pub path: Option<PathBuf>,
    /// Channels, height, width.
    pub image: [usize; 3],
    /// A name for each label.
    pub classes: Vec<String>,
    /// The training images.
    pub train: Split,
    /// The test images.
    pub test: Split,
    /// How the pixels become a net's input.
    pub normalisation: Normalisation,
    /// What the user should know about how it was read, in complete sentences.
    pub note: Option<String>,
}

impl Dataset {
    /// SHA-256, in hexadecimal, of everything that a training takes from the data: the images,
    /// their labels, and how the pixels become a net's input. Names and paths do not count.
    pub fn sha256(&self) -> String {
        let mut digest = Sha256::new();
        let mut part = |bytes: &[u8]| {
            digest.update((bytes.len() as u64).to_le_bytes());
            digest.update(bytes);
        };
        part(
            format!("{:?} {} {:?}", self.image, self.classes.len(), self.normalisation).as_bytes(),
        );
        for split in [&self.train, &self.test] {
            part(&split.images);
            part(&split.labels.iter().flat_map(|label| label.to_le_bytes()).collect::<Vec<u8>>());
        }
        digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What [`load`] is doing, for a progress bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Bytes fetched so far, including those of earlier, interrupted attempts.
    Downloading {
        /// Bytes on disk.
        done: u64,
        /// Bytes of the whole file.
        total: u64,
    },
    /// The checksum of a download is being computed.
    Verifying,
    /// The archive is being unpacked.
    Unpacking,
    /// Files are being read.
    Reading,
    /// Images are being read, each a file of its own.
    Images {
        /// How many were.
        done: usize,
        /// Of how many.
        total: usize,
    },
    /// Images are being drawn.
    Generating,
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

/// A buffer of this many bytes.
fn room(path: &Path, bytes: usize) -> Result<Vec<u8>, DataError> {
    let mut room = Vec::new();
    match room.try_reserve_exact(bytes) {
        Ok(()) => Ok(room),
        Err(_) => Err(DataError::file(
            path,
            format!("{} MiB of pixels do not fit into memory", bytes >> 20),
        )),
    }
}

/// The first of some names.
fn list(names: &[String]) -> String {
    let shown = names[..names.len().min(MOST_LISTED)].join(", ");
    match names.len() - names.len().min(MOST_LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A name for a data set by its path.
fn name_of(path: &Path) -> String {
    let whole = path.canonicalize();
    let whole = whole.as_deref().unwrap_or(path);
    let name = if whole.is_dir() { whole.file_name() } else { whole.file_stem() };
    name.map_or_else(|| "data".into(), |name| printable(&name.to_string_lossy()))
}

/// An untrusted text without characters that control a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// The user's cache folder of netc.
///
/// # Errors
/// The user has no home folder.
pub fn cache_folder() -> Result<PathBuf, DataError> {
    let base = etcetera::choose_base_strategy().map_err(|_| DataError::NoCache)?;
    Ok(base.cache_dir().join("netc"))
}
