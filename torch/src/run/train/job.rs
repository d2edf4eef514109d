use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use netc::check::Checked;
use netc::recipe::Recipe;
use netc::run::data::Dataset;
use netc::run::{EpochRow, Method};

use crate::run::device::Machine;
use crate::run::dist::Group;

/// One training.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The net.
    pub net: &'a Checked,
    /// How to train it.
    pub recipe: &'a Recipe,
    /// The data.
    pub data: &'a Dataset,
    /// Use only the first training examples, this many.
    pub limit_train: Option<usize>,
    /// Use only the first test examples, this many.
    pub limit_test: Option<usize>,
    /// The seed of weights, order, augmentation and dropout.
    pub seed: u64,
    /// Where to compute.
    pub machine: Machine,
    /// How often the state is saved before the end, at most.
    pub save_every: Duration,
    /// Where to resume an interrupted training.
    pub resume: Option<Resume<'a>>,
    /// The processes that train it together, if there are several.
    pub group: Option<&'a Arc<Group>>,
    /// How it is computed.
    pub method: &'a Method,
    /// Ends the training after the current step.
    pub stop: &'a AtomicBool,
}

/// An interrupted training.
#[derive(Debug, Clone, Copy)]
pub struct Resume<'a> {
    /// Its checkpoint.
    pub checkpoint: &'a Path,
    /// The epochs that it completed, at least up to the checkpoint's.
    pub rows: &'a [EpochRow],
}

impl Job<'_> {
    /// Whether this process is the one that writes the run's files.
    pub(in crate::run) fn is_first(&self) -> bool {
        self.group.is_none_or(|group| group.rank() == 0)
    }
}
