use netc::lower::Workload;
use netc::passes::Purpose;
use netc::recipe::Recipe;
use netc::run::{Executor, Hardware, Method, RunError, data, machine_memory};
use tch::Tensor;

use crate::lower::{At, Mode, Objective, Session, Stepped, TorchNet, Tuning};
use crate::run::device::Machine;
use crate::run::probe::native;
use crate::run::train::batches::{Batch, Batches};
use crate::run::train::device_step::DeviceStep;
use crate::run::train::job::Job;
use crate::run::train::state::State;

/// Computes the steps of a training.
#[derive(Debug)]
pub(in crate::run) enum Stepper {
    Eager,
    Compiled(Box<Session>),
    /// The whole step, the batch and the optimiser included.
    OnDevice(Box<DeviceStep>),
}

impl Stepper {
    /// For a net and batches up to a maximum size. Statistics other than the batch's need
    /// autograd.
    pub(in crate::run) fn new(
        net: &TorchNet,
        batch: usize,
        recipe: &Recipe,
        method: &Method,
        machine: Machine,
    ) -> Result<Stepper, RunError> {
        if method.executor == Executor::Eager || method.sync_norm || recipe.ghost_batch > 0 {
            return Ok(Stepper::Eager);
        }
        let compiled = Session::new(net, Purpose::Training, batch, &tuning(method, machine))?;
        let threads = machine.hardware().threads;
        let load = Workload { images: batch as u64, precision: machine.precision, threads };
        let held = compiled.schedule().footprint(net.plan(), load).total();
        if machine_memory().is_some_and(|all| held.saturating_mul(2) > all) {
            native::return_freed_memory();
        }
        Ok(Stepper::Compiled(Box::new(compiled)))
    }

    /// The same with the whole step on the device, where netc has kernels for it.
    pub(in crate::run) fn on_device(
        self,
        job: &Job<'_>,
        batches: &Batches,
        state: &State,
    ) -> Result<Stepper, RunError> {
        match self {
            Stepper::Compiled(session) => {
                Ok(match DeviceStep::new(*session, job, batches, state)? {
                    Ok(step) => Stepper::OnDevice(Box::new(step)),
                    Err(session) => Stepper::Compiled(Box::new(session)),
                })
            }
            Stepper::Eager | Stepper::OnDevice(_) => Ok(self),
        }
    }

    /// Output and loss of a batch, and the gradients with respect to the trained weights.
    pub(in crate::run) fn step(
        &mut self,
        state: &State,
        batch: &Batch,
        objective: Objective,
        seed: u64,
    ) -> Result<(Stepped, Vec<Tensor>), RunError> {
        match self {
            Stepper::Eager => {
                let output = state.net.forward(&batch.images, Mode::Train { seed })?;
                let loss = objective.loss(&output, &batch.targets).at("the loss")?;
                let gradients = state.optimiser.gradients(&loss).at("the gradients")?;
                Ok((Stepped { output, loss }, gradients))
            }
            Stepper::OnDevice(_) => {
                Err(RunError::Device("a step on the device alone takes no batch".into()))
            }
            Stepper::Compiled(compiled) => {
                let stepped = compiled.step(&batch.images, &batch.targets, objective, seed)?;
                Ok((stepped, compiled.gradients().iter().map(Tensor::shallow_clone).collect()))
            }
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
