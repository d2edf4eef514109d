//! The loop over the epochs.

use std::sync::atomic::Ordering;
use std::time::Instant;

use netc::passes::Optimised;
use netc::run::{EpochRow, Journal, Outcome, RunError};
use tch::{TchError, Tensor};

use super::batches::Batches;
use super::epoch::{Epoch, Pass};
use super::event::{Event, RunReport};
use super::job::Job;
use super::part::Part;
use super::state::{State, copy};
use super::stepper::Stepper;
use crate::lower::{At, Objective};
use crate::run::evaluate::device_test::DeviceTest;
use crate::run::evaluate::score::Score;
use crate::run::evaluate::{Evaluated, Evaluation};
use crate::run::store::checkpoint;
use crate::run::store::facts::Facts;

/// A training with all that it computes with.
pub(super) struct Trainer<'a> {
    pub job: &'a Job<'a>,
    pub training: Batches,
    pub testing: Batches,
    /// The net rewritten for evaluation.
    pub tested: Optimised,
    pub stepper: Stepper,
    /// Tests on the device alone, if netc has kernels for that.
    pub device_test: Option<DeviceTest>,
    pub state: State,
    /// The epochs done.
    pub rows: Vec<EpochRow>,
    /// The progress in the next one.
    pub part: Part,
}

