use std::sync::Arc;

use netc::lower::Workload;
use netc::lower::cpu::Features;
use netc::passes::Purpose;
use netc::recipe::Recipe;
use netc::run::{Executor, Method, RunError, machine_memory};
use tch::{Device, Tensor};

use super::batches::{Batch, Batches};
use super::state::State;
use super::tuning::tuning;
use crate::lower::{At, GhostNorm, Mode, Objective, Session, Stepped, TorchNet, Tuning};
use crate::run::device::Machine;
use crate::run::dist::{Group, Reduction};
use crate::run::probe::native;

/// Forward and backward pass of steps on batches that the host puts together.
#[derive(Debug)]
pub(in crate::run) struct HostStep {
    /// Without one, autograd computes.
    session: Option<Box<Session>>,
    /// Sums the gradients over the ranks, if there are several.
    reduction: Option<Reduction>,
}

impl HostStep {
    /// For a net and batches up to a maximum size. Statistics of all ranks need autograd, and on
    /// a GPU those of groups.
    pub(in crate::run) fn new(
        net: &TorchNet,
        batch: usize,
        recipe: &Recipe,
        method: &Method,
        machine: Machine,
    ) -> Result<HostStep, RunError> {
        let ghost = GhostNorm { images: recipe.ghost_batch };
        let groups_on_gpu = ghost.images > 0 && machine.device != Device::Cpu;
        if method.executor == Executor::Eager || method.sync_norm || groups_on_gpu {
            return Ok(HostStep { session: None, reduction: None });
        }
        let tuning = Tuning { ghost, ..tuning(method, machine) };
        let session = Session::new(net, Purpose::Training, batch, &tuning)?;
        let threads = machine.hardware().threads;
        let load = Workload { images: batch as u64, precision: machine.precision, threads };
        let held = session.schedule().footprint(net.plan(), load, Features::detect()).total();
        if machine_memory().is_some_and(|all| held.saturating_mul(2) > all) {
            native::return_freed_memory();
        }
        Ok(HostStep { session: Some(Box::new(session)), reduction: None })
    }

    /// Its session, if whole steps on these batches can run on the device; gives itself back if
    /// not.
    pub(super) fn for_device(
        mut self: Box<HostStep>,
        batches: &Batches,
    ) -> Result<Box<Session>, Box<HostStep>> {
        let suits =
            |session: &mut Box<Session>| session.gpu_kernels().is_some() && batches.fit_kernels();
        self.session.take_if(suits).ok_or(self)
    }

    /// Sums gradients over the ranks of a group from now on, beside the rest of the backward pass.
    pub(in crate::run) fn sum_over(
        &mut self,
        group: &Arc<Group>,
        net: &TorchNet,
    ) -> Result<(), RunError> {
        let gradients = match &self.session {
            Some(session) => session.gradient_buffers().iter().map(Tensor::shallow_clone).collect(),
            None => {
                let zeros = net.trained().map(|weight| weight.tensor.f_detach()?.f_zeros_like());
                zeros.collect::<Result<_, _>>().at("the gradients")?
            }
        };
        self.reduction = Some(Reduction::new(group, gradients)?);
        Ok(())
    }

    /// Output and loss of a batch, and the gradients with respect to the trained weights: their
    /// sums, if there are several ranks.
    pub(in crate::run) fn step(
        &mut self,
        state: &State,
        batch: &Batch,
        objective: Objective,
        seed: u64,
    ) -> Result<(Stepped, Vec<Tensor>), RunError> {
        let HostStep { session, reduction } = self;
        let Some(session) = session else {
            let output = state.net.forward(&batch.images, Mode::Train { seed })?;
            let loss = objective.loss(&output, &batch.targets).at("the loss")?;
            let gradients = state.optimiser.gradients(&loss).at("the gradients")?;
            let gradients = match reduction {
                Some(reduction) => reduction.finish(&gradients)?,
                None => gradients,
            };
            return Ok((Stepped { output, loss }, gradients));
        };
        let Batch { images, targets } = batch;
        let stepped = session.step_watched(images, targets, objective, seed, &mut |i| {
            if let Some(reduction) = reduction {
                reduction.note(i);
            }
        })?;
        if let Some(reduction) = reduction {
            reduction.finish(session.gradient_buffers())?;
        }
        Ok((stepped, session.gradients()?))
    }
}
