use std::path::PathBuf;

use netc::check::Checked;
use netc::cli::out::note;
use netc::lower::StartWeights;
use netc::recipe::Recipe;
use netc::run::{EpochRow, Method, PrecisionChoice, RunAttempt, RunFolder, RunInfo};

use crate::run::Machine;
use crate::run::dist::Group;

/// What to train, and where it is recorded.
pub(super) struct Training {
    /// A description of what `--set` changed.
    pub overrides: String,
    pub net: Checked,
    pub recipe: Recipe,
    pub data: String,
    pub limits: [Option<usize>; 2],
    pub seed: u64,
    pub precision: PrecisionChoice,
    pub method: Method,
    pub folder: RunFolder,
    /// What it starts from, if not from drawn weights.
    pub start: Option<StartWeights>,
    /// The interrupted run, if it resumes one.
    pub before: Option<Before>,
}

impl Training {
    /// How many of so many training images a step of one process takes.
    pub fn images_of_step(&self, images: usize, group: Option<&Group>) -> usize {
        let images = self.limits[0].map_or(images, |limit| limit.min(images));
        self.recipe.batch_size.min(images).div_ceil(group.map_or(1, Group::size))
    }
}

/// The state of an interrupted run.
pub(super) struct Before {
    pub info: RunInfo,
    /// The epochs in its log.
    pub rows: Vec<EpochRow>,
    /// Its checkpoint, if there is one yet.
    pub checkpoint: Option<PathBuf>,
}

impl Before {
    /// Reports what has changed and may change the bits of the result.
    pub fn compare(&self, machine: &Machine) {
        let now = RunAttempt::now(machine.hardware(), 0);
        let last = self.info.attempts.last();
        let differences = last.map_or(Vec::new(), |last| last.differences(&now));
        if !differences.is_empty() && !self.info.method.deterministic {
            note(&format!(
                "not to the same bits as without the interruption: {}",
                differences.join("; ")
            ));
        }
    }
}
