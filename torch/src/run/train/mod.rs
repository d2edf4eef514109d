//! The loop that trains a net.

pub(in crate::run) mod batches;
pub(in crate::run) mod epoch;
pub(in crate::run) mod fits;
pub(in crate::run) mod ghost;
pub(in crate::run) mod state;
pub(in crate::run) mod statistics;
pub(in crate::run) mod stepper;
pub(in crate::run) mod whiten;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use netc::check::Checked;
use netc::passes::{Optimised, Purpose, optimise};
use netc::recipe::Recipe;
use netc::run::augment::Augmentation;
use netc::run::data::Dataset;
use netc::run::{EpochRow, Journal, LIBTORCH, Method, Outcome, RunError, RunInfo};
use tch::{TchError, Tensor};

use crate::lower::kernels::aten;
use crate::lower::{At, Objective, TorchNet};
use crate::run::Batches;
use crate::run::Machine;
use crate::run::dist::Group;
use crate::run::dist::SyncNorm;
use crate::run::evaluate::Evaluated;
use crate::run::evaluate::Score;
use crate::run::evaluate::evaluate_until;
use crate::run::store::checkpoint;
use crate::run::store::facts::Facts;
use crate::run::train::epoch::Epoch;
use crate::run::train::epoch::Part;
use crate::run::train::epoch::Pass;
use crate::run::train::epoch::augmentation;
use crate::run::train::fits::fits;
use crate::run::train::fits::has_images;
use crate::run::train::ghost::GhostNorm;
use crate::run::train::state::State;
use crate::run::train::state::copy;
use crate::run::train::statistics::Batching;
use crate::run::train::stepper::Stepper;
use crate::run::train::whiten::whiten;

/// One training.
#[derive(Debug)]
pub struct Job<'a> {
    /// The net.
    pub net: &'a Checked,
    /// How to train it.
    pub recipe: &'a Recipe,
    /// The data.
    pub data: &'a Dataset,
    /// Use only the first training examples, this many.
    pub limit_train: Option<usize>,
    /// Use only the first test examples, this many.
    pub limit_test: Option<usize>,
    /// The seed of weights, order, augmentation and dropout.
    pub seed: u64,
    /// Where to compute.
    pub machine: Machine,
    /// How often the state is saved before the end, at most; always after a whole epoch.
    pub save_every: Duration,
    /// Where to resume an interrupted training.
    pub resume: Option<Resume<'a>>,
    /// The processes that train it together, if there are several.
    pub group: Option<&'a Arc<Group>>,
    /// How it is computed.
    pub method: &'a Method,
    /// Ends the training after the current step.
    pub stop: &'a AtomicBool,
}

/// An interrupted training.
#[derive(Debug, Clone, Copy)]
pub struct Resume<'a> {
    /// Its checkpoint.
    pub checkpoint: &'a Path,
    /// The epochs that it completed, at least up to the checkpoint's.
    pub rows: &'a [EpochRow],
}

/// What happens during a training.
#[derive(Debug, Clone)]
pub enum Event {
    /// Training starts; everything is loaded.
    Start(Box<RunInfo>),
    /// Progress within an epoch.
    Progress {
        /// From 1.
        epoch: u32,
        /// Images seen in it.
        seen: usize,
        /// Images in it.
        images: usize,
        /// Mean loss and accuracy so far in it.
        score: Score,
        /// Images per second in it.
        rate: f64,
    },
    /// An epoch's training is over, its test begins.
    Testing {
        /// From 1.
        epoch: u32,
    },
    /// An epoch is over.
    Epoch(EpochRow),
    /// The last checkpoint cannot be used, and the previous one is used instead.
    Earlier {
        /// What is wrong with the last.
        reason: String,
        /// The file that is used.
        used: PathBuf,
    },
}

/// How a training ended.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// Finished or interrupted.
    pub outcome: Outcome,
    /// Every whole epoch.
    pub rows: Vec<EpochRow>,
}

