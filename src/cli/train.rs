use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::PROBLEMS;
use super::args_train::TrainArgs;
use super::data::load_with_progress;
use super::out::{complain, echo_overrides, print, show, thousands};
use super::progress::TrainingView;
use crate::check::Checked;
use crate::diag::Sources;
use crate::run::data::Dataset;
use crate::run::{Job, Machine, Outcome, Recipe, RunFolder, RunReport, recipe, train};
use crate::{Compilation, compile};

/// How often the weights are saved before the end, at most.
const SAVE_EVERY: Duration = Duration::from_secs(60);
/// The exit code of a run that was asked to stop: 128 and SIGINT.
pub(super) const INTERRUPTED: u8 = 130;

pub(super) fn run(args: &TrainArgs) -> ExitCode {
    let mut compilation = compile(&args.file, &args.set.set);
    show(&compilation.problems, &compilation.sources);
    let Some(net) = compilation.net.take() else {
        if compilation.ok() {
            complain(&format!("{} holds blocks alone; there is no net to train\n", args.file.display()));
        }
        return ExitCode::from(PROBLEMS);
    };
    match go(args, &compilation, &net) {
        Ok(Outcome::Interrupted) => ExitCode::from(INTERRUPTED),
        Ok(Outcome::Finished | Outcome::Running | Outcome::Failed) => ExitCode::SUCCESS,
        Err(message) => {
            complain(&format!("{message}\n"));
            ExitCode::from(PROBLEMS)
        }
    }
}

fn go(args: &TrainArgs, compilation: &Compilation, net: &Checked) -> Result<Outcome, String> {
    let recipe = recipe_in_force(args, net, &compilation.sources)?;
    let machine = Machine::choose(args.machine.device, args.machine.precision).map_err(|e| e.to_string())?;
    let stop = stop_on_interrupt()?;
    let data = load_with_progress(&args.data).map_err(|e| e.to_string())?;
    let out = args.out.clone().unwrap_or_else(|| free_folder(&net.graph().name, args.seed));
    print(&echo_overrides(net, &args.set.set));
    print(&head(args, net, &data, &machine));
    let job = Job {
        net,
        recipe: &recipe,
        data: &data,
        limit_train: args.limit_train,
        limit_test: args.limit_test,
        seed: args.seed,
        machine,
        save_every: SAVE_EVERY,
        resume: None,
        stop: &stop,
    };
    let mut folder = RunFolder::new(&out, net.flat_text(None), recipe.to_yaml());
    let mut view = TrainingView::new(recipe.epochs);
    let report = train(&job, &mut folder, &mut |event| view.show(&event));
    view.end();
    let report = report.map_err(|e| e.to_string())?;
    print(&result(&report, &recipe, &data, &out));
    Ok(report.outcome)
}

fn recipe_in_force(args: &TrainArgs, net: &Checked, sources: &Sources) -> Result<Recipe, String> {
    let mut sources = sources.clone();
    let text = args.recipe.as_deref().map(recipe::read).transpose()?;
    let file = args.recipe.as_deref().zip(text.as_deref());
    let file = file.map(|(path, text)| (sources.add(path.display().to_string(), text), text));
    let (recipe, problems) = Recipe::resolve(&net.graph().settings, file, args.epochs);
    show(&problems, &sources);
    match problems.has_errors() {
        true => Err("no training: the recipe is not sound".into()),
        false => Ok(recipe),
    }
}

/// The first interrupt asks the training to end after its step; a second one ends the process.
pub(super) fn stop_on_interrupt() -> Result<Arc<AtomicBool>, String> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let handler = move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED.into());
        }
        complain("\nstopping after this step; once more to stop at once\n");
    };
    ctrlc::set_handler(handler).map_err(|e| format!("cannot listen for interrupts: {e}"))?;
    Ok(stop)
}

/// `runs/resnet9-0`, or with `-2`, `-3` behind it, whichever is free first.
fn free_folder(net: &str, seed: u64) -> PathBuf {
    let name = |n: u32| if n == 1 { format!("{net}-{seed}") } else { format!("{net}-{seed}-{n}") };
    let mut folders = (1..).map(|n| Path::new("runs").join(name(n)));
    folders.find(|folder| !folder.exists()).unwrap_or_else(|| Path::new("runs").join(net))
}

/// How many images of a split are used: `5,000 of 10,000`.
fn used(limit: Option<usize>, all: usize) -> String {
    match limit.filter(|limit| *limit < all) {
        Some(limit) => format!("{} of {}", thousands(limit as u64), thousands(all as u64)),
        None => thousands(all as u64),
    }
}

fn head(args: &TrainArgs, net: &Checked, data: &Dataset, machine: &Machine) -> String {
    let hardware = machine.hardware();
    let place = match hardware.gpu {
        Some(gpu) => format!("{} ({gpu})", hardware.device),
        None => format!("{} ({}, {} threads)", hardware.device, hardware.cpu, hardware.threads),
    };
    format!(
        "{}: {} params, {} on {place}\n{}: {} training and {} test images\n",
        net.graph().name,
        thousands(net.params()),
        machine.precision,
        data.name,
        used(args.limit_train, data.train.len()),
        used(args.limit_test, data.test.len()),
    )
}

fn result(report: &RunReport, recipe: &Recipe, data: &Dataset, out: &Path) -> String {
    let how = match report.outcome {
        Outcome::Interrupted => "interrupted after",
        Outcome::Finished | Outcome::Running | Outcome::Failed => "finished",
    };
    let mut text = match report.rows.last() {
        Some(row) => {
            let (epochs, percent, time) = (row.epoch, row.test_acc * 100.0, row.total_time);
            format!("{how} {epochs} epochs: test accuracy {percent:.2}% in {time:.1} s")
        }
        None => "interrupted in the first epoch".to_string(),
    };
    if let Some(published) = recipe.accuracy.filter(|_| data.name == "cifar10") {
        text += &format!(" (published: {published}%)");
    }
    format!("{text}\nwritten to {}\n", out.display())
}
