//! One pass over the training set.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use netc::lower::seed;
use netc::recipe::{Recipe, Schedule};
use netc::run::augment::{Augmentation, Draws};
use netc::run::{Metrics, RunError};
use tch::Device;

use super::batches::{Batch, Batches, EpochDraws};
use super::device_step::DeviceStep;
use super::event::Event;
use super::host_step::HostStep;
use super::job::Job;
use super::part::Part;
use super::state::{Position, State};
use super::stepper::Stepper;
use crate::lower::cuda::DeviceProgress;
use crate::lower::{At, Objective, Stepped, TorchNet};
use crate::run::evaluate::score::{Score, Tally};
use crate::run::probe::origin;

/// How often a running epoch reports. A report waits for the device.
const REPORT_EVERY: Duration = Duration::from_millis(250);

/// How a pass ended.
#[derive(Debug)]
pub(in crate::run) enum Pass {
    /// Every image was seen: the score on them, and the whole epoch.
    Whole(Score, Part),
    /// It was asked to stop.
    Stopped(Part),
}

/// An epoch of a job and its inputs.
pub(in crate::run) struct Epoch<'a> {
    pub job: &'a Job<'a>,
    pub batches: &'a Batches,
    pub schedule: &'a Schedule,
    /// From 1.
    pub number: u32,
}

