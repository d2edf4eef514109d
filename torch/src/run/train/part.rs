use netc::recipe::Task;
use serde::{Deserialize, Serialize};

use crate::lower::cuda::LossScaling;

/// The progress of an epoch: together with the state, it determines the rest of the epoch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::run) struct Part {
    /// Steps done.
    pub step: usize,
    /// The sums of the metrics; empty before the first step.
    pub sums: Vec<f64>,
    /// Images seen.
    pub examples: usize,
    /// Seconds that it took.
    pub time: f64,
    /// Where the loss scaling of fp16 on a GPU is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling: Option<LossScaling>,
}

impl Part {
    /// Whether a training can have this progress.
    pub(in crate::run) fn sound(&self, task: Task) -> bool {
        const MOST: usize = 1 << 40;
        self.step < MOST
            && self.examples < MOST
            && [0, task.metrics().len()].contains(&self.sums.len())
            && self.sums.iter().all(|sum| sum.is_finite())
            && (0.0..1e12).contains(&self.time)
            && self.scaling.is_none_or(|scaling| (1e-8..1e6).contains(&scaling.factor))
    }
}
