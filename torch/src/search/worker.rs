//! A worker: takes runs of a search one after another until none is left.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use netc::diag::FileId;
use netc::disk::Folder;
use netc::recipe::Recipe;
use netc::run::data::Dataset;
use netc::run::{Method, Outcome, RunError};
use netc::search::files::{FILE, read_run, tidy};
use netc::search::lease::{Claimer, Lease};
use netc::search::{End, Fate, Flaw, Line, Plan, PlannedRun, Run, SearchError, fates};

use super::appender::Appender;
use super::entries::{Entries, KEPT, WEIGHTS, checkpoint, is_of_checkpoint, now};
use crate::run::{Event, Job, Machine, Resume, train};

/// How long a worker waits before it looks again, if all remaining runs belong to others.
const WAIT: Duration = Duration::from_secs(1);

/// A worker of one process.
#[derive(Debug)]
pub struct Worker<'a> {
    /// The search.
    pub folder: &'a Path,
    /// The data.
    pub data: &'a Dataset,
    /// Where to compute.
    pub machine: Machine,
    /// How often a run's state is saved before its end, at most.
    pub save_every: Duration,
    /// Whether the weights of finished runs are kept.
    pub keep_weights: bool,
    /// Ends the work after the current step.
    pub stop: &'a AtomicBool,
}

/// What a worker did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Worked {
    /// Runs that it finished.
    pub finished: usize,
    /// Runs that failed: their loss was not finite, or their net does not fit the data.
    pub failed: usize,
    /// Runs that it could not do because of what is in their place, each with the reason.
    pub blocked: Vec<String>,
    /// Whether it was asked to stop.
    pub interrupted: bool,
}

