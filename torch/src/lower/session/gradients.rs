//! The gradients of a step with respect to the weights, in memory of their own.

use std::ops::Range;

use netc::graph::op::Role;
use netc::lower::TorchError;
use tch::Tensor;

use super::weights::zeros;
use crate::lower::{At, TorchNet};

/// The buffers of the gradients; frozen weights have one, too, because kernels write all that a
/// step owns.
#[derive(Debug, Default)]
pub(super) struct Gradients {
    all: Vec<Tensor>,
    owned: Vec<Range<usize>>,
    trained: Vec<Tensor>,
    owned_trained: Vec<Range<usize>>,
}

impl Gradients {
    /// Those of a net, whose filters that read the input have more channels if it is `padded`.
    pub(super) fn new(net: &TorchNet, padded: bool) -> Result<Gradients, TorchError> {
        let mut made = Gradients::default();
        for (step, owned) in net.plan.steps().iter().zip(&net.owned) {
            let (first, first_trained) = (made.all.len(), made.trained.len());
            let wide = padded && step.operands == [0];
            let weights = net.weights[owned.clone()].iter();
            for weight in weights.filter(|weight| weight.role != Role::Statistic) {
                let like = weight.tensor.f_detach().at(&weight.name)?;
                let gradient = zeros(&like, net.masters, wide).at(&weight.name)?;
                made.trained.extend(weight.trained.then(|| gradient.shallow_clone()));
                made.all.push(gradient);
            }
            made.owned.push(first..made.all.len());
            made.owned_trained.push(first_trained..made.trained.len());
        }
        Ok(made)
    }

    /// Of the weights of a step, in their order.
    pub(super) fn of_step(&self, step: usize) -> &[Tensor] {
        &self.all[self.owned[step].clone()]
    }

    /// Of the trained weights.
    pub(super) fn trained(&self) -> &[Tensor] {
        &self.trained
    }

    /// Which of the trained weights belong to a step.
    pub(super) fn trained_of_step(&self, step: usize) -> Range<usize> {
        self.owned_trained[step].clone()
    }
}
