//! `netc plot`: the curves of trainings. Reads only the files of runs.

use std::path::Path;
use std::process::ExitCode;

use crate::cli::out::{ended, print, warning, write_picture};
use crate::cli::picture::args::PlotArgs;
use crate::run::{EpochLog, RunFolder};
use crate::tools::plot::{Curve, curves};

pub(in crate::cli) fn run(args: &PlotArgs) -> ExitCode {
    ended(go(args))
}

fn go(args: &PlotArgs) -> Result<(), String> {
    let names = names(&args.runs.iter().map(AsRef::as_ref).collect::<Vec<_>>());
    let mut all = Vec::new();
    for (run, name) in args.runs.iter().zip(names) {
        RunFolder::info(run).map_err(|e| e.to_string())?;
        let EpochLog { rows, damage } = RunFolder::log(run).map_err(|e| e.to_string())?;
        if let Some(damage) = damage {
            warning(&format!("{}: {damage}", run.join(RunFolder::LOG).display()));
        }
        match rows.is_empty() {
            true => warning(&format!("{} has no whole epoch yet and is left out", run.display())),
            false => all.push(Curve { name, rows }),
        }
    }
    if all.is_empty() {
        return Err("there is nothing to draw yet".into());
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

/// The last part of each path, or the whole path if two end alike.
fn names(runs: &[&Path]) -> Vec<String> {
    let last = |run: &Path| run.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = |run: &&Path| match last(run) {
        Some(name)
            if runs.iter().filter(|other| last(other).as_ref() == Some(&name)).count() == 1 =>
        {
            name
        }
        _ => run.display().to_string(),
    };
    runs.iter().map(name).collect()
}
