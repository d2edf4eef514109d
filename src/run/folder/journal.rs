//! The files that a training writes into its folder.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::RunFolder;
use super::claim::{Held, Place};
use crate::disk::Folder;
use crate::run::{EpochRow, Journal, Outcome, RunAttempt, RunError, RunInfo, own};

/// The open files of a run.
#[derive(Debug)]
pub(super) struct Log {
    folder: Folder,
    jsonl: File,
    tsv: File,
    info: RunInfo,
}

impl RunFolder {
    /// Checks that a resumed run can continue to the same result.
    fn same(&self, info: &RunInfo, now: &RunAttempt) -> Result<(), RunError> {
        let Some((before, _)) = &self.before else { return Ok(()) };
        let path = self.path();
        match (&before.data_sha256, &info.data_sha256) {
            (Some(was), Some(is)) if was != is => {
                return Err(RunError::OtherData { path, data: info.data.clone() });
            }
            _ => {}
        }
        let differences = before.attempts.last().map_or(Vec::new(), |last| last.differences(now));
        match info.method.deterministic && !differences.is_empty() {
            true => Err(RunError::OtherBits { path, differences }),
            false => Ok(()),
        }
    }
}

fn write(folder: &Folder, name: &str, text: &str) -> Result<(), RunError> {
    folder.replace(name, text.as_bytes()).map_err(RunError::io(&folder.path().join(name)))
}

fn write_info(folder: &Folder, info: &RunInfo) -> Result<(), RunError> {
    let text = serde_json::to_string_pretty(info);
    let text =
        text.map_err(|error| RunError::io(&folder.path().join(RunFolder::INFO))(error.into()))?;
    write(folder, RunFolder::INFO, &format!("{text}\n"))
}

/// Replaces a log and opens it for appending.
fn begin(folder: &Folder, name: &str, text: &str) -> Result<File, RunError> {
    write(folder, name, text)?;
    folder.append(name).map_err(RunError::io(&folder.path().join(name)))
}

/// A line of [`RunFolder::LOG`].
fn json(line: &impl Serialize) -> Result<String, RunError> {
    let text = serde_json::to_string(line)
        .map_err(|e| RunError::io(Path::new(RunFolder::LOG))(e.into()))?;
    Ok(text + "\n")
}

/// A line of [`RunFolder::TSV`]; nothing for an epoch without a test.
fn tab_separated(row: &EpochRow) -> String {
    row.test.map_or(String::new(), |test| {
        format!("{}\t{:.8}\t{:.2}\n", row.epoch, row.total_time / 3600.0, test.score())
    })
}

impl Journal for RunFolder {
    fn hashes_data(&self) -> bool {
        true
    }

    /// Locks the folder and writes the inputs of the run.
    fn start(&mut self, info: &RunInfo) -> Result<(), RunError> {
        let now = RunAttempt::now(info.hardware.clone(), info.after_epoch);
        self.same(info, &now)?;
        self.claim()?;
        let Place::Held(Held { folder, .. }) = &self.place else {
            return Err(RunError::Busy(self.path()));
        };
        let (attempts, rows) = match self.before.take() {
            Some((before, rows)) => (before.attempts, rows),
            None => (Vec::new(), Vec::new()),
        };
        // The log of a resumed run is replaced atomically, so that a crash does not lose earlier
        // epochs.
        let rows = &rows[..rows.len().min(info.after_epoch as usize)];
        let info = RunInfo {
            data_mark: info.data_path.as_deref().and_then(own::mark),
            attempts: attempts.into_iter().chain([now]).collect(),
            last: rows.last().copied(),
            ..info.clone()
        };
        let (mut jsonl, mut tsv) = (json(&info)?, "epoch\thours\ttop1Accuracy\n".to_string());
        for row in rows {
            jsonl += &json(row)?;
            tsv += &tab_separated(row);
        }
        // In this order: a run without a log has not started.
        write_info(folder, &info)?;
        write(folder, Self::NET, &self.net)?;
        write(folder, Self::RECIPE, &self.recipe)?;
        let tsv = begin(folder, Self::TSV, &tsv)?;
        self.log = Some(Log {
            jsonl: begin(folder, Self::LOG, &jsonl)?,
            tsv,
            info,
            folder: folder.clone(),
        });
        Ok(())
    }

    fn epoch(&mut self, row: &EpochRow) -> Result<(), RunError> {
        let Some(log) = &mut self.log else { return Ok(()) };
        let path = log.folder.path();
        log.info.last = Some(*row);
        let append = |mut file: &File, text: &str| {
            file.write_all(text.as_bytes()).and_then(|()| file.sync_data())
        };
        append(&log.jsonl, &json(row)?).map_err(RunError::io(&path.join(Self::LOG)))?;
        append(&log.tsv, &tab_separated(row)).map_err(RunError::io(&path.join(Self::TSV)))
    }

    fn end(&mut self, outcome: Outcome) -> Result<(), RunError> {
        let Some(log) = &mut self.log else { return Ok(()) };
        log.info.outcome = outcome;
        write_info(&log.folder, &log.info)
    }

    fn checkpoint(&self) -> PathBuf {
        self.path().join(Self::CHECKPOINT)
    }

    fn weights(&self) -> Option<PathBuf> {
        Some(self.checkpoint())
    }
}
