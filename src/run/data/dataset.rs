use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::normalisation::Normalisation;

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
