//! The append-only file of a run. It may be untrusted, so anything wrong with it only affects this
//! run.

use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use super::untrusted::{self, SECONDS, brief, line, number};
use super::{Attempt, End, Inputs, Line, Plan, PlannedRun, Run, SearchError};
use crate::disk::Folder;
use crate::limits::MAX_RECORD_BYTES;
use crate::run::{EpochRow, Metrics, Outcome};

/// The file in a run's folder.
pub const FILE: &str = "run.jsonl";

/// Why a run cannot be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// The content of its file is invalid: the run must be repeated.
    Damaged(String),
    /// Its file is a folder, or not readable by this process.
    Unreadable(String),
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::Damaged(why) => write!(f, "damaged: {why}"),
            Flaw::Unreadable(why) => write!(f, "cannot be read: {why}"),
        }
    }
}

/// The folder of a search's runs; `None` if there is none yet.
///
/// # Errors
/// Something else at its path.
pub fn runs_of(folder: &Path) -> Result<Option<Folder>, SearchError> {
    let runs = Folder::open(folder).and_then(|place| place.sub(Plan::RUNS));
    match runs {
        Ok(runs) => Ok(Some(runs)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SearchError::io(&folder.join(Plan::RUNS))(error)),
    }
}

/// Every valid run of a search that has started, by id.
///
/// # Errors
/// A folder that does not contain a search.
pub fn read_runs(folder: &Path) -> Result<Vec<Run>, SearchError> {
    let plan = Plan::read(folder)?;
    let Some(runs) = runs_of(folder)? else { return Ok(Vec::new()) };
    let sound =
        plan.runs.iter().filter_map(|planned| read_run(&plan, planned, &runs).ok().flatten());
    let mut found: Vec<Run> = sound.collect();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(found)
}

