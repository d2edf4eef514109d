use tch::Tensor;

use super::evaluate::sum_of_losses;
use super::{Executor, Hardware, Machine, Method, RunError, Sgd, data};
use crate::lower::{At, Compiled, Mode, Stepped, TorchNet, Tuning};
use crate::passes::Purpose;

/// Computes the steps of a training.
#[derive(Debug)]
pub(super) enum Stepper {
    Eager,
    Compiled(Box<Compiled>),
}

impl Stepper {
    /// For a net and batches of at most so many images. Statistics over several ranks need the tape.
    pub(super) fn new(
        net: &TorchNet,
        batch: usize,
        method: &Method,
        machine: Machine,
    ) -> Result<Stepper, RunError> {
        if method.executor == Executor::Eager || method.sync_norm {
            return Ok(Stepper::Eager);
        }
        let compiled = Compiled::new(net, Purpose::Training, batch, &tuning(method, machine))?;
        Ok(Stepper::Compiled(Box::new(compiled)))
    }

    /// Logits and loss of a batch, and the gradients by the trained weights.
    pub(super) fn step(
        &mut self,
        net: &TorchNet,
        optimiser: &Sgd,
        (images, labels): (&Tensor, &Tensor),
        seed: u64,
    ) -> Result<(Stepped, Vec<Tensor>), RunError> {
        match self {
            Stepper::Eager => {
                let logits = net.forward(images, Mode::Train { seed })?;
                let loss = sum_of_losses(&logits, labels).at("the loss")?;
                let gradients = optimiser.gradients(&loss).at("the gradients")?;
                Ok((Stepped { logits, loss }, gradients))
            }
            Stepper::Compiled(compiled) => {
                let stepped = compiled.step(net, images, labels, seed)?;
                Ok((stepped, compiled.gradients().iter().map(Tensor::shallow_clone).collect()))
            }
        }
    }
}

/// How convolutions are chosen on a machine; measurements are kept in the user's cache folder, if there is one.
pub(super) fn tuning(method: &Method, machine: Machine) -> Tuning {
    let Hardware { cpu, threads, .. } = machine.hardware();
    let cache = data::cifar10::cache_folder().ok().map(|folder| folder.join("convolutions.json"));
    let machine = format!("{cpu}, {threads} threads");
    Tuning { choice: method.conv, cache, machine, without: method.without.clone() }
}
