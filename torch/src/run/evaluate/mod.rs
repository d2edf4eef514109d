//! Evaluation of trained nets.

pub(in crate::run) mod classify;
pub(in crate::run) mod logits;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use netc::check::Checked;
use netc::diag::FileId;
use netc::passes::{Choice, Optimised, Purpose, optimise};
use netc::recipe::{Recipe, Task, TestViews};
use netc::run::augment::Augmentation;
use netc::run::data::Dataset;
use netc::run::{Confusion, Executor, Method, Metrics, Origin, RunError, RunFolder};
use tch::{Device, TchError, Tensor};

use crate::lower::{At, Mode, Objective, Session, TorchNet};
use crate::run::dist::Group;
use crate::run::probe::origin;
use crate::run::store::checkpoint;
use crate::run::train::fits::fits;
use crate::run::train::stepper::tuning;
use crate::run::{Batch, Batches, Machine};

/// Images in one batch of an evaluation. It affects the result only by rounding.
const BATCH: usize = 1000;

/// The score of a net on some examples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// How many examples.
    pub examples: usize,
    /// The means of the task's metrics.
    pub metrics: Metrics,
}

/// Runs a net over the examples, each in these views, without other augmentation. Each of several
/// ranks takes its share, and all get the whole score.
///
/// # Errors
/// A rank that is gone; errors of libtorch.
pub fn evaluate(
    net: &TorchNet,
    batches: (&Batches, TestViews),
    how: (&Method, Machine),
    group: Option<&Arc<Group>>,
) -> Result<Score, RunError> {
    let never = AtomicBool::new(false);
    evaluate_watched((net, net), batches, how, (group, &never), &mut |_, _| Ok(()))
        .map(|done| done.score)
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

/// Like [`evaluate`], with a net rewritten for evaluation, until it is asked to stop; non-finite
/// values are searched for in the original net.
pub(in crate::run) fn evaluate_until(
    (net, tested): (&TorchNet, &Optimised),
    batches: (&Batches, TestViews),
    how: (&Method, Machine),
    among: (Option<&Arc<Group>>, &AtomicBool),
) -> Result<Evaluated, RunError> {
    evaluate_watched((&net.rewritten(tested)?, net), batches, how, among, &mut |_, _| Ok(()))
}

/// Like [`evaluate_until`], for a net and the one that it was made from; `watch` receives the
/// logits and labels of each batch.
fn evaluate_watched(
    (net, source): (&TorchNet, &TorchNet),
    (batches, views): (&Batches, TestViews),
    (method, machine): (&Method, Machine),
    (group, stop): (Option<&Arc<Group>>, &AtomicBool),
    watch: &mut dyn FnMut(&Tensor, &Tensor) -> Result<(), TchError>,
) -> Result<Evaluated, RunError> {
    tch::no_grad(|| {
        let mut stopped = false;
        let share = group.map_or(0..batches.count(), |group| group.share(0, batches.count()));
        let mut tally = Tally::from(net.device(), batches.task(), &[], 0).at("evaluation")?;
        let objective = Objective::tested(batches.task());
        let mut compiled = match method.executor {
            Executor::Eager => None,
            Executor::Compiled => {
                let most = BATCH.min(share.len().max(1));
                Some(Session::new(net, Purpose::Evaluation, most, &tuning(method, machine))?)
            }
        };
        for start in share.clone().step_by(BATCH) {
            if stop.load(Ordering::Relaxed) {
                stopped = true;
                break;
            }
            let count = BATCH.min(share.end - start);
            let Batch { images, targets } = batches.plain(start, count).at("evaluation")?;
            let mut output: Option<Tensor> = None;
            for (part, view) in views_of(views, &images).at("the views of the images")? {
                let own = match &mut compiled {
                    Some(compiled) => compiled.evaluate(&view)?,
                    None => net.forward(&view, Mode::Eval)?,
                };
                output = Some(add(output, own, part).at("the output")?);
            }
            let Some(output) = output else { break };
            let loss = objective.loss(&output, &targets).at("evaluation")?;
            let sums = objective.sums(&output, &targets, &loss).at("evaluation")?;
            tally.add(&sums, count).at("evaluation")?;
            watch(&output, &targets).at("evaluation")?;
        }
        tally.sum_over(group)?;
        if let Some(group) = group {
            stopped = group.sum_gradients(&mut [], stopped)?;
        }
        let tuned = compiled.as_ref().map_or(Duration::ZERO, Session::tuned);
        let score = tally.score().at("evaluation")?;
        match score.metrics.loss().is_finite() {
            true => Ok(Evaluated { score, stopped, tuned }),
            false => Err(not_finite(source, (batches, views), score.metrics.loss())?),
        }
    })
}

/// The error for a loss that is not finite, with its origin.
fn not_finite(
    net: &TorchNet,
    (batches, views): (&Batches, TestViews),
    loss: f64,
) -> Result<RunError, RunError> {
    let mut origin = Origin::Loss;
    for start in (0..batches.count()).step_by(BATCH) {
        let count = BATCH.min(batches.count() - start);
        let Batch { images, .. } = batches.plain(start, count).at("evaluation")?;
        for (_, view) in views_of(views, &images).at("the views of the images")? {
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

/// The views of a batch of images, each with its weight in the mean.
fn views_of(which: TestViews, images: &Tensor) -> Result<Vec<(f64, Tensor)>, TchError> {
    let mirrored = |image: Tensor| Ok::<_, TchError>([image.f_flip([3])?, image]);
    let views = |part: f64, images: [Tensor; 2]| images.map(|image| (part, image));
    let plain = images.shallow_clone();
    match which {
        TestViews::Plain => Ok(vec![(1.0, plain)]),
        TestViews::Flip => Ok(views(0.5, mirrored(plain)?).into()),
        TestViews::FlipShift => {
            let [height, width] = [2, 3].map(|side| images.size()[side]);
            let wide = images.f_reflection_pad2d([1, 1, 1, 1])?;
            let shifted = |by: i64| mirrored(wide.f_narrow(2, by, height)?.f_narrow(3, by, width)?);
            let all = [
                views(0.25, mirrored(plain)?),
                views(0.125, shifted(0)?),
                views(0.125, shifted(2)?),
            ];
            Ok(all.into_iter().flatten().collect())
        }
    }
}

/// A sum plus a weighted tensor; a single tensor with weight 1 is returned as it is.
fn add(sum: Option<Tensor>, tensor: Tensor, part: f64) -> Result<Tensor, TchError> {
    let own = if part == 1.0 { tensor } else { tensor.f_mul_scalar(part)? };
    sum.map_or(Ok(own.shallow_clone()), |sum| sum.f_add(&own))
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
    fits(net, data)?;
    let refuse = |reason: String| RunError::NoRun { path: run.into(), reason };
    let text = RunFolder::recipe(run)?;
    let (recipe, problems) = Recipe::resolve(&[], Some((FileId(0), &text)), None);
    if problems.has_errors() {
        return Err(refuse(format!("{} is not sound", RunFolder::RECIPE)));
    }
    let tested = optimise(net, Purpose::Evaluation, &Choice::All)?;
    let net = TorchNet::new(net, 0, machine.device, machine.precision)?;
    checkpoint::load_of_run(run, &net)?;
    let batches = Batches::new(data, &data.test, None, Augmentation::NONE, machine.device)?;
    let (batches, how) = ((&batches, recipe.test_views), (&Method::default(), machine));
    let (never, rewritten) = (AtomicBool::new(false), net.rewritten(&tested)?);
    let among = (None, &never);
    evaluate_watched((&rewritten, &net), batches, how, among, watch).map(|done| done.score)
}

/// Sums kept on the device, so that a batch need not wait for its numbers.
#[derive(Debug)]
pub(in crate::run) struct Tally {
    task: Task,
    examples: usize,
    /// The sums of the metrics, `[metrics]`, fp64.
    sums: Tensor,
}

impl Tally {
    /// Continues from these sums over a number of examples; from 0 if there are none.
    pub(in crate::run) fn from(
        device: Device,
        task: Task,
        sums: &[f64],
        examples: usize,
    ) -> Result<Tally, TchError> {
        let zeros = vec![0.0; task.metrics().len()];
        let sums = if sums.is_empty() { &zeros } else { sums };
        Ok(Tally { task, examples, sums: Tensor::f_from_slice(sums)?.f_to_device(device)? })
    }

    /// How many examples.
    pub(in crate::run) fn examples(&self) -> usize {
        self.examples
    }

    /// All-reduces the sums over the ranks.
    pub(in crate::run) fn sum_over(&mut self, group: Option<&Arc<Group>>) -> Result<(), RunError> {
        let Some(group) = group else { return Ok(()) };
        let mut sums = self.sums().at("the loss")?;
        let metrics = sums.len() as i64;
        sums.push(self.examples as f64);
        let all = Tensor::f_from_slice(&sums).at("the loss")?;
        group.sum(&[&all])?;
        self.examples = all.f_double_value(&[metrics]).at("the loss")? as usize;
        let sums = all.f_narrow(0, 0, metrics).and_then(|s| s.f_to_device(self.sums.device()));
        self.sums = sums.at("the loss")?;
        Ok(())
    }

    /// Adds the sums over a batch.
    pub(in crate::run) fn add(&mut self, sums: &Tensor, examples: usize) -> Result<(), TchError> {
        let _ = self.sums.f_add_(sums)?;
        self.examples += examples;
        Ok(())
    }

    /// The sums of the metrics. Waits for the device.
    pub(in crate::run) fn sums(&self) -> Result<Vec<f64>, TchError> {
        self.sums.f_to_device(Device::Cpu)?.try_into()
    }

    /// The means so far. Waits for the device.
    pub(in crate::run) fn score(&self) -> Result<Score, TchError> {
        let metrics = Metrics::mean(self.task, &self.sums()?, self.examples);
        Ok(Score { examples: self.examples, metrics })
    }
}
