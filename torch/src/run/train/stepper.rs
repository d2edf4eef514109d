use netc::run::{Hardware, Method, RunError, data};

use super::batches::Batches;
use super::device_step::DeviceStep;
use super::host_step::HostStep;
use super::job::Job;
use super::state::State;
use crate::lower::{At, Tuning};
use crate::run::device::Machine;

/// Computes the steps of a training.
#[derive(Debug)]
pub(in crate::run) enum Stepper {
    /// On batches that the host puts together.
    OnHost(HostStep),
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
        match step.for_device(batches) {
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

    /// The gradient scale of fp16 on a device, for a checkpoint.
    pub(in crate::run) fn scaling(&self) -> Result<Option<(f32, u32)>, RunError> {
        match self {
            Stepper::OnHost(_) => Ok(None),
            Stepper::OnDevice(step) => Ok(step.scaling().at("the gradient scale")?),
        }
    }
}

/// How convolutions are chosen on a machine; measurements are kept in the user's cache folder, if
/// there is one.
pub(in crate::run) fn tuning(method: &Method, machine: Machine) -> Tuning {
    let Hardware { cpu, threads, .. } = machine.hardware();
    let cache = data::cache_folder().ok().map(|folder| folder.join("convolutions.json"));
    let (name, precision) = (format!("{cpu}, {threads} threads"), machine.precision);
    let choice = if method.deterministic { method.conv.by_rule(precision) } else { method.conv };
    Tuning { choice, cache, machine: name, without: method.without.clone() }
}
