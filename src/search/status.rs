//! The progress of a search, for watching it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::files::runs_of;
use super::stats::Sample;
use super::{Fate, Index, Plan, Run, RunId, SearchError, Standing, fates, lease};
use crate::diag::number_of;

/// The progress of a search.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// Runs that were planned.
    pub planned: usize,
    /// Runs that completed every epoch.
    pub finished: usize,
    /// Runs that ended before their last epoch.
    pub failed: usize,
    /// Runs dropped by successive halving.
    pub dropped: usize,
    /// Runs that a worker is training.
    pub running: Vec<Running>,
    /// Runs waiting for a worker.
    pub waiting: usize,
    /// Waiting runs whose file is damaged and which are repeated.
    pub damaged: usize,
    /// The means so far: the longest first, and by mean among those of the same length.
    pub means: Vec<SoFar>,
    /// Estimated seconds until the end with the current number of workers; `None` before the first
    /// run is finished, or without workers.
    pub left: Option<f64>,
}

impl Status {
    /// One line: `42 of 90 runs finished, 2 running, 46 waiting, 12 minutes left`.
    pub fn summary(&self) -> String {
        let mut text = format!("{} of {} finished", self.finished, number_of(self.planned, "run"));
        let counts = [
            (self.failed, "failed"),
            (self.dropped, "spared"),
            (self.running.len(), "running"),
            (self.waiting, "waiting"),
            (self.damaged, "of them damaged"),
        ];
        for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
            text += &format!(", {count} {what}");
        }
        match self.left {
            Some(seconds) => text + &format!(", {} left", rough(seconds)),
            None => text,
        }
    }

    /// Whether no run is left.
    pub fn is_over(&self) -> bool {
        self.running.is_empty() && self.waiting == 0
    }
}

/// A time in a suitable unit: `40 seconds`, `12 minutes`, `3.5 hours`, `12 days`.
pub fn rough(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} seconds"),
        s if s < 90.0 * 60.0 => format!("{:.0} minutes", s / 60.0),
        s if s < 48.0 * 3600.0 => format!("{:.1} hours", s / 3600.0),
        s => format!("{:.0} days", s / 86400.0),
    }
}

/// A run that a worker is training.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Running {
    /// The variant's name.
    pub variant: String,
    /// Epochs of the run.
    pub epochs: u32,
    /// Its seed.
    pub seed: u64,
    /// Epochs done, including the fraction of the current one.
    pub done: f64,
    /// The worker's machine.
    pub host: String,
    /// The worker's process.
    pub pid: u32,
}

/// The finished runs of a variant at a length.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SoFar {
    /// The variant's name.
    pub variant: String,
    /// Epochs of each run.
    pub epochs: u32,
    /// Their accuracies in percent.
    pub sample: Sample,
}

/// Watches the folder of a search.
#[derive(Debug)]
pub struct Watcher {
    folder: PathBuf,
    index: Index,
    /// Runs that had ended at the last look.
    over: HashSet<RunId>,
}

impl Watcher {
    /// Starts watching. Runs that have already ended are not reported.
    ///
    /// # Errors
    /// A folder that does not contain a search, files that cannot be read.
    pub fn new(folder: &Path) -> Result<Watcher, SearchError> {
        let index = Index::open(folder)?;
        let over =
            index.standings()?.into_iter().filter(|(_, run)| run.over).map(|(id, _)| id).collect();
        Ok(Watcher { folder: folder.into(), index, over })
    }

    /// The progress of the search, and the runs that have ended since the last look.
    ///
    /// # Errors
    /// Files of the search that cannot be read.
    pub fn look(&mut self) -> Result<(Status, Vec<Run>), SearchError> {
        self.index.refresh()?;
        let runs = self.index.standings()?;
        let status = self.status(&runs)?;
        let new = runs
            .iter()
            .filter(|(id, run)| run.over && !self.over.contains(*id))
            .map(|(id, _)| id.clone());
        let new: Vec<RunId> = new.collect();
        let news =
            new.iter().map(|id| self.index.run(id)).collect::<Result<Vec<Option<Run>>, _>>()?;
        let mut news: Vec<Run> = news.into_iter().flatten().collect();
        news.sort_by(|a, b| end(a).total_cmp(&end(b)).then_with(|| a.id.cmp(&b.id)));
        self.over.extend(new);
        Ok((status, news))
    }

