use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use netc::check::Checked;
use netc::cli::PROBLEMS;
use netc::cli::export::source::net_of_run;
use netc::cli::net::blocks_alone;
use netc::cli::out::{Log, error, note, show, tell, warning};
use netc::cli::table::{echo_overrides, thousands};
use netc::cli::train::args::{TrainArgs, Viewer};
use netc::cli::train::data::load_with_progress;
use netc::cli::train::weights::start_weights;
use netc::compile;
use netc::diag::Sources;
use netc::lower::cpu::Features;
use netc::lower::{ConvChoice, Optimisation, StartWeights};
use netc::passes::Purpose;
use netc::recipe::{Layers, Recipe};
use netc::run::data::Dataset;
use netc::run::tensorboard::EventFile;
use netc::run::{
    DeviceChoice, EpochRow, Method, NoJournal, Outcome, PrecisionChoice, RunAttempt, RunError,
    RunFolder, RunInfo,
};
use netc::search::report::epochs;
use netc::search::unlike_published;
use netc::syntax::parse;

use super::advice::{Failed, advice, data_of_run, quoted};
use super::progress::{TrainingView, scored};
use super::verify;
use crate::run::Board;
use crate::run::dist::{Group, gpu_of};
use crate::run::{Job, Machine, Resume, RunReport, fine_tune, leave};

/// The exit code of a run that was asked to stop: 128 plus SIGINT.
pub(super) const INTERRUPTED: u8 = 130;

pub(super) fn run(args: &TrainArgs) -> ExitCode {
    match go(args) {
        Ok((Outcome::Interrupted, _)) => ExitCode::from(INTERRUPTED),
        Ok((Outcome::Finished | Outcome::Running | Outcome::Failed, log)) => log.code(),
        Err(message) => {
            error(&message);
            ExitCode::from(PROBLEMS)
        }
    }
}

/// What to train, and where it is recorded.
struct Training {
    /// A description of what `--set` changed.
    overrides: String,
    net: Checked,
    recipe: Recipe,
    data: String,
    limits: [Option<usize>; 2],
    seed: u64,
    precision: PrecisionChoice,
    method: Method,
    folder: RunFolder,
    /// What it starts from, if not from drawn weights.
    start: Option<StartWeights>,
    /// The interrupted run, if it resumes one.
    before: Option<Before>,
}

/// The state of an interrupted run.
struct Before {
    info: RunInfo,
    /// The epochs in its log.
    rows: Vec<EpochRow>,
    /// Its checkpoint, if there is one yet.
    checkpoint: Option<PathBuf>,
}

fn go(args: &TrainArgs) -> Result<(Outcome, Log), String> {
    let mut log = Log::default();
    let group = Group::from_env().map_err(|e| e.to_string())?.map(Arc::new);
    let first = group.as_ref().is_none_or(|group| group.rank() == 0);
    let mut training = match &args.resume {
        Some(run) => resumed(run, args.data.as_deref(), first)?,
        None => begun(args, first)?,
    };
    if args.verify_passes {
        for purpose in [Purpose::Training, Purpose::Evaluation] {
            verify::trusted(&training.net, purpose, &training.method.passes)?;
        }
    }
    let device = match (&group, args.machine.device) {
        (Some(group), DeviceChoice::Auto) if Machine::gpus() > 0 => {
            DeviceChoice::Cuda(gpu_of(group.local_rank(), Machine::gpus())?)
        }
        (_, device) => device,
    };
    let machine = Machine::choose(device, training.precision).map_err(|e| e.to_string())?;
    if first {
        warn_of(training.method.conv, machine);
    }
    let mut data = load_with_progress(&training.data).map_err(|e| e.to_string())?;
    if let Some(before) = &training.before {
        before.info.prepare(&mut data).map_err(|e| e.to_string())?;
        if first {
            before.compare(&machine);
        }
    }
    let stop = stop_on_interrupt()?;
    if first {
        log.print(
            &(training.overrides.clone() + &head(&training, &data, &machine, group.as_deref())),
        );
    }
    let resume = training.before.as_ref().and_then(|before| {
        before.checkpoint.as_deref().map(|checkpoint| Resume { checkpoint, rows: &before.rows })
    });
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
        resume,
        group: group.as_ref(),
        method: &training.method,
        stop: &stop,
    };
    if !first {
        let start = training.start.as_ref().map_or(&[][..], |start| &start.found);
        return fine_tune(&job, start, &mut NoJournal, &mut |_| {})
            .map(|report| (report.outcome, log))
            .map_err(|e| e.to_string());
    }
    training.folder.claim().map_err(|error| advice(&error, &training.folder.path()))?;
    let mut view = TrainingView::new(&training.recipe, log);
    let mut board = viewer(args, &training);
    let start = training.start.as_ref().map_or(&[][..], |start| &start.found);
    let report = fine_tune(&job, start, &mut training.folder, &mut |event| {
        view.show(&event);
        // A viewer's file that cannot be written is no reason to end the training.
        if let Some(Err(error)) = board.as_mut().map(|board| board.show(&event)) {
            warning(&format!("{error}; the training goes on without --log"));
            board = None;
        }
    });
    let mut log = view.end();
    let report = report.map_err(|error| {
        let Training { net, recipe, method, folder, .. } = &training;
        Failed { net, recipe, method, machine, out: &folder.path() }.advice(&error)
    })?;
    log.print(&result(&report, &training, &data));
    Ok((report.outcome, log))
}

