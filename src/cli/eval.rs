use std::process::ExitCode;

use super::PROBLEMS;
use super::args_train::EvalArgs;
use super::data::load_with_progress;
use super::out::{complain, print, show};
use crate::compile;
use crate::run::{Machine, RunFolder, RunInfo, Score, evaluate_run};

pub(super) fn run(args: &EvalArgs) -> ExitCode {
    match go(args) {
        Ok(text) => {
            print(&text);
            ExitCode::SUCCESS
        }
        Err(message) => {
            complain(&format!("{message}\n"));
            ExitCode::from(PROBLEMS)
        }
    }
}

/// What to evaluate on: as asked, else where the run read its images, else the data set of that name.
fn data_of(args: &EvalArgs, info: &RunInfo) -> String {
    let folder = info.data_folder.as_ref().filter(|folder| folder.exists());
    let folder = folder.map(|folder| folder.display().to_string());
    args.data.clone().or(folder).unwrap_or_else(|| info.data.clone())
}

fn go(args: &EvalArgs) -> Result<String, String> {
    let info = RunFolder::info(&args.run).map_err(|e| e.to_string())?;
    let compilation = compile(&args.run.join(RunFolder::NET), &[]);
    show(&compilation.problems, &compilation.sources);
    let net = compilation.net.ok_or("the run's net is not sound")?;
    let machine = Machine::choose(args.machine.device, args.machine.precision).map_err(|e| e.to_string())?;
    let data = load_with_progress(&data_of(args, &info)).map_err(|e| e.to_string())?;
    let Score { examples, loss, accuracy } =
        evaluate_run(&args.run, &net, &data, machine).map_err(|e| e.to_string())?;
    let percent = accuracy * 100.0;
    Ok(format!(
        "{} on {examples} test images of {}: accuracy {percent:.2}%, loss {loss:.4}\n",
        info.net, data.name
    ))
}
