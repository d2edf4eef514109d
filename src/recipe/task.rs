//! Training tasks.

use super::metric::{ACCURACY, LOSS, Metric};

/// The task that a net is trained for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Task {
    /// One class for each image; the loss is the cross-entropy.
    #[default]
    Classification,
}

impl Task {
    /// All tasks.
    pub const ALL: [Task; 1] = [Task::Classification];

    /// Its metrics, in the order in which they are shown. The first one is the loss.
    pub fn metrics(self) -> &'static [Metric] {
        match self {
            Task::Classification => &[LOSS, ACCURACY],
        }
    }

    /// The metric by which variants are compared; higher is better.
    pub fn score(self) -> Metric {
        match self {
            Task::Classification => ACCURACY,
        }
    }
}