/// Warns on standard error what the choice of convolutions costs in accuracy.
pub(super) fn warn_of(conv: ConvChoice, machine: Machine) {
    let cost = conv.warning(machine.precision, Features::detect());
    if let Some(cost) = cost.filter(|_| !machine.device.is_cuda()) {
        warning(cost);
    }
}

/// The writer of event files, if requested, or if the resumed run has some.
fn viewer(args: &TrainArgs, training: &Training) -> Option<Board> {
    let asked = match args.log {
        Some(Viewer::Tensorboard) => true,
        None => args.resume.is_some() && EventFile::is_in(&training.folder.path()),
    };
    let texts = [("net", training.net.flat_text(None)), ("recipe", training.recipe.to_yaml())];
    asked.then(|| Board::new(&training.folder.path(), training.recipe.batch_size, texts.to_vec()))
}

/// A new training. Of several ranks only the first one reports problems.
fn begun(args: &TrainArgs, first: bool) -> Result<Training, String> {
    let file = args.file.as_deref().unwrap_or(Path::new(""));
    let mut compilation = compile(file, &args.set.set);
    if first {
        show(&compilation.problems, &compilation.sources);
    }
    let Some(net) = compilation.net.take() else {
        return Err(match compilation.ok() {
            true => blocks_alone(file, "train"),
            false => "no training: the net is not sound".into(),
        });
    };
    let recipe = recipe_in_force(args, &net, &compilation.sources, first)?;
    let start = start_weights(&args.start, &net)?;
    let (text, yaml) = (readable(net.flat_text(None))?, recipe.to_yaml());
    let folder = match &args.output {
        Some(out) => RunFolder::new(out, text, yaml),
        None => {
            let name = format!("{}-{}", net.graph().name, args.seed);
            RunFolder::free(Path::new("runs"), &name, text, yaml)
        }
    };
    if first {
        folder.check().map_err(|error| advice(&error, &folder.path()))?;
    }
    let mut without = args.without.clone();
    if args.no_graph {
        without.disable(Optimisation::Graph);
    }
    Ok(Training {
        overrides: echo_overrides(&net, &args.set.set),
        folder,
        recipe,
        data: args.data.clone().unwrap_or_else(|| "cifar10".into()),
        limits: [args.limit_train, args.limit_test],
        seed: args.seed,
        precision: args.machine.precision,
        method: Method {
            executor: args.executor,
            conv: args.conv,
            passes: args.passes.clone(),
            without,
            deterministic: args.deterministic,
            sync_norm: args.sync_bn,
        },
        net,
        start,
        before: None,
    })
}

/// The flat text of a net, if it can be read back.
fn readable(flat: String) -> Result<String, String> {
    let mut sources = Sources::default();
    let id = sources.add("its flat text", flat.clone());
    match parse(&sources, id) {
        Ok(_) => Ok(flat),
        Err(problems) => {
            let why =
                problems.sorted().first().map_or(String::new(), |problem| problem.message.clone());
            Err(format!("no training: the net is too large to be read again from its run: {why}"))
        }
    }
}

/// A resumed training. Everything it depends on comes from its folder; the images come from `data`,
/// if given.
fn resumed(run: &Path, data: Option<&str>, first: bool) -> Result<Training, String> {
    let wrong = |error: RunError| advice(&error, run);
    // Of several ranks only the first one writes to the folder and locks it.
    let folder = match first {
        true => RunFolder::resume(run).map_err(wrong)?,
        false => RunFolder::new(run, String::new(), String::new()),
    };
    let info = RunFolder::info(run).map_err(wrong)?;
    if info.outcome == Outcome::Finished {
        return Err(wrong(RunError::NothingLeft(run.into())));
    }
    let net = net_of_run(run)?;
    let recipe = recipe_of_run(run, first)?;
    let log = RunFolder::log(run).map_err(wrong)?;
    let checkpoint = RunFolder::checkpoint_of(run);
    if first {
        if let Some(damage) = &log.damage {
            warning(&format!("{}: {damage}", run.join(RunFolder::LOG).display()));
        }
        if checkpoint.is_none() {
            note(&format!("{} has no checkpoint yet: it starts anew", run.display()));
        }
    }
    let data = data_of_run(data, &info, &format!("netc train --resume {}", quoted(run)))?;
    Ok(Training {
        overrides: String::new(),
        net,
        recipe,
        data,
        limits: [Some(info.train_examples), Some(info.test_examples)],
        seed: info.seed,
        precision: PrecisionChoice::Exactly(info.precision),
        method: info.method.clone(),
        folder,
        start: None,
        before: Some(Before { info, rows: log.rows, checkpoint }),
    })
}

