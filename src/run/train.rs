use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::augment::{Augmentation, Draws};
use super::data::Dataset;
use super::evaluate::{Score, Tally, evaluate, fits, sum_of_losses};
use super::{
    Batches, EpochRow, Journal, LIBTORCH, Machine, Outcome, Recipe, RunError, RunInfo, Schedule, Sgd,
    checkpoint,
};
use crate::check::Checked;
use crate::lower::{At, Mode, TorchNet, seed};

/// How often a running epoch reports. A report waits for the device.
const REPORT_EVERY: Duration = Duration::from_millis(250);

/// One training.
#[derive(Debug)]
pub struct Job<'a> {
    /// The net.
    pub net: &'a Checked,
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
    /// How often the state is saved before the end, at most; always after a whole epoch.
    pub save_every: Duration,
    /// Where to go on, for a training that was cut short.
    pub resume: Option<Resume<'a>>,
    /// Ends the training after the step under way.
    pub stop: &'a AtomicBool,
}

/// A training that was cut short.
#[derive(Debug, Clone, Copy)]
pub struct Resume<'a> {
    /// What it saved after a whole epoch.
    pub checkpoint: &'a Path,
    /// The epochs that it did, at least up to the checkpoint's.
    pub rows: &'a [EpochRow],
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
}

/// Trains a net and writes it down in the journal.
///
/// On one machine, the same job gives the same numbers to the bit on a CPU, also if it was cut short and
/// resumed.
///
/// # Errors
/// Data that does not fit the net, a checkpoint that does not, a loss that is no number, and what the
/// journal, libtorch or the file system refuse.
pub fn train(
    job: &Job<'_>,
    journal: &mut dyn Journal,
    report: &mut dyn FnMut(Event),
) -> Result<RunReport, RunError> {
    fits(job.net, job.data)?;
    let net = TorchNet::new(job.net, job.seed, job.machine.device, job.machine.precision)?;
    let data = job.data;
    let training = Batches::new(data, &data.train, job.limit_train, augmentation(job), job.machine.device)?;
    let testing = Batches::new(data, &data.test, job.limit_test, Augmentation::NONE, job.machine.device)?;
    let info = info(job, &training, &testing);
    journal.start(&info)?;
    report(Event::Start(Box::new(info)));
    let result = epochs(job, &net, &training, &testing, journal, report);
    journal.end(result.as_ref().map_or(Outcome::Failed, |report| report.outcome))?;
    result
}

/// The training itself.
fn epochs(
    job: &Job<'_>,
    net: &TorchNet,
    training: &Batches,
    testing: &Batches,
    journal: &mut dyn Journal,
    report: &mut dyn FnMut(Event),
) -> Result<RunReport, RunError> {
    let schedule = job.recipe.schedule();
    let mut optimiser = Sgd::new(net, job.recipe).at("the optimiser")?;
    let mut rows = job.resume.map_or(Ok(Vec::new()), |resume| resumed(job, resume, net, &optimiser))?;
    let mut total_time = rows.last().map_or(0.0, |row| row.total_time);
    let (mut outcome, mut saved) = (Outcome::Finished, Instant::now());
    for epoch in rows.len() as u32 + 1..=job.recipe.epochs {
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
        journal.epoch(&row)?;
        report(Event::Epoch(row));
        rows.push(row);
        if saved.elapsed() >= job.save_every && epoch < job.recipe.epochs {
            let facts = facts(job, rows.len());
            checkpoint::save_state(&journal.checkpoint(), net, &optimiser, facts)?;
            saved = Instant::now();
        }
    }
    if let Some(path) = journal.weights(outcome) {
        checkpoint::save(&path, net, Some(facts(job, rows.len())))?;
    }
    Ok(RunReport { outcome, rows })
}

/// Puts net and optimiser where a checkpoint left them; the epochs up to there.
fn resumed(
    job: &Job<'_>,
    resume: Resume<'_>,
    net: &TorchNet,
    optimiser: &Sgd,
) -> Result<Vec<EpochRow>, RunError> {
    let path = resume.checkpoint;
    let found = checkpoint::load_state(path, net, optimiser)?;
    let refuse = |reason: String| RunError::Checkpoint { path: path.into(), reason };
    let expected = facts(job, 0);
    for key in ["graph", "seed"] {
        if found[key] != expected[key] {
            return Err(refuse(format!("expected {key} {}, got {}", expected[key], found[key])));
        }
    }
    let epochs = found["epochs"].as_u64().and_then(|n| usize::try_from(n).ok());
    let epochs = epochs.filter(|&n| n <= resume.rows.len());
    let epochs =
        epochs.ok_or_else(|| refuse(format!("its epochs, {}, are not in the log", found["epochs"])))?;
    Ok(resume.rows[..epochs].to_vec())
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

/// What a checkpoint says about itself.
fn facts(job: &Job<'_>, epochs: usize) -> serde_json::Value {
    serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"),
        "net": job.net.graph().name,
        "graph": job.net.graph().hash(),
        "seed": job.seed,
        "epochs": epochs,
    })
}
