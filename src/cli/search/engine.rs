//! The part of `netc search` that needs no libtorch: submitting a search to an engine, and its
//! status.

use std::path::Path;
use std::process::ExitCode;

use crate::cli::out::{note, print};
use crate::cli::search::args::{EmitArg, EngineArg, FolderArgs, SearchArgs, SearchCommand};
use crate::cli::search::plan::{Planned, planned, refuse};
use crate::cli::search::status;
use crate::cli::table::{table, trimmed};
use crate::diag::number_of;
use crate::disk::Folder;
use crate::run::DeviceChoice;
use crate::search::engine::{EngineError, Submitted, Workers, parallel, slurm};
use crate::search::{Plan, SearchError};

/// The default number of workers of an engine.
const WORKERS: u32 = 4;

/// Whether this module handles these arguments.
pub fn concerns(args: &SearchArgs) -> bool {
    args.command.is_some() || args.engine.engine.is_some() || args.engine.emit.is_some()
}

pub fn run(args: &SearchArgs) -> ExitCode {
    let done = match &args.command {
        Some(SearchCommand::Status(FolderArgs { folder })) => status(folder),
        Some(SearchCommand::Cancel(FolderArgs { folder })) => cancel(folder),
        None => hand_over(args),
    };
    done.map_or_else(|error| refuse(&error), |()| ExitCode::SUCCESS)
}

fn hand_over(args: &SearchArgs) -> Result<(), SearchError> {
    let planned = planned(args, false)?;
    planned.write()?;
    let Planned { folder, plan, .. } = planned;
    let whole = folder
        .canonicalize()
        .map_err(|e| SearchError::new(format!("{}: {e}", folder.display())))?;
    let netc =
        std::env::current_exe().map_err(|e| SearchError::new(format!("where netc is: {e}")))?;
    let trainings = &args.trainings;
    let mut arguments = vec![
        "--worker".to_string(),
        format!("--data={}", plan.spec.data),
        format!("--save-every={}", trainings.save_every),
    ];
    match trainings.machine.device {
        DeviceChoice::Auto => {}
        DeviceChoice::Cpu => arguments.extend(["--device".into(), "cpu".into()]),
        DeviceChoice::Cuda(n) => arguments.extend(["--device".into(), format!("cuda:{n}")]),
    }
    arguments.extend(trainings.keep_weights.then(|| "--keep-weights".into()));
    let count = trainings.workers.unwrap_or(WORKERS);
    let workers = Workers { netc, search: whole, count, arguments };
    match (args.engine.emit, args.engine.engine) {
        (Some(EmitArg::Slurm), _) => print(&slurm::script(&workers).map_err(wrong)?),
        (Some(EmitArg::Parallel), _) => {
            // Parallel would follow a link there.
            let log = Folder::open(&folder).and_then(|place| place.file(parallel::JOBLOG));
            log.map_err(|e| {
                SearchError::new(format!("{}: {e}", folder.join(parallel::JOBLOG).display()))
            })?;
            print(&parallel::command(&workers, args.engine.hosts.as_deref()).map_err(wrong)?);
        }
        (None, Some(EngineArg::Slurm)) => {
            let script = slurm::script(&workers).map_err(wrong)?;
            let more = args.engine.sbatch_args.as_deref().unwrap_or("");
            let job = slurm::submit(&folder, &script, more).map_err(wrong)?;
            print(&format!(
                "submitted job {}: {} for {}\n\
                 netc search status {folder}    how far it is\n\
                 netc search cancel {folder}    ends it; `netc search {folder}` would go on\n",
                job.number(),
                number_of(count as usize, "worker"),
                number_of(plan.runs.len(), "run"),
                folder = folder.display(),
            ));
        }
        (None, None) => {}
    }
    Ok(())
}

fn status(folder: &Path) -> Result<(), SearchError> {
    let status = status::status(folder)?;
    if Submitted::read(folder).map_err(wrong)?.jobs.is_empty() {
        return Ok(());
    }
    let elements = slurm::status(folder).map_err(wrong)?;
    if elements.is_empty() {
        print("Slurm: no job of this search waits or runs\n");
        if !status.is_over() {
            note(&format!("submit it again: netc search {} --engine slurm", folder.display()));
        }
        return Ok(());
    }
    let mut table = table(&["job", "state", "time", "node or reason"], 2..3);
    for element in elements {
        table.add_row([element.id, element.state, element.time, element.place]);
    }
    print(&format!("\n{}\n", trimmed(&table)));
    Ok(())
}

fn cancel(folder: &Path) -> Result<(), SearchError> {
    Plan::read(folder)?;
    slurm::cancel(folder).map_err(wrong)?;
    print(&format!("cancelled; `netc search {}` would go on\n", folder.display()));
    Ok(())
}

fn wrong(error: EngineError) -> SearchError {
    SearchError::new(error.to_string())
}