/// Trains a net and records it in the journal. Every rank does so, rank 0 with the real journal.
///
/// On one machine's CPU the same job gives bit-identical numbers, also if it was interrupted and
/// resumed.
///
/// # Errors
/// Data or a checkpoint that do not fit the net, a loss that is not finite, a rank that is gone,
/// and errors of the journal, libtorch or the file system.
pub fn train(
    job: &Job<'_>,
    journal: &mut dyn Journal,
    report: &mut dyn FnMut(Event),
) -> Result<RunReport, RunError> {
    job.recipe.validate()?;
    fits(job.net, job.data)?;
    has_images(job.data, [job.limit_train, job.limit_test])?;
    Batching::of(job).has_variance(job.net)?;
    let trained = optimise(job.net, Purpose::Training, &job.method.passes)?;
    let tested = optimise(trained.net(), Purpose::Evaluation, &job.method.passes)?;
    let mut net =
        TorchNet::new(trained.net(), job.seed, job.machine.device, job.machine.precision)?;
    let data = job.data;
    let what = augmentation(job.recipe);
    let training = Batches::new(data, &data.train, job.limit_train, what, job.machine.device)?;
    let testing =
        Batches::new(data, &data.test, job.limit_test, Augmentation::NONE, job.machine.device)?;
    if let Some(group) = job.group {
        enough_for_all(group, training.count(), job.recipe.batch_size)?;
        if job.method.sync_norm {
            net.set_training_norm(Box::new(SyncNorm(Arc::clone(group))));
        }
    }
    if job.method.deterministic {
        aten::deterministic();
    }
    if job.recipe.ghost_batch > 0 {
        if job.method.sync_norm {
            let message = "statistics are of all ranks with --sync-bn, and of groups of images with `ghost_batch`: choose one";
            return Err(RunError::Data(message.into()));
        }
        net.set_training_norm(Box::new(GhostNorm { images: job.recipe.ghost_batch }));
    }
    whiten(&net, &training, job.recipe)?;
    let mut state = State::new(net, job.recipe).at("the state of the training")?;
    if job.method.without.plain_descent() {
        state.optimiser = state.optimiser.plain();
    }
    let (rows, part) = match job.resume {
        Some(resume) => resumed(job, resume, &mut state, report)?,
        None => (Vec::new(), Part::default()),
    };
    let net = &state.net;
    if let Some(group) = job.group {
        let weights: Vec<Tensor> = net
            .weights()
            .iter()
            .map(|w| w.tensor.f_detach())
            .collect::<Result<_, _>>()
            .at("the weights")?;
        group.broadcast(&weights.iter().collect::<Vec<_>>())?;
    }
    let batch = job.recipe.batch_size.min(training.count());
    let stepper = Stepper::new(net, batch, job.recipe, (job.method, job.machine))?;
    let info = RunInfo {
        after_epoch: rows.len() as u32,
        data_sha256: journal.hashes_data().then(|| data.sha256()),
        ..info(job, &training, &testing)
    };
    journal.start(&info)?;
    report(Event::Start(Box::new(info)));
    let result = epochs(
        job,
        (stepper, state),
        (rows, part),
        (&training, &testing, &tested),
        journal,
        report,
    );
    journal.end(result.as_ref().map_or(Outcome::Failed, |report| report.outcome))?;
    result
}

