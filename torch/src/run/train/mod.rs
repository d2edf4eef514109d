//! The loop that trains a net.

pub(in crate::run) mod batches;
pub(in crate::run) mod device_step;
pub(in crate::run) mod epoch;
mod epochs;
pub(in crate::run) mod event;
pub(in crate::run) mod fits;
pub(in crate::run) mod host_step;
pub(in crate::run) mod job;
pub(in crate::run) mod part;
mod resume;
pub(in crate::run) mod state;
pub(in crate::run) mod statistics;
pub(in crate::run) mod stepper;
pub(in crate::run) mod tuning;
pub(in crate::run) mod whiten;

use netc::lower::Numbers;
use netc::passes::{Purpose, optimise};
use netc::recipe::Recipe;
use netc::run::augment::Augmentation;
use netc::run::{Journal, LIBTORCH, Outcome, RunError, RunInfo};
use tch::Tensor;

use self::batches::Batches;
use self::epoch::augmentation;
use self::epochs::Trainer;
pub use self::event::{Event, RunReport};
use self::fits::has_images;
pub use self::fits::{Images, trainable};
pub use self::job::{Job, Resume};
use self::part::Part;
use self::state::State;
use self::statistics::Batching;
use self::stepper::Stepper;
use self::whiten::whiten;
use crate::lower::kernels::aten;
use crate::lower::{At, GhostNorm, TorchNet};
use crate::run::dist::{Group, SyncNorm};

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
    fine_tune(job, &[], journal, report)
}

/// The same from these weights of the net, by name, and drawn ones for the rest.
///
/// # Errors
/// Those of [`train`].
pub fn fine_tune(
    job: &Job<'_>,
    start: &[Numbers],
    journal: &mut dyn Journal,
    report: &mut dyn FnMut(Event),
) -> Result<RunReport, RunError> {
    has_images(job.data, [job.limit_train, job.limit_test])?;
    let images = Images::of(job.data, job.limit_train);
    trainable(job.net, job.recipe, images)?;
    Batching::of(images, job.recipe).shared(job).has_variance(job.net)?;
    // The rate is for the mean loss of a batch, also where there are fewer images.
    let batch_size = job.recipe.batch_size.min(images.count);
    let job = &Job { recipe: &Recipe { batch_size, ..job.recipe.clone() }, ..*job };
    let trained = optimise(job.net, Purpose::Training, &job.method.passes)?;
    let tested = optimise(trained.net(), Purpose::Evaluation, &job.method.passes)?;
    let mut net =
        TorchNet::new(trained.net(), job.seed, job.machine.device, job.machine.precision)?;
    net.freeze(&job.recipe.freeze)?;
    let data = job.data;
    let what = augmentation(job.recipe);
    let training = Batches::new(data, &data.train, job.limit_train, what, job.machine.device)?;
    let testing =
        Batches::new(data, &data.test, job.limit_test, Augmentation::NONE, job.machine.device)?;
    if let Some(group) = job.group {
        group.on(job.machine.device)?;
        enough_for_all(group, training.count(), job.recipe.batch_size)?;
        if job.method.sync_norm {
            net.set_training_norm(Box::new(SyncNorm::new(group, job.machine.device)?));
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
    begin_with(&net, start)?;
    let mut state = State::new(net, job.recipe).at("the state of the training")?;
    if job.method.without.plain_descent() {
        state.optimiser = state.optimiser.plain();
    }
    let (rows, part) = match job.resume {
        Some(from) => resume::resume(job, from, &mut state, journal, report)?,
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
    let stepper = Stepper::new(job, &training, &state)?;
    let info = RunInfo {
        after_epoch: rows.len() as u32,
        data_sha256: journal.hashes_data().then(|| data.sha256()),
        ..info(job, &training, &testing)
    };
    journal.start(&info)?;
    if !start.is_empty() && job.resume.is_none() {
        // What is interrupted before its first checkpoint starts from these weights again.
        epochs::save(job, &state, 0, Part::default(), journal)?;
    }
    report(Event::Start(Box::new(info)));
    let device_test = None;
    let run = Trainer { job, training, testing, tested, stepper, device_test, state, rows, part };
    let result = run.run(journal, report);
    let ended = journal.end(result.as_ref().map_or(Outcome::Failed, |report| report.outcome));
    // A write may fail because the destination was taken away just then.
    result
        .and_then(|report| ended.map(|()| report))
        .map_err(|error| journal.checkpoint().err().unwrap_or(error))
}

/// Writes initial weights into a net.
fn begin_with(net: &TorchNet, start: &[Numbers]) -> Result<(), RunError> {
    for tensor in start {
        if let Some(weight) = net.weights().iter().find(|weight| weight.name == tensor.name) {
            weight.set_values(&tensor.values).at(&tensor.name)?;
        }
    }
    Ok(())
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