/// Events of a worker.
#[derive(Debug)]
pub enum Stage<'a> {
    /// A run starts or resumes.
    Run(&'a PlannedRun),
    /// A run's file was damaged, and the run is done again.
    Again(&'a PlannedRun, &'a Flaw),
    /// It trains.
    Training(&'a PlannedRun, &'a Event),
    /// It is over.
    Over(&'a Run),
    /// Only runs of other workers are left.
    Waiting(usize),
}

impl Worker<'_> {
    /// Works until every run of the plan is over, or until it is asked to stop.
    ///
    /// A run that another worker holds is left to it, and taken over if that worker dies. A
    /// damaged run is done again; if that is impossible because of what is in its place, it is
    /// skipped and reported.
    ///
    /// # Errors
    /// A search that cannot be read or written, images other than those it began with, a machine
    /// that fails; the current run is left for others.
    pub fn work(&self, report: &mut dyn FnMut(Stage<'_>)) -> Result<Worked, SearchError> {
        let plan = Plan::read(self.folder)?;
        let place = Folder::open(self.folder).map_err(SearchError::io(self.folder))?;
        let anchor = place.anchor().map_err(SearchError::io(self.folder))?;
        self.same_data(&plan)?;
        let runs = place.create_sub(Plan::RUNS);
        let runs = runs.map_err(SearchError::io(&self.folder.join(Plan::RUNS)))?;
        let mut desk = Desk { plan: &plan, runs, claimer: Claimer::default() };
        let mut worked = Worked::default();
        let mut results: Vec<Option<f64>> = vec![None; plan.runs.len()];
        loop {
            let (mut idle, mut left) = (true, 0);
            for (i, fate) in fates(&plan, &results).into_iter().enumerate() {
                if self.stop.load(Ordering::Relaxed) {
                    return Ok(Worked { interrupted: true, ..worked });
                }
                if results[i].is_some() || fate == Fate::Dropped {
                    continue;
                }
                if !anchor.holds() {
                    return Err(moved(self.folder));
                }
                match self.turn(&mut desk, &plan.runs[i], fate, report) {
                    Ok(Turn::Over(result)) => (idle, results[i]) = (false, Some(result)),
                    Ok(Turn::Worked(outcome)) => {
                        (idle, left) = (false, left + 1);
                        worked.finished += usize::from(outcome == Some(Outcome::Finished));
                        worked.failed += usize::from(outcome == Some(Outcome::Failed));
                    }
                    Ok(Turn::Left) => left += 1,
                    Err(error) if error.is_of_one_run() => {
                        worked.blocked.push(error.to_string());
                        (idle, results[i]) = (false, Some(f64::NEG_INFINITY));
                    }
                    Err(error) => return Err(error),
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

    /// Refuses other images than those that the search began with: their runs would be averaged
    /// with the old ones.
    fn same_data(&self, plan: &Plan) -> Result<(), SearchError> {
        let data = &plan.spec.data;
        match &plan.data_sha256 {
            Some(planned) if planned.as_str() == self.data.sha256() => Ok(()),
            Some(_) => Err(SearchError::new(format!(
                "{data} does not hold the images that this search began with: its hash is another one"
            ))
            .help("bring them back, or start another search with --output")),
            None => Err(SearchError::new("the plan does not say which images the search is on")
                .help("it is of an older netc; start another search with --output")),
        }
    }

    /// Looks at a run, and works on it if it is due and free.
    fn turn(
        &self,
        desk: &mut Desk<'_>,
        planned: &PlannedRun,
        fate: Fate,
        report: &mut dyn FnMut(Stage<'_>),
    ) -> Result<Turn, SearchError> {
        match read_run(desk.plan, planned, &desk.runs) {
            Ok(Some(run)) if run.end.is_some() => {
                let own = desk.own(planned)?;
                tidy(&own, &KEPT).map_err(SearchError::io(own.path()))?;
                return Ok(Turn::Over(run.result().unwrap_or(f64::NEG_INFINITY)));
            }
            Ok(_) | Err(Flaw::Damaged(_)) => {}
            Err(flaw @ Flaw::Unreadable(_)) => return Err(desk.blocked(planned, &flaw)),
        }
        if fate == Fate::Undecided {
            return Ok(Turn::Left);
        }
        let own = desk.own(planned)?;
        let Some(lease) = desk.claimer.claim(&own)? else { return Ok(Turn::Left) };
        Ok(Turn::Worked(self.run(desk, planned, &own, &lease, report)?))
    }

    /// Does one run, from its start or from its checkpoint. `None` if it was over already, or if
    /// another worker has taken it over.
    fn run(
        &self,
        desk: &Desk<'_>,
        planned: &PlannedRun,
        own: &Folder,
        lease: &Lease,
        report: &mut dyn FnMut(Stage<'_>),
    ) -> Result<Option<Outcome>, SearchError> {
        let plan = desk.plan;
        // It may have ended between the first look and the lease.
        let before = match read_run(plan, planned, &desk.runs) {
            Ok(Some(run)) if run.end.is_some() => return Ok(None),
            Ok(before) => before,
            Err(flaw @ Flaw::Damaged(_)) => {
                tidy(own, &[]).map_err(SearchError::io(own.path()))?;
                report(Stage::Again(planned, &flaw));
                None
            }
            Err(flaw @ Flaw::Unreadable(_)) => return Err(desk.blocked(planned, &flaw)),
        };
        report(Stage::Run(planned));
        let (net, text) = Plan::net(self.folder, &plan.variants[planned.variant].graph)?;
        let inputs = plan.inputs(planned, text);
        let (recipe, _) = Recipe::resolve(&[], &[(FileId(0), &inputs.recipe)]);
        let rows = before.as_ref().map_or(Vec::new(), |run| run.epochs.clone());
        let checkpoint = checkpoint(own)?;
        let resume = checkpoint.as_ref().map(|checkpoint| Resume { checkpoint, rows: &rows });
        let mut appender = Appender::open(own)?;
        if before.is_none() {
            appender.append(&Line::Inputs(Box::new(inputs)))?;
        }
        let mut journal = Entries { folder: own, lease, appender, keep: self.keep_weights };
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
        if resume.is_some() && result.as_ref().is_err_and(|error| is_of_checkpoint(error, own)) {
            tidy(own, &[FILE, WEIGHTS]).map_err(SearchError::io(own.path()))?;
            result = train(&job(None), &mut journal, &mut watch);
        }
        let ended = self.conclude(result.map(|report| report.outcome), journal)?;
        if let Ok(Some(run)) = read_run(plan, planned, &desk.runs)
            && run.end.is_some()
        {
            // Also after another worker ended it, of which this one's last checkpoint knows
            // nothing.
            tidy(own, &KEPT).map_err(SearchError::io(own.path()))?;
            if ended.is_some() {
                report(Stage::Over(&run));
            }
        }
        Ok(ended)
    }

    /// Records how a run ended.
    fn conclude(
        &self,
        result: Result<Outcome, RunError>,
        mut journal: Entries<'_>,
    ) -> Result<Option<Outcome>, SearchError> {
        if !journal.lease.holds() {
            return Ok(None);
        }
        let (outcome, reason) = match result {
            Ok(outcome @ (Outcome::Interrupted | Outcome::Running)) => return Ok(Some(outcome)),
            Ok(outcome @ (Outcome::Finished | Outcome::Failed)) => (outcome, None),
            // Of this net, recipe and data alone: it would end so again, and others need not.
            Err(
                error @ (RunError::Diverged { .. }
                | RunError::NotFinite { .. }
                | RunError::OneValue { .. }
                | RunError::Data(_)),
            ) => (Outcome::Failed, Some(error.to_string())),
            Err(RunError::Moved(_)) => return Ok(None),
            Err(RunError::Io { path, source }) => return Err(SearchError::Io { path, source }),
            Err(error) => return Err(SearchError::new(error.to_string())),
        };
        journal.appender.append(&Line::End(End { outcome, reason, time: now() }))?;
        Ok(Some(outcome))
    }
}

/// The current run of a worker.
struct Desk<'a> {
    plan: &'a Plan,
    runs: Folder,
    claimer: Claimer,
}

impl Desk<'_> {
    /// The folder of a run.
    fn own(&self, planned: &PlannedRun) -> Result<Folder, SearchError> {
        let name = planned.id.as_str();
        self.runs.create_sub(name).map_err(SearchError::io(&self.runs.path().join(name)))
    }

    fn blocked(&self, planned: &PlannedRun, flaw: &Flaw) -> SearchError {
        let (Flaw::Damaged(why) | Flaw::Unreadable(why)) = flaw;
        let path = self.runs.path().join(planned.id.as_str()).join(FILE);
        SearchError::Io {
            path,
            source: std::io::Error::new(std::io::ErrorKind::InvalidData, why.clone()),
        }
    }
}

/// The result of looking at a run.
enum Turn {
    /// It is over, with this result.
    Over(f64),
    /// It was worked on.
    Worked(Option<Outcome>),
    /// Another worker has it, or it is not due yet.
    Left,
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

/// The folder of a search was moved while it was worked on.
pub fn moved(folder: &Path) -> SearchError {
    let path = folder.display();
    SearchError::new(format!("{path} is no longer the folder that this search began in"))
        .help("it was moved or removed while the search went on; go on where it is now")
}
