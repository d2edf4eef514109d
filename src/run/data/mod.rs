//! Images and labels in host memory: CIFAR-10 from disk or from its official address, or a generated set.

pub mod cifar10;
pub mod download;
mod error;
mod shape;
pub mod synthetic;

use std::path::PathBuf;

pub use error::DataError;

/// Where images come from: the value of `--data`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataSpec {
    /// CIFAR-10 wherever it is found: `$NETC_DATA`, the user's cache folder, the official address.
    Cifar10,
    /// CIFAR-10 in this folder and nowhere else.
    Folder(PathBuf),
    /// Generated images, none of them read or downloaded.
    Synthetic(synthetic::Options),
}

impl From<&str> for DataSpec {
    /// `cifar10`, `synthetic`, or a folder.
    fn from(text: &str) -> DataSpec {
        match text {
            "cifar10" => DataSpec::Cifar10,
            "synthetic" => DataSpec::Synthetic(synthetic::Options::default()),
            folder => DataSpec::Folder(PathBuf::from(folder)),
        }
    }
}

/// Images of one split as the records on disk have them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// `[n, channels, height, width]`, row-major, 0-255.
    pub images: Vec<u8>,
    /// `[n]`, each an index into [`Dataset::classes`].
    pub labels: Vec<u8>,
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
    /// `cifar10` or `synthetic`.
    pub name: String,
    /// The folder that it was read from, absolute; `None` for generated images.
    pub folder: Option<PathBuf>,
    /// Channels, height, width.
    pub image: [usize; 3],
    /// A name for each label.
    pub classes: Vec<String>,
    /// What is trained on.
    pub train: Split,
    /// What is only ever evaluated.
    pub test: Split,
    /// Of the training images per channel, on the 0-255 scale.
    pub mean: [f32; 3],
    /// Of the training images per channel, on the 0-255 scale.
    pub std: [f32; 3],
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
    /// Images are being read.
    Reading,
    /// Images are being drawn.
    Generating,
}

/// Brings a data set into memory, downloading it only where `spec` allows that and nothing nearer is found.
///
/// # Errors
/// The data are not there, are damaged, or cannot be fetched.
pub fn load(spec: &DataSpec, on_progress: &mut dyn FnMut(Progress)) -> Result<Dataset, DataError> {
    match spec {
        DataSpec::Cifar10 => cifar10::load(on_progress),
        DataSpec::Folder(folder) => {
            let source =
                cifar10::find(folder).ok_or_else(|| DataError::NotFound { folder: folder.clone() })?;
            cifar10::read(&source, on_progress)
        }
        DataSpec::Synthetic(options) => {
            on_progress(Progress::Generating);
            Ok(synthetic::generate(options))
        }
    }
}
