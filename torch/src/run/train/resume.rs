//! Resuming an interrupted training.

use std::io::ErrorKind;
use std::path::Path;

use netc::run::{EpochRow, Journal, RunError};

use super::event::Event;
use super::job::{Job, Resume};
use super::part::Part;
use super::state::State;
use crate::run::store::checkpoint;

/// Restores everything that training changes from a checkpoint; returns the epochs up to there,
/// and the progress in the next one. If the checkpoint is damaged, the previous one is used.
pub(super) fn resume(
    job: &Job<'_>,
    from: Resume<'_>,
    state: &mut State,
    journal: &dyn Journal,
    report: &mut dyn FnMut(Event),
) -> Result<(Vec<EpochRow>, Part), RunError> {
    match restore(job, from, from.checkpoint, state) {
        Err(error) if is_unusable(&error) && checkpoint::has_before(from.checkpoint) => {
            let before = checkpoint::before(from.checkpoint);
            let Ok(found) = restore(job, from, &before, state) else { return Err(error) };
            report(Event::Earlier { reason: error.to_string(), used: before });
            // The next save keeps the last checkpoint in the place of this one.
            if job.group.is_none() {
                checkpoint::put_back(&journal.checkpoint()?, state)?;
            }
            Ok(found)
        }
        found => found,
    }
}

/// Whether a checkpoint is damaged or gone, so that the previous one may be better.
fn is_unusable(error: &RunError) -> bool {
    match error {
        RunError::Damaged { .. } | RunError::NotInLog { .. } => true,
        RunError::Io { source, .. } => source.kind() == ErrorKind::NotFound,
        _ => false,
    }
}

/// Restores everything that training changes from one checkpoint.
fn restore(
    job: &Job<'_>,
    from: Resume<'_>,
    path: &Path,
    state: &mut State,
) -> Result<(Vec<EpochRow>, Part), RunError> {
    let found = checkpoint::load_state(path, state, job.recipe.epochs)?;
    found.is_of(job, path)?;
    let logged = from.rows.len();
    if found.epochs > logged {
        return Err(RunError::NotInLog {
            path: path.into(),
            epochs: found.epochs.to_string(),
            logged,
        });
    }
    if !found.part.sound(job.recipe.task()) {
        let reason = "it does not say how far its epoch is".into();
        return Err(RunError::Damaged { path: path.into(), reason });
    }
    Ok((from.rows[..found.epochs].to_vec(), found.part))
}