fn recipe_of_run(run: &Path, first: bool) -> Result<Recipe, String> {
    let text = RunFolder::recipe(run).map_err(|error| error.to_string())?;
    let mut sources = Sources::default();
    let name = run.join(RunFolder::RECIPE).display().to_string();
    let file = (sources.add(name, text.clone()), text.as_str());
    let (recipe, problems) = Recipe::resolve(&[], &[file]);
    if first {
        show(&problems, &sources);
    }
    match problems.has_errors() {
        true => Err("the run's recipe is not sound".into()),
        false => Ok(recipe),
    }
}

impl Before {
    /// Reports what has changed and may change the bits of the result.
    fn compare(&self, machine: &Machine) {
        let now = RunAttempt::now(machine.hardware(), 0);
        let last = self.info.attempts.last();
        let differences = last.map_or(Vec::new(), |last| last.differences(&now));
        if !differences.is_empty() && !self.info.method.deterministic {
            note(&format!(
                "not to the same bits as without the interruption: {}",
                differences.join("; ")
            ));
        }
    }
}

fn recipe_in_force(
    args: &TrainArgs,
    net: &Checked,
    sources: &Sources,
    first: bool,
) -> Result<Recipe, String> {
    let mut sources = sources.clone();
    let layers = Layers::of(&args.recipe.recipe)?;
    let settings = &net.graph().settings;
    let (recipe, problems) = layers.resolve(settings, args.epochs, &mut sources)?;
    if first {
        show(&problems, &sources);
    }
    if problems.has_errors() {
        return Err("no training: the recipe is not sound".into());
    }
    // The published accuracy is kept where the result may be held against it.
    let data = args.data.as_deref().unwrap_or("cifar10");
    let limits = [args.limit_train, args.limit_test];
    let as_published = args.set.set.is_empty()
        && recipe.epochs == Recipe::resolve(settings, &[]).0.epochs
        && unlike_published(data, limits, &layers).is_none();
    Ok(Recipe { accuracy: recipe.accuracy.filter(|_| as_published), ..recipe })
}

/// The first interrupt asks the training to end after its step; a second one ends the process.
pub(super) fn stop_on_interrupt() -> Result<Arc<AtomicBool>, String> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let handler = move || {
        if flag.swap(true, Ordering::Relaxed) {
            leave(INTERRUPTED);
        }
        tell("\nstopping after this step; once more to stop at once\n");
    };
    ctrlc::set_handler(handler).map_err(|e| format!("cannot listen for interrupts: {e}"))?;
    Ok(stop)
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
    let rows = training.before.as_ref().filter(|before| before.checkpoint.is_some());
    let rows = rows.map_or(0, |before| before.rows.len());
    let from = training.start.as_ref().map_or(String::new(), |start| format!("from {start}\n"));
    let note = data.note.as_ref().map_or(String::new(), |note| format!("{note}\n"));
    let after = if rows > 0 { format!("going on after epoch {rows}\n") } else { String::new() };
    format!(
        "{}: {} params, {} on {place}{ranks}\n{}: {} training and {} test images\n{note}{from}{after}",
        training.net.graph().name,
        thousands(training.net.params()),
        machine.precision,
        data.name,
        used(training.limits[0], data.train.len()),
        used(training.limits[1], data.test.len()),
    )
}

fn result(report: &RunReport, training: &Training, data: &Dataset) -> String {
    let how = match report.outcome {
        Outcome::Interrupted => "interrupted after",
        Outcome::Finished | Outcome::Running | Outcome::Failed => "finished",
    };
    let mut text = match report.rows.last() {
        Some(row) => {
            let (done, time) = (epochs(row.epoch), row.total_time);
            let score = row.test.map_or("not due".into(), |test| scored(&test));
            format!("{how} {done}: test {score} in {time:.1} s")
        }
        None => "interrupted in the first epoch".to_string(),
    };
    if let Some(published) = training.recipe.accuracy.filter(|_| data.name == "cifar10") {
        text += &format!(" (published: {published}%)");
    }
    let out = training.folder.path();
    text += &format!("\nwritten to {}\n", out.display());
    if report.outcome == Outcome::Interrupted {
        text += &format!("to go on: netc train --resume {}\n", quoted(&out));
    }
    text
}
