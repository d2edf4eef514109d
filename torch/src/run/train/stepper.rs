use std::sync::Arc;

use netc::lower::Workload;
use netc::passes::Purpose;
use netc::recipe::Recipe;
use netc::run::{Executor, Hardware, Method, RunError, data, machine_memory};
use tch::Tensor;

use crate::lower::{At, Mode, Objective, Session, Stepped, TorchNet, Tuning};
use crate::run::device::Machine;
use crate::run::dist::{Group, Reduction};
use crate::run::probe::native;
use crate::run::train::batches::Batch;
use crate::run::train::state::State;

/// Computes the steps of a training.
#[derive(Debug)]
pub(in crate::run) struct Stepper {
    /// Without one, autograd computes.
    session: Option<Box<Session>>,
    /// Sums the gradients over the ranks, if there are several.
    reduction: Option<Reduction>,
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
            return Ok(Stepper { session: None, reduction: None });
        }
        let compiled = Session::new(net, Purpose::Training, batch, &tuning(method, machine))?;
        let threads = machine.hardware().threads;
        let load = Workload { images: batch as u64, precision: machine.precision, threads };
        let held = compiled.schedule().footprint(net.plan(), load).total();
        if machine_memory().is_some_and(|all| held.saturating_mul(2) > all) {
            native::return_freed_memory();
        }
        Ok(Stepper { session: Some(Box::new(compiled)), reduction: None })
    }

    /// Sums gradients over the ranks of a group from now on, beside the rest of the backward pass.
    pub(in crate::run) fn sum_over(
        &mut self,
        group: &Arc<Group>,
        net: &TorchNet,
    ) -> Result<(), RunError> {
        let gradients = match &self.session {
            Some(session) => session.gradients().iter().map(Tensor::shallow_clone).collect(),
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
        let Stepper { session, reduction } = self;
        let (stepped, gradients) = match session {
            None => {
                let output = state.net.forward(&batch.images, Mode::Train { seed })?;
                let loss = objective.loss(&output, &batch.targets).at("the loss")?;
                let gradients = state.optimiser.gradients(&loss).at("the gradients")?;
                (Stepped { output, loss }, gradients)
            }
            Some(session) => {
                let Batch { images, targets } = batch;
                let stepped = session.step_watched(images, targets, objective, seed, &mut |i| {
                    if let Some(reduction) = reduction {
                        reduction.note(i);
                    }
                })?;
                (stepped, session.gradients().iter().map(Tensor::shallow_clone).collect())
            }
        };
        match reduction {
            Some(reduction) => Ok((stepped, reduction.finish(&gradients)?)),
            None => Ok((stepped, gradients)),
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
