//! The state of a search in words.

use std::path::Path;

use crate::cli::out::print;
use crate::search::report::epochs;
use crate::search::{SearchError, Status, Watcher};

/// The maximum number of running runs that are listed.
const MOST_RUNNING: usize = 8;
/// The maximum number of means per length that are listed.
const MOST_MEANS: usize = 4;

/// `netc search status`.
pub fn status(folder: &Path) -> Result<Status, SearchError> {
    let (status, _) = Watcher::new(folder)?.look()?;
    print(&text(&status));
    Ok(status)
}

pub fn text(status: &Status) -> String {
    let mut out = format!("{}\n", status.summary());
    for run in status.running.iter().take(MOST_RUNNING) {
        out += &format!(
            "running: {}, {}, seed {}: {:.1} epochs done, on {}\n",
            run.variant,
            epochs(run.epochs),
            run.seed,
            run.done,
            run.host
        );
    }
    for length in status.means.chunk_by(|a, b| a.epochs == b.epochs) {
        let best: Vec<String> = length
            .iter()
            .take(MOST_MEANS)
            .map(|mean| {
                format!("{} {:.2}% (n = {})", mean.variant, mean.sample.mean, mean.sample.n)
            })
            .collect();
        out += &format!("means so far, {}: {}\n", epochs(length[0].epochs), best.join(", "));
    }
    out
}
