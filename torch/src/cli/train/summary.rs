//! What is said of a training: before it, and of its result.

use netc::cli::table::thousands;
use netc::run::Outcome;
use netc::run::data::Dataset;
use netc::search::report::epochs;

use super::training::Training;
use crate::cli::progress::scored;
use crate::run::dist::Group;
use crate::run::{Machine, RunReport};
use netc::cli::out::quoted;

/// How many images of a split are used: `5,000 of 10,000`.
fn used(limit: Option<usize>, all: usize) -> String {
    match limit.filter(|limit| *limit < all) {
        Some(limit) => format!("{} of {}", thousands(limit as u64), thousands(all as u64)),
        None => thousands(all as u64),
    }
}

/// What is about to be trained.
pub(super) fn head(
    training: &Training,
    data: &Dataset,
    machine: &Machine,
    group: Option<&Group>,
) -> String {
    let hardware = machine.hardware();
    let place = match hardware.gpu {
        Some(gpu) => format!("{} ({gpu})", hardware.device),
        None => format!("{} ({})", hardware.device, hardware.processor()),
    };
    let ranks = group.map_or(String::new(), |group| format!(", {} ranks", group.size()));
    let rows = training.before.as_ref().filter(|before| before.checkpoint.is_some());
    let rows = rows.map_or(0, |before| before.rows.len());
    let from = training.start.as_ref().map_or(String::new(), |start| format!("from {start}\n"));
    let left_out =
        data.left_out(training.limits).into_iter().map(|what| format!("warning: {what}"));
    let note: String =
        data.note.clone().into_iter().chain(left_out).map(|note| note + "\n").collect();
    let after = if rows > 0 { format!("going on after epoch {rows}\n") } else { String::new() };
    format!(
        "{}: {} params, {} on {place}{ranks}\n{}: {} training and {} test images\n{note}{from}{after}",
        training.net.graph().name,
        thousands(training.net.params()),
        machine.precision,
        data.name,
        used(training.limits[0], data.train.len()),
        used(training.limits[1], data.test.len()),
    )
}

/// What came of it.
pub(super) fn result(report: &RunReport, training: &Training, data: &Dataset) -> String {
    let how = match report.outcome {
        Outcome::Interrupted => "interrupted after",
        Outcome::Finished | Outcome::Running | Outcome::Failed => "finished",
    };
    let mut text = match report.rows.last() {
        Some(row) => {
            let (done, time) = (epochs(row.epoch), row.total_time);
            let score = row.test.map_or("not due".into(), |test| scored(&test));
            format!("{how} {done}: test {score} in {time:.1} s")
        }
        None => "interrupted in the first epoch".to_string(),
    };
    if let Some(published) = training.recipe.accuracy.filter(|_| data.name == "cifar10") {
        text += &format!(" (published: {published}%)");
    }
    let out = training.folder.path();
    text += &format!("\nwritten to {}\n", out.display());
    if report.outcome == Outcome::Interrupted {
        text += &format!("to go on: netc train --resume {}\n", quoted(out.display()));
    }
    text
}
