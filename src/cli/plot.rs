//! `netc plot`: the curves of trainings. Reads the files of runs alone.

use std::path::Path;
use std::process::ExitCode;

use super::PROBLEMS;
use super::args_watch::PlotArgs;
use super::out::{complain, print, write_picture};
use crate::run::RunFolder;
use crate::tools::plot::{Curve, curves};

pub(super) fn run(args: &PlotArgs) -> ExitCode {
    match go(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            complain(&format!("{message}\n"));
            ExitCode::from(PROBLEMS)
        }
    }
}

fn go(args: &PlotArgs) -> Result<(), String> {
    let names = names(&args.runs.iter().map(AsRef::as_ref).collect::<Vec<_>>());
    let mut all = Vec::new();
    for (run, name) in args.runs.iter().zip(names) {
        RunFolder::info(run).map_err(|e| e.to_string())?;
        let rows = RunFolder::rows(run).map_err(|e| e.to_string())?;
        if rows.is_empty() {
            return Err(format!("{} has no whole epoch yet: there is nothing to draw", run.display()));
        }
        all.push(Curve { name, rows });
    }
    let svg = curves(&all)?;
    match &args.output {
        Some(path) => write_picture(path, &svg),
        None => {
            print(&svg);
            Ok(())
        }
    }
}

/// The last part of each path, or the whole of it where two end alike.
fn names(runs: &[&Path]) -> Vec<String> {
    let last = |run: &Path| run.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = |run: &&Path| match last(run) {
        Some(name) if runs.iter().filter(|other| last(other).as_ref() == Some(&name)).count() == 1 => name,
        _ => run.display().to_string(),
    };
    runs.iter().map(name).collect()
}
