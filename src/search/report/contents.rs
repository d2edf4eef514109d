//! What a report has.

use std::collections::BTreeSet;

use serde::Serialize;

use super::claims::Measured;
use super::compare::Comparison;
use super::gains::Gain;
use super::groups::Group;
use crate::recipe::Task;

/// A search in numbers. Accuracies are in percent, times in seconds.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The files of the nets.
    pub nets: Vec<String>,
    /// What the nets are trained for.
    #[serde(skip)]
    pub task: Task,
    /// The data set.
    pub data: String,
    /// Runs that were planned.
    pub planned: usize,
    /// Runs that completed every epoch.
    pub finished: usize,
    /// Runs that have not ended.
    pub unfinished: Vec<NotCounted>,
    /// Runs that ended before their last epoch.
    pub failed: Vec<NotCounted>,
    /// Runs whose files are damaged.
    pub damaged: Vec<NotCounted>,
    /// Runs dropped by successive halving.
    pub dropped: usize,
    /// The machine for the times: the one with the most finished runs.
    pub timed_on: Option<String>,
    /// Each variant at each length: the longest first, and by mean among those of the same length.
    pub groups: Vec<Group>,
    /// Comparisons of variants of the same length.
    pub comparisons: Vec<Comparison>,
    /// The gains from longer training and from changes of the net, and their cost in time.
    pub gains: Vec<Gain>,
    /// The claims of the nets next to the measured results.
    pub claims: Vec<Measured>,
    /// Caveats, a sentence or two each.
    pub cautions: Vec<String>,
}

/// A run that does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotCounted {
    /// The run's id.
    pub id: String,
    /// The variant's name.
    pub variant: String,
    /// The planned number of epochs.
    pub epochs: u32,
    /// Its seed.
    pub seed: u64,
    /// Its progress, or why it failed.
    pub why: String,
}

/// The families of a report, sorted by name, which determines their colours.
pub(super) fn families(report: &Report) -> Vec<&str> {
    let names: BTreeSet<&str> = report.groups.iter().map(|group| group.family.as_str()).collect();
    names.into_iter().collect()
}
