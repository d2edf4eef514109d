//! Evaluation of trained nets.

pub(in crate::run) mod classify;
pub(in crate::run) mod device_test;
pub(in crate::run) mod logits;
pub(in crate::run) mod score;
mod views;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use netc::check::Checked;
use netc::diag::FileId;
use netc::passes::{Choice, Purpose, optimise};
use netc::recipe::{Recipe, TestViews};
use netc::run::augment::Augmentation;
use netc::run::data::Dataset;
use netc::run::{Confusion, Executor, Method, Origin, RunError, RunFolder};
use tch::{Device, TchError, Tensor};

use crate::lower::{At, Mode, Objective, Session, TorchNet};
use crate::run::device::Machine;
use crate::run::dist::Group;
use crate::run::probe::origin;
use crate::run::store::checkpoint;
use crate::run::train::batches::{Batch, Batches};
use crate::run::train::fits::takes;
use crate::run::train::tuning::tuning;

pub use score::Score;
use score::Tally;

/// Images in one batch of an evaluation, which affects the result only by rounding: fewer of large
/// ones, for their values are to stay in memory that is used again, and beside that of a training.
fn batch_size(batches: &Batches) -> usize {
    const MOST: usize = 1000;
    const PIXELS: usize = 1 << 21;
    let [_, height, width] = batches.image().map(|size| usize::try_from(size).unwrap_or(1));
    (PIXELS / (height * width).max(1)).min(MOST).min(batches.count()).max(1)
}

/// Runs a net over the examples, each in these views, without other augmentation. Each of several
/// ranks takes its share, and all get the whole score.
///
/// # Errors
/// A rank that is gone; errors of libtorch.
pub fn evaluate(
    net: &TorchNet,
    batches: &Batches,
    views: TestViews,
    method: &Method,
    machine: Machine,
    group: Option<&Arc<Group>>,
) -> Result<Score, RunError> {
    let (source, stop) = (net, &AtomicBool::new(false));
    let evaluation = Evaluation { net, source, batches, views, method, machine, group, stop };
    evaluation.run(&mut |_, _| Ok(())).map(|done| done.score)
}

/// How an evaluation ended.
#[derive(Debug)]
pub(in crate::run) struct Evaluated {
    pub score: Score,
    /// Whether it lacks batches, because this rank or another one was asked to stop.
    pub stopped: bool,
    /// How long the choice of algorithms took, which happens once.
    pub tuned: Duration,
}

/// An evaluation of a net on examples.
pub(in crate::run) struct Evaluation<'a> {
    pub net: &'a TorchNet,
    /// The net before it was rewritten for evaluation, in which non-finite values are searched for.
    pub source: &'a TorchNet,
    pub batches: &'a Batches,
    pub views: TestViews,
    pub method: &'a Method,
    pub machine: Machine,
    /// The processes that share it.
    pub group: Option<&'a Arc<Group>>,
    /// Ends it after the current batch.
    pub stop: &'a AtomicBool,
}