impl Trainer<'_> {
    /// Trains to the end, or until it is asked to stop.
    pub(super) fn run(
        mut self,
        journal: &mut dyn Journal,
        report: &mut dyn FnMut(Event),
    ) -> Result<RunReport, RunError> {
        self.warm_up()?;
        let job = self.job;
        let schedule = job.recipe.schedule();
        let mut total_time = self.rows.last().map_or(0.0, |row| row.total_time);
        let (mut outcome, mut saved) = (Outcome::Finished, Instant::now());
        for number in self.rows.len() as u32 + 1..=job.recipe.epochs {
            let epoch = Epoch { job, batches: &self.training, schedule: &schedule, number };
            let done = self.rows.len();
            let mut keep = |state: &State, part: Part| save(job, state, done, part, journal);
            let from = std::mem::take(&mut self.part);
            let (stepper, state) = (&mut self.stepper, &mut self.state);
            let (train, whole) =
                match epoch.train(stepper, state, from, &mut keep, &mut saved, report)? {
                    Pass::Whole(score, whole) => (score, whole),
                    Pass::Stopped(part) => {
                        save(job, &self.state, done, part, journal)?;
                        outcome = Outcome::Interrupted;
                        break;
                    }
                };
            let train_time = whole.time;
            let Some((test, test_time)) = self.test_if_due(number, report)? else {
                save(job, &self.state, done, whole, journal)?;
                outcome = Outcome::Interrupted;
                break;
            };
            total_time += train_time + test_time;
            let row = EpochRow {
                epoch: number,
                lr: schedule.at(number.into()),
                train_time,
                train: train.metrics,
                test_time,
                test: test.map(|score| score.metrics),
                total_time,
            };
            journal.epoch(&row)?;
            report(Event::Epoch(row));
            self.rows.push(row);
            if number == job.recipe.epochs {
                break;
            }
            // Several ranks agree on it at their next step.
            let stop = job.group.is_none() && job.stop.load(Ordering::Relaxed);
            if stop || saved.elapsed() >= job.save_every {
                let part = Part { scaling: self.stepper.scaling()?, ..Part::default() };
                save(job, &self.state, self.rows.len(), part, journal)?;
                saved = Instant::now();
            }
            if stop {
                outcome = Outcome::Interrupted;
                break;
            }
        }
        let weights = match outcome == Outcome::Finished && job.is_first() {
            true => journal.weights()?,
            false => None,
        };
        if let Some(path) = weights {
            self.state.is_finite()?;
            let facts = Facts::of(job, self.rows.len(), Part::default());
            checkpoint::save_trained(&path, &self.state.tested(), &facts)?;
            let _ = std::fs::remove_file(checkpoint::before(&journal.checkpoint()?));
        }
        Ok(RunReport { outcome, rows: self.rows })
    }

    /// A warm-up step that changes nothing, so that one-time costs, such as the first allocation,
    /// do not count for an epoch.
    fn warm_up(&mut self) -> Result<(), RunError> {
        let Trainer { job, training: batches, stepper, state, .. } = self;
        let step = match stepper {
            Stepper::OnHost(step) => step,
            Stepper::OnDevice(step) => {
                step.prepare(batches, state)?;
                return self.prepare_test();
            }
        };
        let size = job.recipe.batch_size.min(batches.count());
        let share = job.group.map_or(0..size, |group| group.share(0, size));
        let batch = batches.plain(share.start, share.len()).at("the images")?;
        let statistics = state
            .net
            .weights()
            .iter()
            .filter(|weight| !weight.trained)
            .map(|weight| &weight.tensor);
        let kept = statistics.map(|tensor| Ok((tensor, copy(tensor)?)));
        let kept: Vec<(&Tensor, Tensor)> =
            kept.collect::<Result<_, TchError>>().at("the weights")?;
        step.step(state, &batch, Objective::of(job.recipe), 0)?;
        tch::no_grad(|| {
            kept.iter().try_for_each(|(tensor, was)| tensor.shallow_clone().f_copy_(was))
        })
        .at("the weights")?;
        Ok(())
    }

    /// Makes ready for tests on the device alone, which one process does.
    fn prepare_test(&mut self) -> Result<(), RunError> {
        let job = self.job;
        if job.group.is_none() {
            let net = self.state.tested().rewritten(&self.tested)?;
            let (views, method) = (job.recipe.test_views, job.method);
            self.device_test = DeviceTest::new(&net, &self.testing, views, method, job.machine)?;
        }
        Ok(())
    }

    /// The test after an epoch, if the recipe asks for one, and its seconds; `None` if it was asked
    /// to stop.
    fn test_if_due(
        &mut self,
        epoch: u32,
        report: &mut dyn FnMut(Event),
    ) -> Result<Option<(Option<Score>, f64)>, RunError> {
        let recipe = self.job.recipe;
        if epoch != recipe.epochs && !epoch.is_multiple_of(recipe.test_every) {
            return Ok(Some((None, 0.0)));
        }
        report(Event::Testing { epoch });
        Ok(self.test()?.map(|(score, time)| (Some(score), time)))
    }

    /// The test after an epoch, and its seconds; `None` if it was asked to stop.
    fn test(&mut self) -> Result<Option<(Score, f64)>, RunError> {
        let (job, start, net) = (self.job, Instant::now(), self.state.tested());
        if let Some(test) = &mut self.device_test {
            let tested = net.rewritten(&self.tested)?;
            let score = test.run(&tested, &self.testing, job.stop)?;
            // A loss that is not finite is looked into below.
            if score.is_none_or(|score| score.metrics.loss().is_finite()) {
                let time = start.elapsed().as_secs_f64();
                return Ok(score.map(|score| (score, time)));
            }
        }
        if let Some(group) = job.group {
            let buffers: Vec<&Tensor> =
                net.weights().iter().filter(|w| !w.trained).map(|w| &w.tensor).collect();
            group.broadcast(&buffers)?;
        }
        let evaluation = Evaluation {
            net: &net.rewritten(&self.tested)?,
            source: &net,
            batches: &self.testing,
            views: job.recipe.test_views,
            method: job.method,
            machine: job.machine,
            group: job.group,
            stop: job.stop,
        };
        let Evaluated { score, stopped, tuned } = evaluation.run(&mut |_, _| Ok(()))?;
        let time = start.elapsed().saturating_sub(tuned).as_secs_f64();
        Ok((!stopped).then_some((score, time)))
    }
}

pub(super) fn save(
    job: &Job<'_>,
    state: &State,
    epochs: usize,
    part: Part,
    journal: &dyn Journal,
) -> Result<(), RunError> {
    state.is_finite()?;
    match job.is_first() {
        true => {
            checkpoint::save_state(&journal.checkpoint()?, state, &Facts::of(job, epochs, part))
        }
        false => Ok(()),
    }
}
