use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::augment::{Augmentation, Draws};
use super::data::Dataset;
use super::evaluate::{Score, Tally, evaluate, fits, sum_of_losses};
use super::{
    Batches, EpochRow, Machine, Outcome, Recipe, RunError, RunFolder, RunInfo, Schedule, Sgd, checkpoint,
};
use crate::check::Checked;
use crate::lower::{At, Mode, TorchNet, seed};

/// The libtorch that tch 0.24 builds against; it accepts no other.
const LIBTORCH: &str = "2.11.0";
/// How often a running epoch reports. A report waits for the device.
const REPORT_EVERY: Duration = Duration::from_millis(250);
/// How often the weights are saved before the end, at most.
const SAVE_EVERY: Duration = Duration::from_secs(60);

/// One training.
#[derive(Debug)]
pub struct Job<'a> {
    /// The net.
    pub net: &'a Checked,
    /// Its text, resolved; kept beside the weights.
    pub text: &'a str,
    /// How to train it.
    pub recipe: &'a Recipe,
    /// What on.
    pub data: &'a Dataset,
    /// Use only so many training examples, the first ones.
    pub limit_train: Option<usize>,
    /// Use only so many test examples, the first ones.
    pub limit_test: Option<usize>,
    /// The seed of weights, order, augmentation and dropout.
    pub seed: u64,
    /// Where to compute.
    pub machine: Machine,
    /// The run folder.
    pub out: &'a Path,
    /// Ends the training after the step under way.
    pub stop: &'a AtomicBool,
}

/// What happens during a training.
#[derive(Debug, Clone)]
pub enum Event {
    /// Training starts; everything is loaded.
    Start(Box<RunInfo>),
    /// An epoch goes on.
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
}

/// How a training ended.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// Finished or interrupted.
    pub outcome: Outcome,
    /// Every whole epoch.
    pub rows: Vec<EpochRow>,
    /// The run folder.
    pub folder: PathBuf,
}

/// Trains a net and writes its run folder.
///
/// # Errors
/// Data that does not fit the net, a folder with a finished run, a loss that is no number, and what
/// libtorch or the file system refuse.
pub fn train(job: &Job<'_>, report: &mut dyn FnMut(Event)) -> Result<RunReport, RunError> {
    fits(job.net, job.data)?;
    let net = TorchNet::new(job.net, job.seed, job.machine.device, job.machine.precision)?;
    let data = job.data;
    let training = Batches::new(data, &data.train, job.limit_train, augmentation(job), job.machine.device)?;
    let testing = Batches::new(data, &data.test, job.limit_test, Augmentation::NONE, job.machine.device)?;
    let info = info(job, &training, &testing);
    let mut folder = RunFolder::create(job.out, info.clone(), job.text, &job.recipe.to_yaml())?;
    report(Event::Start(Box::new(info)));
    let result = epochs(job, &net, &training, &testing, &mut folder, report);
    folder.end(result.as_ref().map_or(Outcome::Failed, |report| report.outcome))?;
    result
}

/// The training itself.
fn epochs(
    job: &Job<'_>,
    net: &TorchNet,
    training: &Batches,
    testing: &Batches,
    folder: &mut RunFolder,
    report: &mut dyn FnMut(Event),
) -> Result<RunReport, RunError> {
    let schedule = job.recipe.schedule();
    let mut optimiser = Sgd::new(net, job.recipe).at("the optimiser")?;
    let (mut rows, mut outcome) = (Vec::new(), Outcome::Finished);
    let (mut total_time, mut saved) = (0.0, Instant::now());
    for epoch in 1..=job.recipe.epochs {
        let start = Instant::now();
        let Some(train) = train_epoch(job, net, training, &schedule, &mut optimiser, epoch, report)? else {
            outcome = Outcome::Interrupted;
            break;
        };
        let train_time = start.elapsed().as_secs_f64();
        report(Event::Testing { epoch });
        let start = Instant::now();
        let test = evaluate(net, testing)?;
        let test_time = start.elapsed().as_secs_f64();
        total_time += train_time + test_time;
        let row = EpochRow {
            epoch,
            lr: schedule.at(epoch.into()),
            train_time,
            train_loss: train.loss,
            train_acc: train.accuracy,
            test_time,
            test_loss: test.loss,
            test_acc: test.accuracy,
            total_time,
        };
        folder.epoch(&row)?;
        report(Event::Epoch(row));
        rows.push(row);
        if saved.elapsed() > SAVE_EVERY && epoch < job.recipe.epochs {
            save(job, net, folder, rows.len())?;
            saved = Instant::now();
        }
    }
    save(job, net, folder, rows.len())?;
    Ok(RunReport { outcome, rows, folder: job.out.into() })
}