/// Trains from after the epochs in `rows` and a part of the next one.
fn epochs(
    job: &Job<'_>,
    (mut stepper, mut state): (Stepper, State),
    (mut rows, part): (Vec<EpochRow>, Part),
    (batches, testing, tested): (&Batches, &Batches, &Optimised),
    journal: &mut dyn Journal,
    report: &mut dyn FnMut(Event),
) -> Result<RunReport, RunError> {
    let schedule = job.recipe.schedule();
    warm_up(job, &mut stepper, &state, batches)?;
    let mut total_time = rows.last().map_or(0.0, |row| row.total_time);
    let (mut outcome, mut saved, mut part) = (Outcome::Finished, Instant::now(), part);
    for number in rows.len() as u32 + 1..=job.recipe.epochs {
        let epoch = Epoch { job, batches, schedule: &schedule, number };
        let done = rows.len();
        let mut keep = |state: &State, part: Part| save(job, state, done, part, journal);
        let pass = epoch.train(
            (&mut stepper, &mut state),
            std::mem::take(&mut part),
            &mut keep,
            report,
        )?;
        let (train, whole) = match pass {
            Pass::Whole(score, whole) => (score, whole),
            Pass::Stopped(part) => {
                save(job, &state, rows.len(), part, journal)?;
                outcome = Outcome::Interrupted;
                break;
            }
        };
        report(Event::Testing { epoch: number });
        let Some((test, test_time)) = tests(job, &state, testing, tested)? else {
            save(job, &state, rows.len(), whole, journal)?;
            outcome = Outcome::Interrupted;
            break;
        };
        let train_time = whole.time;
        total_time += train_time + test_time;
        let row = EpochRow {
            epoch: number,
            lr: schedule.at(number.into()),
            train_time,
            train: train.metrics,
            test_time,
            test: test.metrics,
            total_time,
        };
        journal.epoch(&row)?;
        report(Event::Epoch(row));
        rows.push(row);
        if number == job.recipe.epochs {
            break;
        }
        // Several ranks agree on it at their next step.
        let stop = job.group.is_none() && job.stop.load(Ordering::Relaxed);
        if stop || saved.elapsed() >= job.save_every {
            save(job, &state, rows.len(), Part::default(), journal)?;
            saved = Instant::now();
        }
        if stop {
            outcome = Outcome::Interrupted;
            break;
        }
    }
    if let Some(path) = journal.weights().filter(|_| outcome == Outcome::Finished && is_first(job))
    {
        state.is_finite()?;
        checkpoint::save_trained(
            &path,
            &state.tested(),
            &Facts::of(job, rows.len(), Part::default()),
        )?;
        let _ = std::fs::remove_file(checkpoint::before(&journal.checkpoint()));
    }
    Ok(RunReport { outcome, rows })
}

/// A warm-up step that changes nothing, so that one-time costs, such as the first allocation, do
/// not count for an epoch.
fn warm_up(
    job: &Job<'_>,
    stepper: &mut Stepper,
    state: &State,
    batches: &Batches,
) -> Result<(), RunError> {
    let size = job.recipe.batch_size.min(batches.count());
    let share = job.group.map_or(0..size, |group| group.share(0, size));
    let batch = batches.plain(share.start, share.len()).at("the images")?;
    let statistics =
        state.net.weights().iter().filter(|weight| !weight.trained).map(|weight| &weight.tensor);
    let kept = statistics.map(|tensor| Ok((tensor, copy(tensor)?)));
    let kept: Vec<(&Tensor, Tensor)> = kept.collect::<Result<_, TchError>>().at("the weights")?;
    stepper.step(state, &batch, Objective::of(job.recipe), 0)?;
    tch::no_grad(|| kept.iter().try_for_each(|(tensor, was)| tensor.shallow_clone().f_copy_(was)))
        .at("the weights")?;
    Ok(())
}

/// The test after an epoch, and its seconds; `None` if it was asked to stop.
fn tests(
    job: &Job<'_>,
    state: &State,
    testing: &Batches,
    tested: &Optimised,
) -> Result<Option<(Score, f64)>, RunError> {
    let start = Instant::now();
    let net = state.tested();
    if let Some(group) = job.group {
        let buffers: Vec<&Tensor> =
            net.weights().iter().filter(|w| !w.trained).map(|w| &w.tensor).collect();
        group.broadcast(&buffers)?;
    }
    let Evaluated { score, stopped, tuned } = evaluate_until(
        (&net, tested),
        (testing, job.recipe.test_views),
        (job.method, job.machine),
        (job.group, job.stop),
    )?;
    let time = start.elapsed().saturating_sub(tuned).as_secs_f64();
    Ok((!stopped).then_some((score, time)))
}

