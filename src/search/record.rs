//! One run of a search, as its file says it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{RunId, Sha};
use crate::run::{EpochRow, Hardware, Outcome};

/// A line of `run.jsonl`. The first is always [`Line::Inputs`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Line {
    /// What the run depends on.
    Inputs(Box<Inputs>),
    /// A worker takes it up, from the start or from its checkpoint.
    Attempt(Attempt),
    /// An epoch is over.
    Epoch(EpochRow),
    /// The run is over.
    End(End),
}

/// All that a run depends on. Its hash is the run's identity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    /// The variant's name, unique in its search: `res=[1,3]`, or a file's name.
    pub variant: String,
    /// What it is drawn with: the parameter that was varied, `base` for the unvaried net.
    pub family: String,
    /// The canonical graph's SHA-256.
    pub graph: Sha,
    /// The flat net.
    pub text: String,
    /// The recipe in force, as YAML.
    pub recipe: String,
    /// Its epochs.
    pub epochs: u32,
    /// The seed of everything random.
    pub seed: u64,
    /// `cifar10`, `cifar100`, `synthetic`, or a path.
    pub data: String,
    /// What the images are: [`crate::run::data::Dataset::sha256`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_sha256: Option<Sha>,
    /// Only so many training images; `None` for all.
    pub limit_train: Option<usize>,
    /// Only so many test images; `None` for all.
    pub limit_test: Option<usize>,
    /// The arithmetic asked for: `auto`, `fp32`, ...
    pub precision: String,
    /// Trained numbers of the net.
    pub params: u64,
    /// Multiply-accumulate operations for one image.
    pub macs: u64,
    /// netc's version.
    pub netc: String,
    /// libtorch's version.
    pub libtorch: String,
}

impl Inputs {
    /// The hash of all that a run depends on; its names do not count, nor does where known images
    /// lie.
    pub(super) fn identity(&self) -> RunId {
        RunId::digest(serde_json::to_string(&self.nameless()).unwrap_or_default().as_bytes())
    }

    /// What differs between the inputs of a run's file and those of its plan, names and versions
    /// aside.
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

/// A worker takes a run up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The machine's name.
    pub host: String,
    /// The worker's process.
    pub pid: u32,
    /// What it computes on.
    pub hardware: Hardware,
    /// Seconds since 1970.
    pub time: f64,
    /// Whole epochs done before, by the checkpoint.
    pub after_epoch: u32,
}

/// A run is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Finished or failed; a run that was interrupted is not over.
    pub outcome: Outcome,
    /// Why it failed.
    pub reason: Option<String>,
    /// Seconds since 1970.
    pub time: f64,
}

/// A run as its lines add up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its identity: the name of its folder.
    pub id: RunId,
    /// What it depends on.
    pub inputs: Inputs,
    /// Every time that a worker took it up.
    pub attempts: Vec<Attempt>,
    /// Every whole epoch, once, in order. `total_time` counts the epochs that led to the result,
    /// not those that a crash lost.
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
        self.epochs.last().filter(|_| self.finished()).map(|row| row.test.score())
    }

    /// What it came to once it is over: its score, or minus infinity if it failed.
    pub fn result(&self) -> Option<f64> {
        self.end.as_ref().map(|_| self.score().unwrap_or(f64::NEG_INFINITY))
    }

    /// Training and testing time of a finished run in seconds.
    pub fn time(&self) -> Option<f64> {
        self.epochs.last().filter(|_| self.finished()).map(|row| row.total_time)
    }

    /// What computed it, in words; `None` if that was more than one kind of machine.
    pub fn hardware(&self) -> Option<String> {
        let labels: BTreeSet<String> = self.attempts.iter().map(|a| a.hardware.label()).collect();
        if labels.len() == 1 { labels.into_iter().next() } else { None }
    }
}