impl Evaluation<'_> {
    /// Runs it; `watch` receives the output and the targets of each batch.
    pub(in crate::run) fn run(
        &self,
        watch: &mut dyn FnMut(&Tensor, &Tensor) -> Result<(), TchError>,
    ) -> Result<Evaluated, RunError> {
        let Evaluation { net, batches, views, method, machine, group, stop, .. } = *self;
        tch::no_grad(|| {
            let mut stopped = false;
            let share = group.map_or(0..batches.count(), |group| group.share(0, batches.count()));
            let size = batch_size(batches);
            let mut tally = Tally::from(net.device(), batches.task(), &[], 0).at("evaluation")?;
            let objective = Objective::tested(batches.task());
            let mut compiled = match method.executor {
                Executor::Eager => None,
                Executor::Compiled => {
                    let most = size.min(share.len().max(1));
                    Some(Session::new(net, Purpose::Evaluation, most, &tuning(method, machine))?)
                }
            };
            for start in share.clone().step_by(size) {
                if stop.load(Ordering::Relaxed) {
                    stopped = true;
                    break;
                }
                let count = size.min(share.end - start);
                let Batch { images, targets } = batches.plain(start, count).at("evaluation")?;
                let mut output: Option<Tensor> = None;
                for (part, view) in views::views(views, &images).at("the views of the images")? {
                    let own = match &mut compiled {
                        Some(compiled) => compiled.evaluate(&view)?,
                        None => net.forward(&view, Mode::Eval)?,
                    };
                    output = Some(views::add(output, own, part).at("the output")?);
                }
                let Some(output) = output else { break };
                let loss = objective.loss(&output, &targets).at("evaluation")?;
                let sums = objective.sums(&output, &targets, &loss).at("evaluation")?;
                tally.add(&sums, count).at("evaluation")?;
                watch(&output, &targets).at("evaluation")?;
            }
            tally.sum_over(group)?;
            if let Some(group) = group {
                stopped = group.stops(stopped)?;
            }
            let tuned = compiled.as_ref().map_or(Duration::ZERO, Session::tuned);
            let score = tally.score().at("evaluation")?;
            match score.metrics.loss().is_finite() {
                true => Ok(Evaluated { score, stopped, tuned }),
                false => Err(self.not_finite(score.metrics.loss())?),
            }
        })
    }

    /// The error for a loss that is not finite, with its origin.
    fn not_finite(&self, loss: f64) -> Result<RunError, RunError> {
        let Evaluation { source: net, batches, views, .. } = *self;
        let mut origin = Origin::Loss;
        let size = batch_size(batches);
        for start in (0..batches.count()).step_by(size) {
            let count = size.min(batches.count() - start);
            let Batch { images, .. } = batches.plain(start, count).at("evaluation")?;
            for (_, view) in views::views(views, &images).at("the views of the images")? {
                origin = origin::of_evaluation(net, &view)?;
                if origin != Origin::Loss {
                    break;
                }
            }
            if origin != Origin::Loss {
                break;
            }
        }
        Ok(RunError::NotFinite { what: "the loss on the test images".into(), value: loss, origin })
    }
}

/// Evaluates the weights of a run folder on a data set's test images, in the views of the run's
/// recipe.
///
/// # Errors
/// Weights that do not fit the net; errors of libtorch.
pub fn evaluate_run(
    run: &Path,
    net: &Checked,
    data: &Dataset,
    machine: Machine,
) -> Result<Score, RunError> {
    evaluate_run_watched(run, net, data, machine, &mut |_, _| Ok(()))
}

/// Like [`evaluate_run`], and returns the confusion matrix too.
///
/// # Errors
/// Weights that do not fit the net; errors of libtorch.
pub fn confusion_of_run(
    run: &Path,
    net: &Checked,
    data: &Dataset,
    machine: Machine,
) -> Result<(Score, Confusion), RunError> {
    let mut confusion = Confusion::new(data.classes.clone());
    let score = evaluate_run_watched(run, net, data, machine, &mut |logits, labels| {
        let list = |tensor: Tensor| Vec::<i64>::try_from(tensor.f_to_device(Device::Cpu)?);
        let pairs =
            list(labels.shallow_clone())?.into_iter().zip(list(logits.f_argmax(1, false)?)?);
        pairs.for_each(|(class, answer)| confusion.count(class as usize, answer as usize));
        Ok(())
    })?;
    Ok((score, confusion))
}

fn evaluate_run_watched(
    run: &Path,
    net: &Checked,
    data: &Dataset,
    machine: Machine,
    watch: &mut dyn FnMut(&Tensor, &Tensor) -> Result<(), TchError>,
) -> Result<Score, RunError> {
    takes(net, data)?;
    let refuse = |reason: String| RunError::NoRun { path: run.into(), reason };
    let text = RunFolder::recipe(run)?;
    let (recipe, problems) = Recipe::resolve(&[], &[(FileId(0), &text)]);
    if problems.has_errors() {
        return Err(refuse(format!("{} is not sound", RunFolder::RECIPE)));
    }
    let tested = optimise(net, Purpose::Evaluation, &Choice::All)?;
    let net = TorchNet::new(net, 0, machine.device, machine.precision)?;
    checkpoint::load_of_run(run, &net)?;
    let batches = Batches::new(data, &data.test, None, Augmentation::NONE, machine.device)?;
    let evaluation = Evaluation {
        net: &net.rewritten(&tested)?,
        source: &net,
        batches: &batches,
        views: recipe.test_views,
        method: &Method::default(),
        machine,
        group: None,
        stop: &AtomicBool::new(false),
    };
    evaluation.run(watch).map(|done| done.score)
}
