use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::PROBLEMS;
use super::advice::Failed;
use super::args_train::{TrainArgs, Viewer};
use super::data::load_with_progress;
use super::out::{complain, echo_overrides, print, show, thousands};
use super::passes;
use super::progress::TrainingView;
use crate::check::Checked;
use crate::compile;
use crate::diag::Sources;
use crate::lower::ConvChoice;
use crate::passes::Purpose;
use crate::recipe::{self, Recipe};
use crate::run::data::Dataset;
use crate::run::dist::Group;
use crate::run::tensorboard::{Board, EventFile};
use crate::run::{
    DeviceChoice, EpochRow, Job, Machine, Method, NoJournal, Outcome, PrecisionChoice, Resume, RunError,
    RunFolder, RunReport, leave, train,
};
use crate::search::report::epochs;
use crate::syntax::parse;

/// The exit code of a run that was asked to stop: 128 and SIGINT.
pub(super) const INTERRUPTED: u8 = 130;

pub(super) fn run(args: &TrainArgs) -> ExitCode {
    match go(args) {
        Ok(Outcome::Interrupted) => ExitCode::from(INTERRUPTED),
        Ok(Outcome::Finished | Outcome::Running | Outcome::Failed) => ExitCode::SUCCESS,
        Err(message) => {
            complain(&format!("{message}\n"));
            ExitCode::from(PROBLEMS)
        }
    }
}

/// What to train, and where it is written.
struct Training {
    net: Checked,
    recipe: Recipe,
    data: String,
    limits: [Option<usize>; 2],
    seed: u64,
    precision: PrecisionChoice,
    method: Method,
    out: PathBuf,
    folder: RunFolder,
    /// The epochs of the run that it goes on with.
    rows: Option<Vec<EpochRow>>,
}

fn go(args: &TrainArgs) -> Result<Outcome, String> {
    let group = Group::from_env().map_err(|e| e.to_string())?.map(Arc::new);
    let first = group.as_ref().is_none_or(|group| group.rank() == 0);
    let mut training = match &args.resume {
        Some(run) => resumed(run, first)?,
        None => begun(args, first)?,
    };
    if args.verify_passes {
        for purpose in [Purpose::Training, Purpose::Evaluation] {
            passes::trusted(&training.net, purpose, &training.method.passes)?;
        }
    }
    let device = match (&group, args.machine.device) {
        // A launcher may show each rank all GPUs of its machine, or its own alone.
        (Some(group), DeviceChoice::Auto) if Machine::gpus() > 0 => {
            DeviceChoice::Cuda(group.local_rank() % Machine::gpus())
        }
        (_, device) => device,
    };
    let machine = Machine::choose(device, training.precision).map_err(|e| e.to_string())?;
    if first {
        warn_of(training.method.conv, machine);
    }
    let stop = stop_on_interrupt()?;
    let mut data = load_with_progress(&training.data).map_err(|e| e.to_string())?;
    if args.resume.is_some() {
        let info = RunFolder::info(&training.out).map_err(|e| e.to_string())?;
        info.prepare(&mut data).map_err(|e| e.to_string())?;
    }
    if first {
        print(&head(&training, &data, &machine, group.as_deref()));
    }
    let checkpoint = training.out.join(RunFolder::CHECKPOINT);
    let job = Job {
        net: &training.net,
        recipe: &training.recipe,
        data: &data,
        limit_train: training.limits[0],
        limit_test: training.limits[1],
        seed: training.seed,
        machine,
        save_every: if group.is_some() {
            Duration::ZERO
        } else {
            Duration::from_secs(args.save_every.into())
        },
        resume: training.rows.as_deref().map(|rows| Resume { checkpoint: &checkpoint, rows }),
        group: group.as_ref(),
        method: &training.method,
        stop: &stop,
    };
    if !first {
        return train(&job, &mut NoJournal, &mut |_| {})
            .map(|report| report.outcome)
            .map_err(|e| e.to_string());
    }
    let mut view = TrainingView::new(training.recipe.epochs);
    let mut board = viewer(args, &training);
    let report = train(&job, &mut training.folder, &mut |event| {
        view.show(&event);
        // A viewer's file that cannot be written is no reason to end the training.
        if let Some(Err(error)) = board.as_mut().map(|board| board.show(&event)) {
            complain(&format!("{error}; the training goes on without --log\n"));
            board = None;
        }
    });
    view.end();
    let report = report.map_err(|error| {
        let Training { net, recipe, method, out, .. } = &training;
        Failed { net, recipe, method, machine, out }.advice(&error)
    })?;
    print(&result(&report, &training.recipe, &data, &training.out));
    Ok(report.outcome)
}

/// Says on standard error what the choice of convolutions costs in accuracy.
pub(super) fn warn_of(conv: ConvChoice, machine: Machine) {
    if let Some(warning) = conv.warning(machine.precision).filter(|_| !machine.device.is_cuda()) {
        complain(&format!("warning: {warning}\n"));
    }
}

/// What writes event files: where asked, and where the run that is gone on with has some.
fn viewer(args: &TrainArgs, training: &Training) -> Option<Board> {
    let asked = match args.log {
        Some(Viewer::Tensorboard) => true,
        None => args.resume.is_some() && EventFile::is_in(&training.out),
    };
    let texts = [("net", training.net.flat_text(None)), ("recipe", training.recipe.to_yaml())];
    asked.then(|| Board::new(&training.out, training.recipe.batch_size, texts.to_vec()))
}

