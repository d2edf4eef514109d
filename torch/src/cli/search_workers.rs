//! Several worker processes of one search on this machine.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use netc::cli::search::args::TrainingsArgs;
use netc::disk::Folder;
use netc::run::{DeviceChoice, PrecisionChoice};
use netc::search::{Plan, SearchError, Watcher};

use super::train::stop_on_interrupt;
use crate::run::Machine;
use crate::search::Worked;

/// The folder of the workers' logs.
const LOGS: &str = "logs";
/// The interval at which it checks them.
const EVERY: Duration = Duration::from_millis(200);

/// Starts this many workers and waits until all have ended. If asked to stop, it asks them to
/// stop.
///
/// # Errors
/// Workers that cannot be started, or that fail before every run is over.
pub(super) fn supervise(
    args: &TrainingsArgs,
    folder: &Path,
    plan: &Plan,
    count: u32,
) -> Result<Worked, SearchError> {
    let machine = machine(args, plan)?;
    let stop = stop_on_interrupt().map_err(SearchError::new)?;
    let mut children: Vec<Child> = Vec::new();
    for number in 0..count {
        children.push(start(args, folder, plan, machine, number, count)?);
    }
    let (mut asked, mut failed) = (false, 0);
    let mut left: Vec<(u32, Child)> = (0..count).zip(children).collect();
    while !left.is_empty() {
        std::thread::sleep(EVERY);
        if stop.load(Ordering::Relaxed) && !asked {
            asked = true;
            left.iter().for_each(|(_, child)| terminate(child));
        }
        left.retain_mut(|(_, child)| match child.try_wait() {
            Ok(None) => true,
            Ok(Some(status)) => {
                failed += u32::from(!status.success() && !asked);
                false
            }
            Err(_) => {
                failed += 1;
                false
            }
        });
    }
    let over = Watcher::new(folder)?.look()?.0.is_over();
    if failed > 0 && !over && !asked {
        let place = folder.join(LOGS).display().to_string();
        return Err(SearchError::new(format!(
            "{failed} of {count} workers ended before the search was over"
        ))
        .help(format!("{place} has what they said; `netc search {}` goes on", folder.display())));
    }
    Ok(Worked { interrupted: asked, ..Worked::default() })
}

fn start(
    args: &TrainingsArgs,
    folder: &Path,
    plan: &Plan,
    machine: Machine,
    number: u32,
    count: u32,
) -> Result<Child, SearchError> {
    let failed = |error: std::io::Error| SearchError::new(format!("worker {number}: {error}"));
    let log = log(folder, number).map_err(|error| {
        SearchError::new(format!("{}: {error}", folder.join(LOGS).join(log_name(number)).display()))
    })?;
    let gpus = Machine::gpus();
    let device = match args.machine.device {
        DeviceChoice::Auto if machine.device.is_cuda() => {
            format!("cuda:{}", number as usize % gpus.max(1))
        }
        DeviceChoice::Auto | DeviceChoice::Cpu => "cpu".to_string(),
        DeviceChoice::Cuda(n) => format!("cuda:{n}"),
    };
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command.args([
        "search",
        "--worker",
        "--device",
        &device,
        "--save-every",
        &args.save_every.to_string(),
    ]);
    command.arg(format!("--data={}", plan.spec.data));
    command.args(args.keep_weights.then_some("--keep-weights")).arg("--").arg(folder);
    if std::env::var_os("OMP_NUM_THREADS").is_none() {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        command.env("OMP_NUM_THREADS", (cores / count as usize).max(1).to_string());
    }
    // A Ctrl-C in the terminal is for this process, which asks its workers once; a second time
    // would cut them short.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(failed)?)
        .stderr(log)
        .spawn()
        .map_err(failed)
}

/// A new log of a worker, replacing an older one.
fn log(folder: &Path, number: u32) -> std::io::Result<File> {
    let (logs, name) = (Folder::open(folder)?.create_sub(LOGS)?, log_name(number));
    logs.remove(&name)?;
    logs.create_file(&name)?.ok_or_else(|| std::io::ErrorKind::AlreadyExists.into())
}

fn log_name(number: u32) -> String {
    format!("worker-{number}.log")
}

/// SIGTERM: the worker ends after its step.
fn terminate(child: &Child) {
    #[cfg(unix)]
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
}

pub(super) fn machine(args: &TrainingsArgs, plan: &Plan) -> Result<Machine, SearchError> {
    let precision: PrecisionChoice = plan.spec.precision.parse().map_err(SearchError::new)?;
    Machine::choose(args.machine.device, precision).map_err(|e| SearchError::new(e.to_string()))
}
