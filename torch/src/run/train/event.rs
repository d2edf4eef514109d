use std::path::PathBuf;

use netc::run::{EpochRow, Outcome, RunInfo};

use crate::run::evaluate::score::Score;

/// What happens during a training.
#[derive(Debug, Clone)]
pub enum Event {
    /// Training starts; everything is loaded.
    Start(Box<RunInfo>),
    /// Progress within an epoch.
    Progress {
        /// From 1.
        epoch: u32,
        /// Images seen in it.
        seen: usize,
        /// Images in it.
        images: usize,
        /// Mean loss and accuracy so far in it.
        score: Score,
        /// Images per second in it.
        rate: f64,
    },
    /// An epoch's training is over, its test begins.
    Testing {
        /// From 1.
        epoch: u32,
    },
    /// An epoch is over.
    Epoch(EpochRow),
    /// The last checkpoint cannot be used, and the previous one is used instead.
    Earlier {
        /// What is wrong with the last.
        reason: String,
        /// The file that is used.
        used: PathBuf,
    },
}

/// How a training ended.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// Finished or interrupted.
    pub outcome: Outcome,
    /// Every whole epoch.
    pub rows: Vec<EpochRow>,
}