impl Epoch<'_> {
    /// The rest of the pass after `from`. `keep` receives the state at intervals, to save it;
    /// `saved` is when that was done last.
    pub(in crate::run) fn train(
        &self,
        stepper: &mut Stepper,
        state: &mut State,
        from: Part,
        keep: &mut dyn FnMut(&State, Part) -> Result<(), RunError>,
        saved: &mut Instant,
        report: &mut dyn FnMut(Event),
    ) -> Result<Pass, RunError> {
        let Epoch { job, number: epoch, .. } = *self;
        let (images, batch_size) = (self.batches.count(), job.recipe.batch_size);
        let steps = images.div_ceil(batch_size);
        let [_, height, width] = job.data.image;
        let draws = Draws::new(job.seed, epoch, images, [height, width], augmentation(job.recipe));
        let task = job.recipe.task();
        let at = Position { epoch, step: from.step, steps };
        let (mut tally, places) = self.begin(stepper, state, &draws, &from, at)?;
        let (start, mut reported) = (Instant::now(), Instant::now());
        let part = |stepper: &Stepper, tally: &Tally, done: usize| -> Result<Part, RunError> {
            let sums = tally.sums().at("the loss")?;
            let time = from.time + start.elapsed().as_secs_f64();
            let (examples, scaling) = (tally.examples(), stepper.scaling()?);
            Ok(Part { step: done, sums, examples, time, scaling })
        };
        for step in from.step..steps {
            let first = step * batch_size;
            let size = batch_size.min(images - first);
            let share = job.group.map_or(first..first + size, |group| group.share(first, size));
            let progress = Position { epoch, step: step + 1, steps };
            let stop = match (&mut *stepper, &places) {
                (Stepper::OnDevice(device), _) => {
                    self.step_on_device(device, share.len(), progress, state, &mut tally)?
                }
                (Stepper::OnHost(host), Some(places)) => {
                    let batch = self.batches.training(places, share.start, share.len());
                    let batch = batch.at("augmentation")?;
                    self.step(&batch, progress, host, state, &mut tally)?
                }
                (Stepper::OnHost(_), None) => {
                    return Err(RunError::Data("there are no batches".into()));
                }
            };
            let last = step + 1 == steps;
            let keeps = !last && saved.elapsed() >= job.save_every && job.group.is_none();
            let due = reported.elapsed() > REPORT_EVERY;
            let waits = last || stop || keeps;
            if waits {
                job.group.map_or(Ok(()), |group| group.wait())?;
            }
            let seen = match (&mut *stepper, waits || due) {
                (_, false) => None,
                (Stepper::OnDevice(device), true) if !waits => {
                    reported = Instant::now();
                    let progress = device.progress(task.metrics().len()).at("the loss")?;
                    progress.map(|DeviceProgress { sums, steps }| {
                        let examples = device.examples(steps);
                        let metrics = Metrics::mean(task, &sums, examples);
                        (steps, Score { examples, metrics })
                    })
                }
                (_, true) => Some((step + 1, tally.score().at("the loss")?)),
            };
            if let Some((done, score)) = seen {
                // Never save a state before its loss is known to be finite.
                if !score.metrics.loss().is_finite() {
                    return Err(self.diverged(&draws, &state.net, done, score.metrics.loss())?);
                }
                let seen = (done * batch_size).min(images);
                let rate = (seen - from.step * batch_size) as f64 / start.elapsed().as_secs_f64();
                report(Event::Progress { epoch, seen, images, score, rate });
                reported = Instant::now();
            }
            if stop {
                tally.sum_over(job.group)?;
                return Ok(Pass::Stopped(part(stepper, &tally, step + 1)?));
            }
            if keeps {
                keep(state, part(stepper, &tally, step + 1)?)?;
                *saved = Instant::now();
            }
        }
        state.adopt_slow_weights().at("lookahead")?;
        if let Stepper::OnDevice(device) = stepper {
            device.weights_changed()?;
        }
        tally.sum_over(job.group)?;
        Ok(Pass::Whole(tally.score().at("the loss")?, part(stepper, &tally, steps)?))
    }

    /// The sums of the metrics, and the draws for batches that the host puts together.
    fn begin(
        &self,
        stepper: &mut Stepper,
        state: &State,
        draws: &Draws,
        from: &Part,
        at: Position,
    ) -> Result<(Tally, Option<EpochDraws>), RunError> {
        let (job, task) = (self.job, self.job.recipe.task());
        // Only the first of several ranks has the earlier counts, because they are summed over the
        // ranks later.
        let (sums, examples) = match job.is_first() {
            true => (&from.sums[..], from.examples),
            false => (&[][..], 0),
        };
        match stepper {
            Stepper::OnDevice(device) => {
                device.begin(self.batches, draws, state, job.recipe, self.schedule, at)?;
                if let Some(scaling) = from.scaling {
                    device.set_scaling(scaling).at("the gradient scale")?;
                }
                let memory = device.sums(task.metrics().len()).at("the loss")?;
                Ok((Tally::over(memory, task, sums, examples).at("the loss")?, None))
            }
            Stepper::OnHost(_) => {
                let tally = Tally::from(state.net.device(), task, sums, examples);
                let places = self.batches.epoch(draws).at("augmentation")?;
                Ok((tally.at("the loss")?, Some(places)))
            }
        }
    }

    /// One step on the device alone; returns whether to stop after it.
    fn step_on_device(
        &self,
        device: &mut DeviceStep,
        images: usize,
        at: Position,
        state: &mut State,
        tally: &mut Tally,
    ) -> Result<bool, RunError> {
        device.step(self.batches, images)?;
        if state.finish_step(self.job.recipe, at)? {
            device.weights_changed()?;
        }
        tally.count(images);
        let asked = self.job.stop.load(Ordering::Relaxed);
        self.job.group.map_or(Ok(asked), |group| group.stops(asked))
    }

    /// The error for a loss that was found not to be finite some steps after it was not: on a GPU
    /// steps do not wait for the loss.
    fn diverged(
        &self,
        draws: &Draws,
        net: &TorchNet,
        step: usize,
        loss: f64,
    ) -> Result<RunError, RunError> {
        let some = self.job.recipe.batch_size.min(self.batches.count());
        let places = self.batches.epoch(draws).at("augmentation")?;
        let first = self.batches.training(&places, 0, some).at("augmentation")?;
        let origin = origin::of_step(net, &first.images, 0)?;
        Ok(RunError::Diverged { loss, epoch: self.number, step, exact: false, origin })
    }

    /// One step on this rank's share of a batch; returns whether to stop after it.
    fn step(
        &self,
        batch: &Batch,
        at: Position,
        host: &mut HostStep,
        state: &mut State,
        tally: &mut Tally,
    ) -> Result<bool, RunError> {
        let (job, epoch, step) = (self.job, self.number, at.step);
        let examples = batch.len();
        let rank = job.group.map_or(0, |group| group.rank());
        let own = if rank == 0 { String::new() } else { format!(" rank {rank}") };
        let stream = format!("dropout {epoch} {}{own}", step - 1);
        let seed = seed::derive(job.seed, &stream).unsigned_abs();
        let objective = Objective::of(job.recipe);
        let (Stepped { output, loss }, gradients) = host.step(state, batch, objective, seed)?;
        if state.net.device() == Device::Cpu {
            let loss = loss.f_double_value(&[]).at("the loss")? / examples as f64;
            if !loss.is_finite() {
                let origin = origin::of_step(&state.net, &batch.images, seed)?;
                return Err(RunError::Diverged { loss, epoch, step, exact: true, origin });
            }
        }
        let asked = job.stop.load(Ordering::Relaxed);
        let stop = match job.group {
            Some(group) => group.stops(asked)?,
            None => asked,
        };
        state.step(&gradients, job.recipe, self.schedule, at)?;
        let sums = objective.sums(&output, &batch.targets, &loss).at("the loss")?;
        tally.add(&sums, examples).at("the loss")?;
        Ok(stop)
    }
}

pub(in crate::run) fn augmentation(recipe: &Recipe) -> Augmentation {
    let Recipe { crop_pad, flip, alternating_flip, cutout, .. } = *recipe;
    Augmentation { crop_pad, flip, alternating_flip, cutout }
}