/// One pass over the training set; `None` if it was asked to stop.
fn train_epoch(
    job: &Job<'_>,
    net: &TorchNet,
    batches: &Batches,
    schedule: &Schedule,
    optimiser: &mut Sgd,
    epoch: u32,
    report: &mut dyn FnMut(Event),
) -> Result<Option<Score>, RunError> {
    let (count, batch_size) = (batches.count(), job.recipe.batch_size);
    let steps = count.div_ceil(batch_size);
    let [_, height, width] = job.data.image;
    let draws = Draws::new(job.seed, epoch, count, [height, width], augmentation(job));
    let places = batches.epoch(&draws).at("augmentation")?;
    let mut tally = Tally::new(net).at("the loss")?;
    let (start, mut reported) = (Instant::now(), Instant::now());
    for step in 0..steps {
        let first = step * batch_size;
        let size = batch_size.min(count - first);
        let (images, labels) = batches.training(&places, first, size).at("augmentation")?;
        let seed = seed::derive(job.seed, &format!("dropout {epoch} {step}")).unsigned_abs();
        let logits = net.forward(&images, Mode::Train { seed })?;
        let loss = sum_of_losses(&logits, &labels).at("the loss")?;
        let gradients = optimiser.gradients(&loss).at("the gradients")?;
        let lr = schedule.at(f64::from(epoch - 1) + (step + 1) as f64 / steps as f64);
        optimiser.step(&gradients, lr).at("the optimiser")?;
        tally.add(&logits, &labels, &loss, size).at("the loss")?;
        let last = step + 1 == steps;
        if last || reported.elapsed() > REPORT_EVERY {
            let score = tally.score().at("the loss")?;
            if !score.loss.is_finite() {
                return Err(RunError::Diverged { loss: score.loss, epoch, step: step + 1 });
            }
            let seen = first + size;
            let rate = seen as f64 / start.elapsed().as_secs_f64();
            report(Event::Progress { epoch, seen, images: count, score, rate });
            reported = Instant::now();
        }
        if job.stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
    }
    tally.score().at("the loss").map(Some).map_err(Into::into)
}

fn augmentation(job: &Job<'_>) -> Augmentation {
    let Recipe { crop_pad, flip, cutout, .. } = *job.recipe;
    Augmentation { crop_pad, flip, cutout }
}

fn info(job: &Job<'_>, training: &Batches, testing: &Batches) -> RunInfo {
    RunInfo {
        net: job.net.graph().name.clone(),
        outcome: Outcome::Running,
        seed: job.seed,
        data: job.data.name.clone(),
        data_folder: job.data.folder.clone(),
        train_examples: training.count(),
        test_examples: testing.count(),
        params: job.net.params(),
        precision: job.machine.precision,
        hardware: job.machine.hardware(),
        netc: env!("CARGO_PKG_VERSION").into(),
        libtorch: LIBTORCH.into(),
        last: None,
    }
}

fn save(job: &Job<'_>, net: &TorchNet, folder: &RunFolder, epochs: usize) -> Result<(), RunError> {
    let facts = serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"),
        "net": job.net.graph().name,
        "epochs": epochs,
    });
    checkpoint::save(&folder.file(RunFolder::CHECKPOINT), net, Some(facts))
}
