//! The live view of a search.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use netc::cli::bar::Bar;
use netc::cli::out::{Log, note};
use netc::cli::search::status::text;
use netc::search::report::epochs;
use netc::search::{Run, SearchError, Watcher};

/// The minimum interval between two updates.
const EVERY: Duration = Duration::from_secs(1);

/// Prints a line for each finished run, of any worker, and on a terminal shows below what is
/// running, what is left and the means so far.
#[derive(Debug)]
pub(super) struct SearchView {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl SearchView {
    /// Starts watching a search's folder.
    pub(super) fn start(folder: &Path, quiet: bool) -> Result<SearchView, SearchError> {
        let watch = Watcher::new(folder)?;
        let (stop, stopped) = mpsc::channel();
        let live = !quiet && std::io::stderr().is_terminal();
        let thread = std::thread::spawn(move || watch_on(watch, live, &stopped));
        Ok(SearchView { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for SearchView {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn watch_on(mut watch: Watcher, live: bool, stopped: &mpsc::Receiver<()>) {
    let bar = if live { Bar::messages() } else { Bar::hidden() };
    let (mut wait, mut log) = (EVERY, Log::default());
    loop {
        let last = !stopped.recv_timeout(wait).is_err_and(|e| e == mpsc::RecvTimeoutError::Timeout);
        let start = Instant::now();
        match watch.look() {
            Ok((status, news)) => {
                let lines: String = news.iter().map(line).collect();
                bar.suspend(|| log.print(&lines));
                bar.message(&text(&status));
            }
            // What cannot be read now may be read later; the work itself is elsewhere.
            Err(error) => bar.message(&error.to_string()),
        }
        if last {
            bar.clear();
            return;
        }
        // A large search is looked at less often, so that watching costs little.
        wait = EVERY.max(start.elapsed() * 20);
    }
}

/// A finished run.
pub(super) fn line(run: &Run) -> String {
    let (variant, length, seed) = (&run.inputs.variant, epochs(run.inputs.epochs), run.inputs.seed);
    match (run.score(), run.time(), run.end.as_ref().and_then(|end| end.reason.as_ref())) {
        (Some(score), Some(time), _) => {
            format!("{variant}, {length}, seed {seed}: {score:.2}% in {time:.1} s\n")
        }
        (_, _, Some(reason)) => format!("{variant}, {length}, seed {seed}: failed: {reason}\n"),
        _ => format!("{variant}, {length}, seed {seed}: failed\n"),
    }
}

/// Prints where the page is, and when it ends.
pub(super) fn serve(folder: &Path, port: u16) -> Result<(), SearchError> {
    let address = netc::search::serve::serve(folder, port)?;
    note(&format!("the search's page, as long as this command runs: http://{address}/"));
    Ok(())
}
