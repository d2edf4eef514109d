//! GNU parallel: for a few machines reachable by ssh, without a scheduler.

use std::path::Path;

use super::error::EngineError;
use super::workers::{Workers, utf8};

/// The job log of parallel, in the search's folder.
pub const JOBLOG: &str = "parallel.tsv";

/// A command line, for a POSIX shell, that runs the workers with GNU parallel: all at once on this
/// machine, or one at a time on each machine listed in the file `hosts` (`--sshloginfile`). Running
/// it again restarts the workers that failed.
///
/// # Errors
/// Paths that parallel would not treat as plain paths.
pub fn command(workers: &Workers, hosts: Option<&Path>) -> Result<String, EngineError> {
    let worker = workers.command()?;
    if worker.contains('{') {
        return Err(EngineError::Path { path: workers.search.clone(), what: "`{`" });
    }
    let joblog = workers.search.join(JOBLOG);
    let count = workers.count.to_string();
    let jobs = if hosts.is_some() { "1" } else { &count };
    // A second TERM would end a worker before it has saved its checkpoint.
    let mut words =
        vec!["parallel", "--termseq", "TERM,60000,KILL", "--line-buffer", "--tagstring", "{#}"];
    words.extend(["--joblog", utf8(&joblog)?, "--resume-failed", "--retries", "3", "--jobs", jobs]);
    if let Some(hosts) = hosts {
        words.extend(["--sshloginfile", utf8(hosts)?]);
    }
    words.extend(["-n0", &worker, ":::"]);
    let numbers: Vec<_> = (1..=workers.count).map(|n| n.to_string()).collect();
    words.extend(numbers.iter().map(String::as_str));
    shlex::try_join(words).map(|line| line + "\n").map_err(|_| EngineError::NulByte)
}
