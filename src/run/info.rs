//! The contents of a run's `run.json`.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::data::{Dataset, Normalisation, is_known};
use super::{EpochRow, Hardware, Method, RunAttempt, RunError, own};
use crate::limits::{MAX_CLASSES, MAX_DATA_BYTES};
use crate::lower::Precision;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It has not ended, or was killed.
    Running,
    /// Every epoch was done.
    Finished,
    /// It was asked to stop, and did after a complete step.
    Interrupted,
    /// It ended with an error.
    Failed,
}

/// The contents of `run.json`: everything that the run depends on besides the net and the recipe,
/// which are files beside it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunInfo {
    /// The net's name.
    pub net: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The random seed.
    pub seed: u64,
    /// The data set's name.
    pub data: String,
    /// The folder or file that the images were read from; `None` if they were generated.
    #[serde(default, alias = "data_folder")]
    pub data_path: Option<PathBuf>,
    /// Proof that this user's netc wrote that path: see [`RunInfo::images`].
    #[serde(default)]
    pub data_mark: Option<String>,
    /// [`Dataset::sha256`] of the data; `None` in a run of an older netc, or if it was not
    /// requested.
    #[serde(default)]
    pub data_sha256: Option<String>,
    /// Channels, height and width of an image.
    #[serde(default)]
    pub image: [usize; 3],
    /// The names of the classes.
    #[serde(default)]
    pub classes: Vec<String>,
    /// How the pixels became the net's input; `None` in a run of an older netc.
    #[serde(default)]
    pub normalisation: Option<Normalisation>,
    /// Training examples used.
    pub train_examples: usize,
    /// Test examples used.
    pub test_examples: usize,
    /// The number of trained parameters.
    pub params: u64,
    /// The precision.
    pub precision: Precision,
    /// How it was computed.
    #[serde(default)]
    pub method: Method,
    /// The machine.
    pub hardware: Hardware,
    /// netc's version.
    pub netc: String,
    /// libtorch's version.
    pub libtorch: String,
    /// Complete epochs before it, according to the checkpoint that it resumed from.
    #[serde(default)]
    pub after_epoch: u32,
    /// Each time that it was started or resumed, the first one first.
    #[serde(default)]
    pub attempts: Vec<RunAttempt>,
    /// The last whole epoch.
    pub last: Option<EpochRow>,
}

/// Pixels, and their means and deviations.
const PIXEL: RangeInclusive<f32> = 0.0..=255.0;

impl RunInfo {
    /// Prepares a data set for testing this run's net: with the same normalisation and the same
    /// class names.
    ///
    /// # Errors
    /// A data set with other classes.
    pub fn prepare(&self, data: &mut Dataset) -> Result<(), RunError> {
        if let Some(normalisation) =
            self.normalisation.as_ref().filter(|_| self.image == data.image)
        {
            data.normalisation = normalisation.clone();
        }
        if self.classes.len() != data.classes.len() {
            // Nothing to compare in a run of an older netc; what does not fit the net is refused
            // later.
            return Ok(());
        }
        let numbered =
            |names: &[String]| names.iter().enumerate().all(|(i, name)| *name == i.to_string());
        let differ = self.classes.iter().zip(&data.classes).position(|(own, other)| own != other);
        match differ {
            Some(class) if !numbered(&self.classes) && !numbered(&data.classes) => {
                Err(RunError::Data(format!(
                    "class {class} is `{}` in {}, but the run was trained with `{}`: these are other classes",
                    data.classes[class], data.name, self.classes[class]
                )))
            }
            _ => {
                data.classes.clone_from(&self.classes);
                Ok(())
            }
        }
    }
    /// Where to find the images that the run was trained on, in the form of `--data`. `None` if
    /// the user has to say it: the path would be opened, so it is used only if this user's netc
    /// wrote it on this machine.
    pub fn images(&self) -> Option<String> {
        let path = self
            .data_path
            .as_ref()
            .filter(|path| self.data_mark.is_some() && own::mark(path) == self.data_mark);
        let path = path.filter(|path| path.exists()).and_then(|path| path.to_str());
        path.or(Some(&self.data).filter(|name| is_known(name)).map(String::as_str))
            .map(String::from)
    }

    /// Checks that a run can have written it, as far as other parts of netc rely on it.
    pub(super) fn sound(&self) -> Result<(), String> {
        let texts =
            [&self.net, &self.data, &self.netc, &self.libtorch].into_iter().chain(&self.classes);
        if let Some(text) = texts.into_iter().find(|text| text.contains(char::is_control)) {
            return Err(format!("control characters in {text:?}"));
        }
        let pixels = self.image.iter().try_fold(1, |all: u64, &size| all.checked_mul(size as u64));
        if pixels.is_none_or(|pixels| pixels > MAX_DATA_BYTES) {
            return Err(format!("images of {:?} pixels", self.image));
        }
        if self.classes.len() > MAX_CLASSES {
            return Err(format!("{} classes, more than {MAX_CLASSES}", self.classes.len()));
        }
        match &self.normalisation {
            Some(n) if [n.mean.len(), n.std.len()] != [self.image[0]; 2] => {
                Err(format!("a normalisation that is not of {} channels", self.image[0]))
            }
            Some(n) if !n.mean.iter().all(|mean| PIXEL.contains(mean)) => {
                Err(format!("a mean of pixels of {:?}", n.mean))
            }
            Some(n) if !n.std.iter().all(|std| *std > 0.0 && PIXEL.contains(std)) => {
                Err(format!("a standard deviation of pixels of {:?}", n.std))
            }
            _ => Ok(()),
        }
    }
}