    fn status(&self, standings: &HashMap<RunId, Standing>) -> Result<Status, SearchError> {
        let plan = self.index.plan();
        let runs = runs_of(&self.folder)?;
        let of: Vec<Option<&Standing>> =
            plan.runs.iter().map(|planned| standings.get(&planned.id)).collect();
        let results: Vec<Option<f64>> =
            of.iter().map(|run| run.and_then(Standing::result)).collect();
        let mut status = Status {
            planned: of.len(),
            finished: of.iter().flatten().filter(|run| run.score.is_some()).count(),
            failed: 0,
            dropped: 0,
            running: Vec::new(),
            waiting: 0,
            damaged: self.index.flaws().len(),
            means: means(plan, &of),
            left: None,
        };
        status.failed = results.iter().flatten().count() - status.finished;
        let pace = Pace::new(plan, &of);
        let mut seconds = pace.known().then_some(0.0);
        let all_fates = fates(plan, &results);
        for ((planned, run), (result, fate)) in
            plan.runs.iter().zip(&of).zip(results.iter().zip(all_fates))
        {
            if result.is_some() {
                continue;
            }
            if fate == Fate::Dropped {
                status.dropped += 1;
                continue;
            }
            let whole = pace.seconds(plan, planned.variant, planned.epochs);
            // A run that has not started has no lease, or a very recent one.
            let own = run.and(runs.as_ref()).and_then(|runs| runs.sub(planned.id.as_str()).ok());
            // Anything else at the path of a lease is not a worker.
            let holder = own.and_then(|own| lease::worker(&own).ok().flatten());
            match holder {
                Some(holder) => {
                    let done = holder.epochs.min(planned.epochs.into());
                    seconds = seconds.map(|s| s + whole * (1.0 - done / f64::from(planned.epochs)));
                    status.running.push(Running {
                        variant: plan.variants[planned.variant].name.clone(),
                        epochs: planned.epochs,
                        seed: planned.seed,
                        done,
                        host: holder.host,
                        pid: holder.pid,
                    });
                }
                None => {
                    seconds = seconds.map(|s| s + whole);
                    status.waiting += 1;
                }
            }
        }
        let workers = status.running.len();
        status.left = seconds.filter(|_| workers > 0).map(|seconds| seconds / workers as f64);
        Ok(status)
    }
}

fn end(run: &Run) -> f64 {
    run.end.as_ref().map_or(0.0, |end| end.time)
}

fn means(plan: &Plan, runs: &[Option<&Standing>]) -> Vec<SoFar> {
    let mut groups: BTreeMap<(u32, usize), Vec<f64>> = BTreeMap::new();
    for (planned, run) in plan.runs.iter().zip(runs) {
        let score = run.and_then(|run| run.score);
        groups.entry((planned.epochs, planned.variant)).or_default().extend(score);
    }
    let mut all: Vec<SoFar> = groups
        .into_iter()
        .filter_map(|((epochs, variant), scores)| {
            let variant = plan.variants[variant].name.clone();
            Some(SoFar { variant, epochs, sample: Sample::of(&scores)? })
        })
        .collect();
    all.sort_by(|a, b| b.epochs.cmp(&a.epochs).then(b.sample.mean.total_cmp(&a.sample.mean)));
    all
}

/// The duration of runs, estimated from finished ones.
struct Pace {
    /// Mean seconds of a variant at a length.
    of: BTreeMap<(usize, u32), f64>,
    /// Mean seconds per MAC and epoch, for variants without a finished run.
    each: f64,
}

impl Pace {
    fn new(plan: &Plan, runs: &[Option<&Standing>]) -> Pace {
        let mut times: BTreeMap<(usize, u32), Vec<f64>> = BTreeMap::new();
        let (mut seconds, mut work) = (0.0, 0.0);
        for (planned, run) in plan.runs.iter().zip(runs) {
            if let Some(time) = run.and_then(|run| run.time) {
                times.entry((planned.variant, planned.epochs)).or_default().push(time);
                seconds += time;
                work += plan.variants[planned.variant].macs as f64 * f64::from(planned.epochs);
            }
        }
        let of = times
            .into_iter()
            .map(|(key, times)| (key, times.iter().sum::<f64>() / times.len() as f64));
        Pace { of: of.collect(), each: if work > 0.0 { seconds / work } else { 0.0 } }
    }

    fn known(&self) -> bool {
        !self.of.is_empty()
    }

    fn seconds(&self, plan: &Plan, variant: usize, epochs: u32) -> f64 {
        let guess = || self.each * plan.variants[variant].macs as f64 * f64::from(epochs);
        self.of.get(&(variant, epochs)).copied().unwrap_or_else(guess)
    }
}
