//! A worker: takes up runs of a search one after another until none is left.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::appender::Appender;
use super::lease::{Claimer, Holder, Lease};
use super::{Attempt, End, Fate, Line, Plan, PlannedRun, Run, SearchError, fates, read_run};
use crate::check::Checked;
use crate::compile;
use crate::diag::FileId;
use crate::recipe::Recipe;
use crate::run::data::Dataset;
use crate::run::{EpochRow, Event, Job, Journal, Machine, Method, Outcome, Resume, RunError, RunInfo, train};

/// How long a worker waits before it looks again, when all runs that are left are others'.
const WAIT: Duration = Duration::from_secs(1);

/// A worker of one process.
#[derive(Debug)]
pub struct Worker<'a> {
    /// The search.
    pub folder: &'a Path,
    /// What on.
    pub data: &'a Dataset,
    /// Where to compute.
    pub machine: Machine,
    /// How often a run's state is saved, at most; always after a whole epoch.
    pub save_every: Duration,
    /// Whether the weights of finished runs are kept.
    pub keep_weights: bool,
    /// Ends the work after the step under way.
    pub stop: &'a AtomicBool,
}

/// What a worker did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Worked {
    /// Runs that it finished.
    pub finished: usize,
    /// Runs whose loss was no number.
    pub failed: usize,
    /// Whether it was asked to stop.
    pub interrupted: bool,
}

/// What a worker is at.
#[derive(Debug)]
pub enum Stage<'a> {
    /// A run starts or goes on.
    Run(&'a PlannedRun),
    /// It trains.
    Training(&'a PlannedRun, &'a Event),
    /// It is over.
    Over(&'a Run),
    /// All that is left are runs of others.
    Waiting(usize),
}

impl Worker<'_> {
    /// Works until every run of the plan is over, or until it is asked to stop.
    ///
    /// A run that another worker holds is left to it, and taken over if that one dies.
    ///
    /// # Errors
    /// A search that cannot be read or written, a machine that fails; the run in hand is left for others.
    pub fn work(&self, report: &mut dyn FnMut(Stage<'_>)) -> Result<Worked, SearchError> {
        let plan = Plan::read(self.folder)?;
        let (mut claimer, mut worked) = (Claimer::default(), Worked::default());
        let mut results: Vec<Option<f64>> = vec![None; plan.runs.len()];
        loop {
            let (mut idle, mut left) = (true, 0);
            for ((i, planned), fate) in plan.runs.iter().enumerate().zip(fates(&plan, &results)) {
                if self.stop.load(Ordering::Relaxed) {
                    return Ok(Worked { interrupted: true, ..worked });
                }
                if results[i].is_some() || fate == Fate::Dropped {
                    continue;
                }
                let folder = Plan::run_folder(self.folder, &planned.id);
                results[i] = read_run(&folder)?.and_then(|run| run.result());
                if results[i].is_some() {
                    idle = false;
                    continue;
                }
                left += 1;
                if fate == Fate::Undecided {
                    continue;
                }
                let Some(lease) = claimer.claim(&folder)? else { continue };
                idle = false;
                match self.run(&plan, planned, &folder, &lease, report)? {
                    Some(Outcome::Finished) => worked.finished += 1,
                    Some(Outcome::Failed) => worked.failed += 1,
                    Some(Outcome::Running | Outcome::Interrupted) | None => {}
                }
            }
            match (left, idle) {
                (0, _) => return Ok(worked),
                (_, true) => {
                    report(Stage::Waiting(left));
                    std::thread::sleep(WAIT);
                }
                (_, false) => {}
            }
        }
    }

    /// Does one run, from its start or from its checkpoint. `None` if it was over already, or if another
    /// worker has taken it over.
    fn run(
        &self,
        plan: &Plan,
        planned: &PlannedRun,
        folder: &Path,
        lease: &Lease,
        report: &mut dyn FnMut(Stage<'_>),
    ) -> Result<Option<Outcome>, SearchError> {
        // It may have ended between the first look and the lease.
        let before = read_run(folder)?;
        if before.as_ref().is_some_and(|run| run.end.is_some()) {
            return Ok(None);
        }
        report(Stage::Run(planned));
        let (net, text) = self.net(plan, planned)?;
        let inputs = plan.inputs(planned, text);
        let (recipe, _) = Recipe::resolve(&[], Some((FileId(0), &inputs.recipe)), None);
        let rows = before.as_ref().map_or(Vec::new(), |run| run.epochs.clone());
        let checkpoint = folder.join(CHECKPOINT);
        let resume = checkpoint.exists().then_some(Resume { checkpoint: &checkpoint, rows: &rows });
        let mut appender = Appender::open(folder)?;
        if before.is_none() {
            appender.append(&Line::Inputs(Box::new(inputs)))?;
        }
        let mut journal = Entries { folder, lease, appender, lost: false, keep: self.keep_weights };
        let method = Method::default();
        let job = |resume| Job {
            net: &net,
            recipe: &recipe,
            data: self.data,
            limit_train: plan.spec.limit_train,
            limit_test: plan.spec.limit_test,
            seed: planned.seed,
            machine: self.machine,
            save_every: self.save_every,
            resume,
            group: None,
            method: &method,
            stop: self.stop,
        };
        let mut watch = |event: Event| {
            lease.progress(epochs_done(&event));
            report(Stage::Training(planned, &event));
        };
        let mut result = train(&job(resume), &mut journal, &mut watch);
        // A checkpoint that is of no use costs its epochs and no more.
        if let (Err(RunError::Checkpoint { .. }), true) = (&result, resume.is_some()) {
            fs::remove_file(&checkpoint).map_err(SearchError::io(&checkpoint))?;
            result = train(&job(None), &mut journal, &mut watch);
        }
        self.conclude(result.map(|report| report.outcome), journal, report)
    }

    fn net(&self, plan: &Plan, planned: &PlannedRun) -> Result<(Checked, String), SearchError> {
        let graph = &plan.variants[planned.variant].graph;
        let path = Plan::net_file(self.folder, graph);
        let text = fs::read_to_string(&path).map_err(SearchError::io(&path))?;
        let compilation = compile(&path, &[]);
        let net = compilation.net.filter(|net| net.graph().hash() == *graph);
        let net = net.ok_or_else(|| {
            SearchError::new(format!("{} is no longer the net of the plan", path.display()))
                .help("it is written by the search; start another search to try another net")
        })?;
        Ok((net, text))
    }

    /// Writes down how a run ended.
    fn conclude(
        &self,
        result: Result<Outcome, RunError>,
        mut journal: Entries<'_>,
        report: &mut dyn FnMut(Stage<'_>),
    ) -> Result<Option<Outcome>, SearchError> {
        if journal.lost || !journal.lease.holds() {
            return Ok(None);
        }
        let (outcome, reason) = match result {
            Ok(outcome @ (Outcome::Interrupted | Outcome::Running)) => return Ok(Some(outcome)),
            Ok(outcome @ (Outcome::Finished | Outcome::Failed)) => (outcome, None),
            Err(error @ RunError::Diverged { .. }) => (Outcome::Failed, Some(error.to_string())),
            Err(error) => return Err(SearchError::new(error.to_string())),
        };
        journal.appender.append(&Line::End(End { outcome, reason, time: now() }))?;
        clear(journal.folder)?;
        if let Some(run) = read_run(journal.folder)? {
            report(Stage::Over(&run));
        }
        Ok(Some(outcome))
    }
}

/// Removes the checkpoint of a run that is over, and what killed workers have left half written.
fn clear(folder: &Path) -> Result<(), SearchError> {
    for entry in fs::read_dir(folder).map_err(SearchError::io(folder))? {
        let path = entry.map_err(SearchError::io(folder))?.path();
        if path.ends_with(CHECKPOINT) || path.extension().is_some_and(|e| e == "tmp") {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(SearchError::Io { path, source: error });
                }
                Ok(()) | Err(_) => {}
            }
        }
    }
    Ok(())
}

const CHECKPOINT: &str = "checkpoint.safetensors";
const WEIGHTS: &str = "weights.safetensors";

/// A run's file as the journal of its training.
#[derive(Debug)]
struct Entries<'a> {
    folder: &'a Path,
    lease: &'a Lease,
    appender: Appender,
    /// Whether another worker has taken over.
    lost: bool,
    keep: bool,
}

