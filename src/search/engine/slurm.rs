//! Slurm: a job array whose every element is a worker.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::EngineError;
use super::job::JobId;
use super::submitted::Submitted;
use super::workers::{Workers, utf8};
use crate::disk::Folder;

/// An array task that is pending or running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrayTask {
    /// The job and the task number: `12_3`.
    pub id: String,
    /// The state in Slurm's terms: `PENDING`, `RUNNING`, `COMPLETING`, ...
    pub state: String,
    /// How long it has run: `1-02:03:04`, `5:06`.
    pub time: String,
    /// Its node, or in parentheses the reason why it is pending.
    pub place: String,
}

/// The batch script for sbatch.
///
/// Shortly before its time limit an array task stops its worker, which saves a checkpoint, and is
/// requeued. It is also requeued, at most twice, if its worker was killed.
///
/// # Errors
/// Paths that Slurm would expand as a pattern.
pub fn script(workers: &Workers) -> Result<String, EngineError> {
    let logs = workers.search.join("logs");
    let folder = utf8(&logs)?;
    for (sign, what) in [('%', "`%`"), ('\\', "`\\`"), ('"', "`\"`")] {
        if folder.contains(sign) {
            return Err(EngineError::Path { path: workers.search.clone(), what });
        }
    }
    let last = workers.count.saturating_sub(1);
    let worker = workers.command()?;
    Ok(format!(
        r#"#!/bin/bash
#SBATCH --job-name=netc
#SBATCH --array=0-{last}
#SBATCH --ntasks=1
#SBATCH --output="{folder}/%A_%a.log"
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@60
#SBATCH --export=HOME,USER,LOGNAME,PATH,LANG,NETC_DATA

# Where nodes are shared: as many threads as processors.
if [[ ${{SLURM_CPUS_PER_TASK-}} ]]; then export OMP_NUM_THREADS=$SLURM_CPUS_PER_TASK; fi
{worker} &
worker=$!
ending= again=
# Soon out of time: the worker saves its checkpoint, and this element goes back into the queue.
trap 'again=1; kill -TERM "$worker" 2>/dev/null' USR1
# Cancelled or preempted: Slurm sends TERM to the worker too, and a second one would cost its checkpoint.
trap 'ending=1' TERM
# A trap interrupts `wait`.
while
    wait "$worker"
    status=$?
    kill -0 "$worker" 2>/dev/null
do :; done
if [[ $status -gt 128 && $status -ne 130 && ${{SLURM_RESTART_COUNT:-0}} -lt 2 ]]; then again=1; fi
if [[ $again && ! $ending && $status -ne 0 ]]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
"#
    ))
}

/// Submits a script with sbatch, with additional arguments as typed in a shell, and records the job
/// in the search's folder.
///
/// # Errors
/// sbatch is missing or fails; the folder cannot be written.
pub fn submit(search: &Path, script: &str, sbatch_args: &str) -> Result<JobId, EngineError> {
    let mut submitted = Submitted::read_own(search)?;
    let args = shlex::split(sbatch_args).ok_or_else(|| EngineError::Quotes(sbatch_args.into()))?;
    // Slurm silently ends a job whose log it cannot open.
    let logs = Folder::open(search).and_then(|place| place.create_sub("logs"));
    logs.map_err(EngineError::io(&search.join("logs")))?;
    let mut sbatch = Command::new("sbatch");
    sbatch.arg("--parsable").args(args);
    let answer = ask("sbatch", &mut sbatch, script)?;
    let line = answer.lines().last().unwrap_or_default().trim();
    let (id, cluster) =
        line.split_once(';').map_or((line, None), |(id, cluster)| (id, Some(cluster)));
    let job = JobId::new(id, cluster)
        .map_err(|message| EngineError::Refused { program: "sbatch", message })?;
    submitted.jobs.push(job.clone());
    submitted.write(search)?;
    Ok(job)
}

/// The pending and running array tasks of the search's jobs, by job and number.
///
/// # Errors
/// Nothing was submitted, or squeue is missing or fails.
pub fn status(search: &Path) -> Result<Vec<ArrayTask>, EngineError> {
    let mut elements = Vec::new();
    for job in jobs(search)? {
        let mut squeue = about("squeue", &job);
        squeue.args([
            "--noheader",
            "--array",
            "--sort=i",
            "--format=%i|%T|%M|%R",
            "--jobs",
            &job.id,
        ]);
        match ask("squeue", &mut squeue, "") {
            Ok(text) => elements.extend(text.lines().filter_map(element)),
            // Slurm forgets a job a few minutes after it has ended.
            Err(EngineError::Refused { message, .. }) if message.contains("Invalid job id") => {}
            Err(error) => return Err(error),
        }
    }
    Ok(elements)
}

/// Cancels the search's jobs. Their workers save their checkpoints.
///
/// # Errors
/// Nothing was submitted, or scancel is missing or fails.
pub fn cancel(search: &Path) -> Result<(), EngineError> {
    for job in jobs(search)? {
        let mut scancel = about("scancel", &job);
        match ask("scancel", scancel.arg(&job.id), "") {
            Err(EngineError::Refused { message, .. }) if message.contains("Invalid job id") => {}
            answer => drop(answer?),
        }
    }
    Ok(())
}

fn jobs(search: &Path) -> Result<Vec<JobId>, EngineError> {
    let jobs = Submitted::read_own(search)?.jobs;
    if jobs.is_empty() { Err(EngineError::NotSubmitted(search.into())) } else { Ok(jobs) }
}

fn about(program: &str, job: &JobId) -> Command {
    let mut command = Command::new(program);
    command.args(job.cluster.iter().map(|cluster| format!("--clusters={cluster}")));
    command
}

fn element(line: &str) -> Option<ArrayTask> {
    let mut parts = line.splitn(4, '|').map(|part| part.trim().to_string());
    let mut next = || parts.next();
    Some(ArrayTask { id: next()?, state: next()?, time: next()?, place: next()? })
}

/// Runs a Slurm program with this standard input and returns its standard output.
fn ask(program: &'static str, command: &mut Command, input: &str) -> Result<String, EngineError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => EngineError::NoProgram(program),
        _ => EngineError::Refused { program, message: error.to_string() },
    };
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that exits before it has read everything reports its own error.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr).trim().to_string();
        return Err(EngineError::Refused { program, message });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