fn is_first(job: &Job<'_>) -> bool {
    job.group.is_none_or(|group| group.rank() == 0)
}

fn save(
    job: &Job<'_>,
    state: &State,
    epochs: usize,
    part: Part,
    journal: &dyn Journal,
) -> Result<(), RunError> {
    state.is_finite()?;
    match is_first(job) {
        true => checkpoint::save_state(&journal.checkpoint(), state, &Facts::of(job, epochs, part)),
        false => Ok(()),
    }
}

/// Checks that every rank has an image of every batch: one without would leave the others waiting.
fn enough_for_all(group: &Group, images: usize, batch_size: usize) -> Result<(), RunError> {
    let smallest = match images % batch_size {
        0 => batch_size,
        rest => rest,
    };
    if smallest < group.size() {
        return Err(RunError::Data(format!(
            "a batch of {smallest} of the {images} images cannot be shared by {} ranks; change `batch_size` or --limit-train",
            group.size()
        )));
    }
    Ok(())
}

/// Restores everything that training changes from a checkpoint; returns the epochs up to there,
/// and the progress in the next one. If the checkpoint is damaged, the previous one is used.
fn resumed(
    job: &Job<'_>,
    resume: Resume<'_>,
    state: &mut State,
    report: &mut dyn FnMut(Event),
) -> Result<(Vec<EpochRow>, Part), RunError> {
    match left_by(job, resume, resume.checkpoint, state) {
        Err(error) if is_unusable(&error) && checkpoint::has_before(resume.checkpoint) => {
            let before = checkpoint::before(resume.checkpoint);
            let Ok(found) = left_by(job, resume, &before, state) else { return Err(error) };
            report(Event::Earlier { reason: error.to_string(), used: before });
            // The next save keeps the last checkpoint in the place of this one.
            if job.group.is_none() {
                checkpoint::put_back(resume.checkpoint, state)?;
            }
            Ok(found)
        }
        found => found,
    }
}

/// Whether a checkpoint is damaged, so that the previous one may be better.
fn is_unusable(error: &RunError) -> bool {
    matches!(error, RunError::Damaged { .. } | RunError::Io { .. } | RunError::NotInLog { .. })
}

/// Restores everything that training changes from one checkpoint.
fn left_by(
    job: &Job<'_>,
    resume: Resume<'_>,
    path: &Path,
    state: &mut State,
) -> Result<(Vec<EpochRow>, Part), RunError> {
    let found = checkpoint::load_state(path, state, job.recipe.epochs)?;
    found.is_of(job, path)?;
    let logged = resume.rows.len();
    if found.epochs > logged {
        return Err(RunError::NotInLog {
            path: path.into(),
            epochs: found.epochs.to_string(),
            logged,
        });
    }
    if !found.part.sound(job.recipe.task()) {
        let reason = "it does not say how far its epoch is".into();
        return Err(RunError::Damaged { path: path.into(), reason });
    }
    Ok((resume.rows[..found.epochs].to_vec(), found.part))
}

fn info(job: &Job<'_>, training: &Batches, testing: &Batches) -> RunInfo {
    RunInfo {
        net: job.net.graph().name.clone(),
        outcome: Outcome::Running,
        seed: job.seed,
        data: job.data.name.clone(),
        data_path: job.data.path.clone().filter(|path| path.to_str().is_some()),
        data_mark: None,
        data_sha256: None,
        image: job.data.image,
        classes: job.data.classes.clone(),
        normalisation: Some(job.data.normalisation.clone()),
        train_examples: training.count(),
        test_examples: testing.count(),
        params: job.net.params(),
        precision: job.machine.precision,
        method: job.method.clone(),
        hardware: job.machine.hardware(),
        netc: env!("CARGO_PKG_VERSION").into(),
        libtorch: LIBTORCH.into(),
        after_epoch: 0,
        attempts: Vec::new(),
        last: None,
    }
}
