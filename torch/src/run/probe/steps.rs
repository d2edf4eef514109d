use std::time::Instant;

use netc::recipe::Recipe;
use netc::run::RunError;
use netc::run::trace::{Execution, KernelTimes, PeakRates, TaskWork};
use tch::TchError;

use super::images::Images;
use super::on_device::OnDeviceParts;
use crate::lower::{At, Objective, Session};
use crate::run::optimiser::LrState;
use crate::run::{Machine, Optimiser};
use crate::trace::{Recorded, Recording, TraceRange};

/// Training steps on random images, one after another.
pub(super) struct StepLoop<'a> {
    pub images: Images,
    pub session: Session,
    pub optimiser: Optimiser,
    /// For steps on the device alone, as a training takes them there.
    pub on_device: Option<OnDeviceParts>,
    pub recipe: &'a Recipe,
    pub machine: Machine,
    /// How many there were.
    pub done: usize,
}

/// Seconds of a step.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StepSeconds {
    pub data: f64,
    pub optimiser: f64,
    pub whole: f64,
}

impl StepLoop<'_> {
    /// A step, with the device's work done at the end of each part.
    pub(super) fn timed(&mut self) -> Result<StepSeconds, RunError> {
        let machine = self.machine;
        self.step(|| machine.wait())
    }

    fn step(&mut self, wait: impl Fn()) -> Result<StepSeconds, RunError> {
        let start = Instant::now();
        let batch = {
            let _range = TraceRange::new("augmentation");
            match (&self.on_device, &self.images) {
                (Some(parts), Images::Augmented(batches, ..)) => {
                    parts.augment(batches, &self.session, self.done).at("augmentation")?
                }
                _ => self.images.batch(self.done).at("augmentation")?,
            }
        };
        wait();
        let data = start.elapsed().as_secs_f64();
        let objective = Objective::of(self.recipe);
        match &self.on_device {
            Some(parts) => parts.step(&mut self.session, &batch, objective)?,
            None => {
                let seed = self.done as u64;
                self.session.step(&batch.images, &batch.targets, objective, seed)?;
            }
        }
        let after = Instant::now();
        self.done += 1;
        // A rate of 0 keeps random labels from driving the weights away.
        let still = LrState { lr: 0.0, peak: 0.0, epoch: 0.0, step: self.done as u64 };
        {
            let _range = TraceRange::new("optimiser");
            match &self.on_device {
                Some(parts) => parts.update()?,
                None => {
                    let gradients = self.session.gradients()?;
                    self.optimiser.step(&gradients, still).at("the optimiser")?;
                }
            }
        }
        wait();
        let optimiser = after.elapsed().as_secs_f64();
        Ok(StepSeconds { data, optimiser, whole: start.elapsed().as_secs_f64() })
    }

    /// A trace of further steps, which do not wait for each other.
    pub(super) fn traced(&mut self, steps: usize) -> Result<Recorded, RunError> {
        let failed = |text| TchError::Torch(text);
        let recording = Recording::start(self.machine.device.is_cuda()).map_err(failed);
        let recording = recording.at("the trace")?;
        for _ in 0..steps {
            self.step(|| ())?;
        }
        self.machine.wait();
        Ok(recording.stop().map_err(failed).at("the trace")?)
    }
}

/// The kernels of a trace; on a CPU, libtorch's ops.
pub(super) fn kernel_times(
    recorded: &Recorded,
    machine: Machine,
    steps: usize,
    peaks: PeakRates,
    work: impl Fn(&str) -> Option<TaskWork>,
) -> KernelTimes {
    let events = recorded.events();
    let executions = match machine.device.is_cuda() {
        true => Execution::kernels(&events),
        false => Execution::ops(&events),
    };
    KernelTimes::new(&executions, steps, peaks, work)
}