/// A training from its start. Of several ranks the first one alone shows what is wrong with its files.
fn begun(args: &TrainArgs, first: bool) -> Result<Training, String> {
    let file = args.file.as_deref().unwrap_or(Path::new(""));
    let mut compilation = compile(file, &args.set.set);
    if first {
        show(&compilation.problems, &compilation.sources);
    }
    let Some(net) = compilation.net.take() else {
        return Err(match compilation.ok() {
            true => format!("{} holds blocks alone; there is no net to train", file.display()),
            false => "no training: the net is not sound".into(),
        });
    };
    let recipe = recipe_in_force(args, &net, &compilation.sources, first)?;
    let out = args.out.clone().unwrap_or_else(|| free_folder(&net.graph().name, args.seed));
    if first {
        print(&echo_overrides(&net, &args.set.set));
    }
    Ok(Training {
        folder: RunFolder::new(&out, readable(net.flat_text(None))?, recipe.to_yaml()),
        recipe,
        data: args.data.clone(),
        limits: [args.limit_train, args.limit_test],
        seed: args.seed,
        precision: args.machine.precision,
        method: Method {
            executor: args.executor,
            conv: args.conv,
            passes: args.passes.clone(),
            without: args.without.clone(),
            deterministic: args.deterministic,
            sync_norm: args.sync_bn,
        },
        out,
        net,
        rows: None,
    })
}

/// The flat text of a net, from which its run is read again.
fn readable(flat: String) -> Result<String, String> {
    let mut sources = Sources::default();
    let id = sources.add("its flat text", flat.clone());
    match parse(&sources, id) {
        Ok(_) => Ok(flat),
        Err(problems) => {
            let why = problems.sorted().first().map_or(String::new(), |problem| problem.message.clone());
            Err(format!("no training: the net is too large to be read again from its run: {why}"))
        }
    }
}

/// The rest of a training, all that it depends on from its folder.
fn resumed(run: &Path, first: bool) -> Result<Training, String> {
    let wrong = |error: RunError| error.to_string();
    let (folder, rows) = RunFolder::resume(run).map_err(wrong)?;
    let info = RunFolder::info(run).map_err(wrong)?;
    if !run.join(RunFolder::CHECKPOINT).exists() {
        return Err(format!(
            "{} has no checkpoint: it was cut short before its first one\nstart it anew: netc train FILE --out {}",
            run.display(),
            run.display()
        ));
    }
    let compilation = compile(&run.join(RunFolder::NET), &[]);
    if first {
        show(&compilation.problems, &compilation.sources);
    }
    let net = compilation.net.ok_or("the run's net is not sound")?;
    let path = run.join(RunFolder::RECIPE);
    let text = recipe::read(&path)?;
    let mut sources = Sources::default();
    let file = (sources.add(path.display().to_string(), text.clone()), text.as_str());
    let (recipe, problems) = Recipe::resolve(&[], Some(file), None);
    if first {
        show(&problems, &sources);
    }
    if problems.has_errors() {
        return Err("the run's recipe is not sound".into());
    }
    let data = info.data_path.as_ref().filter(|path| path.exists());
    Ok(Training {
        net,
        recipe,
        data: data.map_or(info.data, |path| path.display().to_string()),
        limits: [Some(info.train_examples), Some(info.test_examples)],
        seed: info.seed,
        precision: PrecisionChoice::Exactly(info.precision),
        method: info.method,
        out: run.into(),
        folder,
        rows: Some(rows),
    })
}

fn recipe_in_force(
    args: &TrainArgs,
    net: &Checked,
    sources: &Sources,
    first: bool,
) -> Result<Recipe, String> {
    let mut sources = sources.clone();
    let text = args.recipe.as_deref().map(recipe::read).transpose()?;
    let file = args.recipe.as_deref().zip(text.as_deref());
    let file = file.map(|(path, text)| (sources.add(path.display().to_string(), text), text));
    let (recipe, problems) = Recipe::resolve(&net.graph().settings, file, args.epochs);
    if first {
        show(&problems, &sources);
    }
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
            leave(INTERRUPTED);
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

fn head(training: &Training, data: &Dataset, machine: &Machine, group: Option<&Group>) -> String {
    let hardware = machine.hardware();
    let place = match hardware.gpu {
        Some(gpu) => format!("{} ({gpu})", hardware.device),
        None => format!("{} ({}, {} threads)", hardware.device, hardware.cpu, hardware.threads),
    };
    let ranks = group.map_or(String::new(), |group| format!(", {} ranks", group.size()));
    let rows = training.rows.as_ref().map_or(0, Vec::len);
    let note = data.note.as_ref().map_or(String::new(), |note| format!("{note}\n"));
    let after = if rows > 0 { format!("going on after epoch {rows}\n") } else { String::new() };
    format!(
        "{}: {} params, {} on {place}{ranks}\n{}: {} training and {} test images\n{note}{after}",
        training.net.graph().name,
        thousands(training.net.params()),
        machine.precision,
        data.name,
        used(training.limits[0], data.train.len()),
        used(training.limits[1], data.test.len()),
    )
}

fn result(report: &RunReport, recipe: &Recipe, data: &Dataset, out: &Path) -> String {
    let how = match report.outcome {
        Outcome::Interrupted => "interrupted after",
        Outcome::Finished | Outcome::Running | Outcome::Failed => "finished",
    };
    let mut text = match report.rows.last() {
        Some(row) => {
            let (done, percent, time) = (epochs(row.epoch), row.test_acc * 100.0, row.total_time);
            format!("{how} {done}: test accuracy {percent:.2}% in {time:.1} s")
        }
        None => "interrupted in the first epoch".to_string(),
    };
    if let Some(published) = recipe.accuracy.filter(|_| data.name == "cifar10") {
        text += &format!(" (published: {published}%)");
    }
    text += &format!("\nwritten to {}\n", out.display());
    if report.outcome == Outcome::Interrupted {
        text += &format!("to go on: netc train --resume {}\n", out.display());
    }
    text
}
