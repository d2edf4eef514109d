use netc::run::RunError;

use super::batches::Batches;
use super::device_step::DeviceStep;
use super::host_step::HostStep;
use super::job::Job;
use super::state::State;
use crate::lower::At;
use crate::lower::cuda::LossScaling;

/// Computes the steps of a training.
#[derive(Debug)]
pub(in crate::run) enum Stepper {
    /// On batches that the host puts together.
    OnHost(Box<HostStep>),
    /// The whole step, the batch and the optimiser included.
    OnDevice(Box<DeviceStep>),
}

impl Stepper {
    /// For a training: on the device where netc has kernels for that.
    pub(in crate::run) fn new(
        job: &Job<'_>,
        batches: &Batches,
        state: &State,
    ) -> Result<Stepper, RunError> {
        let batch = job.recipe.batch_size.min(batches.count());
        let step = HostStep::new(&state.net, batch, job.recipe, job.method, job.machine)?;
        match Box::new(step).for_device(batches) {
            Ok(session) => {
                let step = DeviceStep::new(session, job, batches, state)?;
                Ok(Stepper::OnDevice(Box::new(step)))
            }
            Err(mut step) => {
                if let Some(group) = job.group {
                    step.sum_over(group, &state.net)?;
                }
                Ok(Stepper::OnHost(step))
            }
        }
    }

    /// Where the loss scaling of a device is, for a checkpoint.
    pub(in crate::run) fn scaling(&self) -> Result<Option<LossScaling>, RunError> {
        match self {
            Stepper::OnHost(_) => Ok(None),
            Stepper::OnDevice(step) => Ok(step.scaling().at("the gradient scale")?),
        }
    }
}
