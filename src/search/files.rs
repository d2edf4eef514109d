//! A run's file: appended to, never changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{End, Line, Run, SearchError};
use crate::run::{EpochRow, Outcome};

/// The file in a run's folder.
pub const FILE: &str = "run.jsonl";

/// Every run of a search that has begun, by identity.
///
/// # Errors
/// A file that cannot be read, or a line of it, but for a last one that a crash cut short.
pub fn read_runs(folder: &Path) -> Result<Vec<Run>, SearchError> {
    let runs = folder.join("runs");
    let mut found = Vec::new();
    for entry in fs::read_dir(&runs).map_err(SearchError::io(&runs))? {
        let path = entry.map_err(SearchError::io(&runs))?.path();
        if path.is_dir() {
            found.extend(read_run(&path)?);
        }
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(found)
}

/// The run of a folder; `None` if it has not begun.
///
/// # Errors
/// As for [`read_runs`].
pub fn read_run(folder: &Path) -> Result<Option<Run>, SearchError> {
    let path = folder.join(FILE);
    let text = match fs::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(SearchError::Io { path, source }),
    };
    let id = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    add_up(id, &text, &path)
}

/// What the lines of a file come to.
fn add_up(id: String, text: &str, path: &Path) -> Result<Option<Run>, SearchError> {
    let (mut inputs, mut attempts, mut end) = (None, Vec::new(), None::<End>);
    let mut rows: BTreeMap<u32, EpochRow> = BTreeMap::new();
    let lines = text.split('\n').enumerate().filter(|(_, line)| !line.is_empty());
    for (number, line) in lines {
        match serde_json::from_str(line) {
            Ok(Line::Inputs(first)) => inputs = inputs.or(Some(first)),
            Ok(Line::Attempt(attempt)) => attempts.push(attempt),
            // A run that was started twice does each epoch twice, to the same numbers.
            Ok(Line::Epoch(row)) => {
                rows.entry(row.epoch).or_insert(row);
            }
            Ok(Line::End(last)) => {
                if !end.as_ref().is_some_and(|end| end.outcome == Outcome::Finished) {
                    end = Some(last);
                }
            }
            // Cut short by a crash: the next writer begins a new line.
            Err(error) if error.is_eof() => {}
            Err(error) => {
                let message = format!("{}:{}: not a line of a run: {error}", path.display(), number + 1);
                return Err(SearchError::new(message)
                    .help("remove the run's folder, and the search does the run again"));
            }
        }
    }
    let whole = (1..).zip(rows.into_values()).take_while(|(n, row)| row.epoch == *n).map(|(_, row)| row);
    let epochs: Vec<EpochRow> = whole.collect();
    let wrong = |what: String| {
        SearchError::new(format!("{}: {what}", path.display()))
            .help("remove the run's folder, and the search does the run again")
    };
    let Some(inputs) = inputs else {
        let nothing = attempts.is_empty() && epochs.is_empty() && end.is_none();
        return if nothing { Ok(None) } else { Err(wrong("it does not begin with the run's inputs".into())) };
    };
    let run = Run { id, inputs: *inputs, attempts, epochs, end };
    if run.finished() && run.epochs.len() != run.inputs.epochs as usize {
        return Err(wrong(format!("finished with {} of {} epochs", run.epochs.len(), run.inputs.epochs)));
    }
    Ok(Some(run))
}