/// Reads a planned run from the folder of the runs; `None` if it has not started.
pub fn read_run(plan: &Plan, planned: &PlannedRun, runs: &Folder) -> Result<Option<Run>, Flaw> {
    let read =
        runs.sub(planned.id.as_str()).and_then(|own| own.read(FILE, MAX_RECORD_BYTES as u64));
    match read {
        Ok(bytes) => add_up(plan, planned, &String::from_utf8_lossy(&bytes))
            .map_err(|why| Flaw::Damaged(brief(&format!("{FILE}{why}")))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        // Not written by a worker; it is removed, never followed.
        Err(error) if matches!(error.kind(), ErrorKind::FileTooLarge | ErrorKind::InvalidInput) => {
            Err(Flaw::Damaged(format!("{FILE}: {error}")))
        }
        Err(error) => Err(Flaw::Unreadable(format!("{FILE}: {error}"))),
    }
}

/// The run described by the lines of a file.
fn add_up(plan: &Plan, planned: &PlannedRun, text: &str) -> Result<Option<Run>, String> {
    let (mut inputs, mut attempts, mut end) = (None, Vec::new(), None::<End>);
    let mut rows: BTreeMap<u32, EpochRow> = BTreeMap::new();
    let lines = text.split('\n').enumerate().filter(|(_, line)| !line.is_empty());
    for (i, text) in lines {
        let at = |why: String| format!(":{}: {why}", i + 1);
        let line = match serde_json::from_str(text) {
            Ok(line) => line,
            // Truncated by a crash: the next writer starts a new line.
            Err(error) if error.is_eof() => continue,
            Err(error) => return Err(at(format!("not a line of a run: {error}"))),
        };
        check(&line, planned).map_err(at)?;
        match line {
            Line::Inputs(first) => inputs = inputs.or(Some(first)),
            Line::Attempt(attempt) => attempts.push(attempt),
            // A run that was started twice repeats epochs with identical numbers.
            Line::Epoch(row) => {
                rows.entry(row.epoch).or_insert(row);
            }
            Line::End(last) => {
                if !end.as_ref().is_some_and(|end| end.outcome == Outcome::Finished) {
                    end = Some(last);
                }
            }
        }
    }
    let whole =
        (1..).zip(rows.into_values()).take_while(|(n, row)| row.epoch == *n).map(|(_, row)| row);
    let epochs: Vec<EpochRow> = whole.collect();
    let Some(inputs) = inputs else {
        let nothing = attempts.is_empty() && epochs.is_empty() && end.is_none();
        return if nothing {
            Ok(None)
        } else {
            Err(": it does not begin with the run's inputs".into())
        };
    };
    let run = Run {
        id: planned.id.clone(),
        inputs: named(*inputs, plan, planned)?,
        attempts,
        epochs,
        end,
    };
    if run.finished() && run.epochs.len() != planned.epochs as usize {
        return Err(format!(": finished with {} of {} epochs", run.epochs.len(), planned.epochs));
    }
    if run.finished() && run.score().is_none() {
        return Err(": finished without a test after its last epoch".into());
    }
    Ok(Some(run))
}

/// The inputs with the names from the plan, if they match those of the planned run.
fn named(inputs: Inputs, plan: &Plan, planned: &PlannedRun) -> Result<Inputs, String> {
    let expected = plan.inputs(planned, String::new());
    match inputs.difference(&expected) {
        Some(field) => Err(format!(": its inputs are not those of the plan: `{field}` differs")),
        None => Ok(Inputs { variant: expected.variant, family: expected.family, ..inputs }),
    }
}

/// The first field of a line that is out of range, as a message.
fn check(line: &Line, planned: &PlannedRun) -> Result<(), String> {
    match line {
        Line::Inputs(inputs) => {
            self::line(format_args!("netc"), &inputs.netc)?;
            self::line(format_args!("libtorch"), &inputs.libtorch)
        }
        Line::Attempt(attempt) => self::attempt(attempt, planned),
        Line::Epoch(row) => epoch(row, planned),
        Line::End(end) => {
            if !matches!(end.outcome, Outcome::Finished | Outcome::Failed) {
                return Err("outcome: a run that is over is finished or failed".into());
            }
            number(format_args!("time"), end.time, &SECONDS)?;
            untrusted::reason(format_args!("reason"), end.reason.as_deref().unwrap_or_default())
        }
    }
}

fn attempt(attempt: &Attempt, planned: &PlannedRun) -> Result<(), String> {
    let hardware = &attempt.hardware;
    line(format_args!("host"), &attempt.host)?;
    line(format_args!("hardware.cpu"), &hardware.cpu)?;
    line(format_args!("hardware.device"), &hardware.device)?;
    line(format_args!("hardware.gpu"), hardware.gpu.as_deref().unwrap_or_default())?;
    number(format_args!("time"), attempt.time, &SECONDS)?;
    number(format_args!("after_epoch"), attempt.after_epoch, &(0..=planned.epochs))
}

fn epoch(row: &EpochRow, planned: &PlannedRun) -> Result<(), String> {
    number(format_args!("epoch"), row.epoch, &(1..=planned.epochs))?;
    number(format_args!("lr"), row.lr, &(0.0..=f64::from(f32::MAX)))?;
    for (name, time) in [
        ("train_time", row.train_time),
        ("test_time", row.test_time),
        ("total_time", row.total_time),
    ] {
        number(format_args!("{name}"), time, &SECONDS)?;
    }
    for (split, metrics) in row.splits() {
        for (metric, value) in metrics.iter().flat_map(Metrics::iter) {
            number(format_args!("{split}_{}", metric.name), value, &metric.unit.range())?;
        }
    }
    Ok(())
}

/// Cleans up the folder of a run that has ended or starts again: removes the files that netc writes
/// there, except those in `kept`. Links are removed, never followed; files with other names stay.
///
/// # Errors
/// A folder that cannot be read, a file that cannot be removed.
pub fn tidy(own: &Folder, kept: &[&str]) -> std::io::Result<()> {
    for name in own.names(crate::limits::MAX_RUN_NAMES)? {
        let Some(name) = name.to_str() else { continue };
        let written = name == FILE || name.ends_with(".safetensors") || name.ends_with(".tmp");
        if written && !kept.contains(&name) {
            own.remove(name)?;
        }
    }
    Ok(())
}
