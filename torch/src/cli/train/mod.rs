//! `netc train`.

mod begun;
mod resumed;
mod summary;
mod training;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use netc::cli::PROBLEMS;
use netc::cli::out::{Log, error, tell, warning};
use netc::cli::train::args::{TrainArgs, Viewer};
use netc::cli::train::data::load_with_progress;
use netc::lower::Processor;
use netc::lower::cpu::Features;
use netc::passes::Purpose;
use netc::run::tensorboard::EventFile;
use netc::run::{DeviceChoice, Method, NoJournal, Outcome};

use super::advice::{Failed, advice, enough_memory};
use super::progress::TrainingView;
use super::verify;
use crate::run::Board;
use crate::run::dist::{Group, gpu_of};
use crate::run::{Job, Machine, Resume, fine_tune, leave};

use begun::begun;
use resumed::resumed;
use summary::{head, result};
use training::Training;

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
        warn_of(&training.method, machine);
    }
    let mut data = load_with_progress(&training.data).map_err(|e| e.to_string())?;
    if let Some(before) = &training.before {
        before.info.prepare(&mut data).map_err(|e| e.to_string())?;
        if first {
            before.compare(&machine);
        }
    }
    let images = training.images_of_step(data.train.len(), group.as_deref());
    enough_memory(&training.net, images, training.method.conv, machine)
        .map_err(|why| format!("no training: {why}"))?;
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

/// Warns if the choice of convolutions has no effect, or costs accuracy.
pub(super) fn warn_of(method: &Method, machine: Machine) {
    let processor = match machine.device.is_cuda() {
        true => Processor::Cuda,
        false => Processor::Cpu(Features::detect()),
    };
    if let Some(message) = method.conv_warning(machine.precision, processor) {
        warning(&message);
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
