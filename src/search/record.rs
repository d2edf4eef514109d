//! The record of one run of a search, as stored in its file.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{RunId, Sha};
use crate::run::{EpochRow, Hardware, Outcome};

/// A line of `run.jsonl`. The first is always [`Line::Inputs`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Line {
    /// The inputs of the run.
    Inputs(Box<Inputs>),
    /// A worker starts it, or resumes it from its checkpoint.
    Attempt(Attempt),
    /// An epoch is over.
    Epoch(EpochRow),
    /// The run is over.
    End(End),
}

/// Everything a run depends on. Its hash is the run's id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    /// The variant's name, unique in its search: `res=[1,3]`, or a file's name.
    pub variant: String,
    /// Its series in plots: the varied parameter, or `base` for the original net.
    pub family: String,
    /// The canonical graph's SHA-256.
    pub graph: Sha,
    /// The flat net.
    pub text: String,
    /// The effective recipe, as YAML.
    pub recipe: String,
    /// Its epochs.
    pub epochs: u32,
    /// The random seed.
    pub seed: u64,
    /// `cifar10`, `cifar100`, `synthetic`, or a path.
    pub data: String,
    /// The hash of the images: [`crate::run::data::Dataset::sha256`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_sha256: Option<Sha>,
    /// The number of training images to use; `None` for all.
    pub limit_train: Option<usize>,
    /// The number of test images to use; `None` for all.
    pub limit_test: Option<usize>,
    /// The requested precision: `auto`, `fp32`, ...
    pub precision: String,
    /// Trained parameters of the net.
    pub params: u64,
    /// Multiply-accumulate operations for one image.
    pub macs: u64,
    /// netc's version.
    pub netc: String,
    /// libtorch's version.
    pub libtorch: String,
}

impl Inputs {
    /// The hash of everything a run depends on, excluding names and the location of hashed images.
    pub(super) fn identity(&self) -> RunId {
        RunId::digest(serde_json::to_string(&self.nameless()).unwrap_or_default().as_bytes())
    }

    /// The difference between the inputs in a run's file and those of its plan, ignoring names and
    /// versions.
    pub(super) fn difference(&self, planned: &Inputs) -> Option<String> {
        let compared = |inputs: &Inputs| {
            let versions =
                Inputs { netc: String::new(), libtorch: String::new(), ..inputs.nameless() };
            serde_json::to_value(versions).unwrap_or_default()
        };
        let (own, other) = (compared(self), compared(planned));
        let fields = own.as_object()?.iter().find(|(key, value)| other.get(key) != Some(value));
        fields.map(|(key, _)| key.clone()).or_else(|| (own != other).then(|| "data_sha256".into()))
    }

    fn nameless(&self) -> Inputs {
        let data = if self.data_sha256.is_some() { String::new() } else { self.data.clone() };
        let (variant, family, text) = (String::new(), String::new(), String::new());
        Inputs { variant, family, text, data, ..self.clone() }
    }
}

/// A worker starts or resumes a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The machine's name.
    pub host: String,
    /// The worker's process.
    pub pid: u32,
    /// The hardware.
    pub hardware: Hardware,
    /// Seconds since 1970.
    pub time: f64,
    /// Complete epochs before, according to the checkpoint.
    pub after_epoch: u32,
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Finished or failed; an interrupted run has not ended.
    pub outcome: Outcome,
    /// Why it failed.
    pub reason: Option<String>,
    /// Seconds since 1970.
    pub time: f64,
}

/// A run as described by the lines of its file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id, the name of its folder.
    pub id: RunId,
    /// Its inputs.
    pub inputs: Inputs,
    /// Its attempts.
    pub attempts: Vec<Attempt>,
    /// Every complete epoch, once, in order. `total_time` covers the epochs that led to the result,
    /// not those lost in crashes.
    pub epochs: Vec<EpochRow>,
    /// How it ended; `None` if it has not.
    pub end: Option<End>,
}

impl Run {
    /// Whether every epoch was done.
    pub fn finished(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.outcome == Outcome::Finished)
    }

    /// The task's score on the test set after the last epoch of a finished run: an accuracy in
    /// percent.
    pub fn score(&self) -> Option<f64> {
        self.epochs.last().filter(|_| self.finished())?.test.map(|test| test.score())
    }

    /// Its result once it has ended: the score, or minus infinity if it failed.
    pub fn result(&self) -> Option<f64> {
        self.end.as_ref().map(|_| self.score().unwrap_or(f64::NEG_INFINITY))
    }

    /// Training and testing time of a finished run in seconds.
    pub fn time(&self) -> Option<f64> {
        self.epochs.last().filter(|_| self.finished()).map(|row| row.total_time)
    }

    /// A description of its hardware; `None` if there was more than one kind.
    pub fn hardware(&self) -> Option<String> {
        let labels: BTreeSet<String> = self.attempts.iter().map(|a| a.hardware.label()).collect();
        if labels.len() == 1 { labels.into_iter().next() } else { None }
    }
}
