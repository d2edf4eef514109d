//! The report of a search: its results and their statistical significance.

mod cautions;
mod claims;
mod compare;
mod contents;
mod csv;
mod gains;
mod groups;
mod html;
mod plot;
mod words;

use std::collections::BTreeMap;
use std::path::Path;

pub use self::claims::{Measured, Verdict};
pub use self::compare::{Comparison, MAX_PAIRED};
pub use self::contents::{NotCounted, Report};
pub use self::gains::{Gain, Kind};
pub use self::groups::{Counted, FRONT_UNCLEAR, Group};
pub use self::html::live_page;
pub use self::words::{epochs, hundredths};
use super::{Fate, Flaw, Index, Plan, PlannedRun, Run, RunId, SearchError, fates};

impl Report {
    /// The report of a search's folder, possibly of an unfinished search.
    ///
    /// # Errors
    /// A folder that does not contain a search, files that cannot be read.
    pub fn read(folder: &Path) -> Result<Report, SearchError> {
        let index = Index::open(folder)?;
        let mut report = Report::new(index.plan(), &index.runs()?);
        report.set_apart(index.flaws());
        Ok(report)
    }

    /// Lists damaged runs separately; otherwise they would appear as not started.
    fn set_apart(&mut self, flaws: &BTreeMap<RunId, Flaw>) {
        let flaws: BTreeMap<&str, &Flaw> =
            flaws.iter().map(|(id, flaw)| (id.as_str(), flaw)).collect();
        for mut run in std::mem::take(&mut self.unfinished) {
            match flaws.get(run.id.as_str()) {
                Some(flaw) => {
                    run.why = flaw.to_string();
                    self.damaged.push(run);
                }
                None => self.unfinished.push(run),
            }
        }
        if !self.damaged.is_empty() {
            self.cautions.push(format!(
                "{} damaged and not counted; `netc search DIR` does again what can be done again.",
                if self.damaged.len() == 1 {
                    "1 run is".into()
                } else {
                    format!("{} runs are", self.damaged.len())
                }
            ));
        }
    }

    /// The report of these runs, in any order; runs that are not in the plan do not count.
    pub fn new(plan: &Plan, runs: &[Run]) -> Report {
        let by_id: BTreeMap<&str, &Run> = runs.iter().map(|run| (run.id.as_str(), run)).collect();
        let planned: Vec<(&PlannedRun, Option<&Run>)> = plan
            .runs
            .iter()
            .map(|planned| (planned, by_id.get(planned.id.as_str()).copied()))
            .collect();
        let results: Vec<Option<f64>> =
            planned.iter().map(|(_, run)| run.and_then(Run::result)).collect();
        let (mut unfinished, mut failed, mut dropped) = (Vec::new(), Vec::new(), 0);
        for ((planned, run), fate) in planned.iter().zip(fates(plan, &results)) {
            match run {
                Some(run) if run.finished() => {}
                Some(run) if run.end.is_some() => {
                    failed.push(not_counted(plan, planned, Some(run)))
                }
                _ if fate == Fate::Dropped => dropped += 1,
                _ => unfinished.push(not_counted(plan, planned, *run)),
            }
        }
        let timed_on = most_used(planned.iter().filter_map(|(_, run)| *run));
        let mut groups = groups::groups(plan, &planned, timed_on.as_deref());
        let comparisons = compare::compare(&mut groups);
        let mut report = Report {
            nets: plan.spec.nets.iter().map(|net| net.display().to_string()).collect(),
            task: plan.task(),
            data: plan.spec.data.clone(),
            planned: plan.runs.len(),
            finished: plan.runs.len() - unfinished.len() - failed.len() - dropped,
            unfinished,
            failed,
            damaged: Vec::new(),
            dropped,
            timed_on,
            gains: gains::gains(plan, &groups),
            groups,
            comparisons,
            claims: Vec::new(),
            cautions: Vec::new(),
        };
        report.claims = claims::claims(plan, &report.groups);
        report.cautions = cautions::cautions(&report, plan, &planned);
        report
    }

    /// The groups of each length, the longest first.
    pub fn lengths(&self) -> impl Iterator<Item = &[Group]> {
        self.groups.chunk_by(|a, b| a.epochs == b.epochs)
    }

    /// The gains of one kind.
    pub fn gains_of(&self, kind: Kind) -> impl Iterator<Item = &Gain> {
        self.gains.iter().filter(move |gain| gain.kind == kind)
    }

    /// The groups as comma-separated values, with a header.
    ///
    /// # Errors
    /// None are known, but the writer is fallible.
    pub fn csv(&self) -> Result<String, SearchError> {
        csv::csv(&self.groups)
    }

    /// The report as a JSON object.
    ///
    /// # Errors
    /// None are known, but the writer is fallible.
    pub fn json(&self) -> Result<String, SearchError> {
        serde_json::to_string_pretty(self).map_err(|e| SearchError::new(e.to_string()))
    }

    /// A plot, as SVG, of mean accuracy against median time: a point for each variant at its
    /// shortest length, a line to its longer ones, one colour per family. Vertical bars are one
    /// standard error, horizontal bars the range of times.
    ///
    /// # Errors
    /// No run is finished.
    pub fn picture(&self) -> Result<String, SearchError> {
        plot::svg(self)
    }

    /// A self-contained HTML page that needs no network.
    ///
    /// # Errors
    /// No run is finished.
    pub fn html(&self) -> Result<String, SearchError> {
        Ok(html::page(self, &self.picture()?))
    }
}

fn not_counted(plan: &Plan, planned: &PlannedRun, run: Option<&Run>) -> NotCounted {
    let why = match run {
        None => "not begun".into(),
        Some(Run { end: Some(end), .. }) => end.reason.clone().unwrap_or_else(|| "failed".into()),
        Some(run) => format!("{} of {} epochs done", run.epochs.len(), planned.epochs),
    };
    let variant = plan.variants[planned.variant].name.clone();
    NotCounted {
        id: planned.id.to_string(),
        variant,
        epochs: planned.epochs,
        seed: planned.seed,
        why,
    }
}

/// The machine with the most finished runs.
fn most_used<'a>(runs: impl Iterator<Item = &'a Run>) -> Option<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for label in runs.filter(|run| run.finished()).filter_map(Run::hardware) {
        *counts.entry(label).or_default() += 1;
    }
    let most = counts.values().max().copied();
    counts.into_iter().find(|(_, count)| Some(*count) == most).map(|(label, _)| label)
}