impl Entries<'_> {
    fn append(&mut self, line: &Line) -> Result<(), RunError> {
        if !self.lease.holds() {
            self.lost = true;
            return Err(RunError::Data("another worker has taken the run over".into()));
        }
        self.appender.append(line).map_err(|error| RunError::Data(error.to_string()))
    }
}

impl Journal for Entries<'_> {
    fn start(&mut self, info: &RunInfo) -> Result<(), RunError> {
        let Holder { host, pid, .. } = Holder::me();
        let hardware = info.hardware.clone();
        let attempt = Attempt { host, pid, hardware, time: now(), after_epoch: info.after_epoch };
        self.append(&Line::Attempt(attempt))
    }

    fn epoch(&mut self, row: &EpochRow) -> Result<(), RunError> {
        self.append(&Line::Epoch(*row))
    }

    fn end(&mut self, _: Outcome) -> Result<(), RunError> {
        Ok(())
    }

    fn checkpoint(&self) -> PathBuf {
        self.folder.join(CHECKPOINT)
    }

    fn weights(&self) -> Option<PathBuf> {
        self.keep.then(|| self.folder.join(WEIGHTS))
    }
}

fn epochs_done(event: &Event) -> f64 {
    match event {
        Event::Start(_) | Event::Earlier { .. } => 0.0,
        Event::Progress { epoch, seen, images, .. } => {
            f64::from(*epoch - 1) + *seen as f64 / (*images).max(1) as f64
        }
        Event::Testing { epoch } => f64::from(*epoch),
        Event::Epoch(row) => f64::from(row.epoch),
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |t| t.as_secs_f64())
}
