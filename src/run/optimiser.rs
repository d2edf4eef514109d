use tch::{Device, Kind, TchError, Tensor};

use super::Recipe;
use crate::lower::TorchNet;
use crate::lower::kernels::{Descent, Kernels};

/// Stochastic gradient descent as the article's code has it: the learning rate is folded into the
/// velocity, and every trained number decays.
///
/// With g the gradient of the *sum* of a batch's losses, B the recipe's batch size (also for a
/// smaller last batch), m momentum and wd weight decay:
/// `v <- m v - lr (g / B + wd w)`, then `w <- w + m v - lr (g / B + wd w)` with Nesterov's form and `w <- w + v`
/// without. torch's own SGD keeps the rate out of the velocity, which differs while the rate moves.
#[derive(Debug)]
pub struct Sgd {
    weights: Vec<Tensor>,
    velocities: Vec<Tensor>,
    momentum: f64,
    nesterov: bool,
    weight_decay: f64,
    batch_size: f64,
    kernels: Option<Kernels>,
}

impl Sgd {
    /// For the trained weights of a net, with velocities of 0.
    pub fn new(net: &TorchNet, recipe: &Recipe) -> Result<Sgd, TchError> {
        let weights: Vec<Tensor> = net.trained().map(|w| w.tensor.shallow_clone()).collect();
        Sgd::of(weights, recipe)
    }

    /// For any fp32 weights.
    pub fn of(weights: Vec<Tensor>, recipe: &Recipe) -> Result<Sgd, TchError> {
        let velocities = weights.iter().map(|w| w.f_detach()?.f_zeros_like()).collect::<Result<_, _>>()?;
        let plain = |w: &Tensor| w.device() == Device::Cpu && w.kind() == Kind::Float;
        let kernels = Kernels::detect().filter(|_| weights.iter().all(plain));
        Ok(Sgd {
            kernels,
            weights,
            velocities,
            momentum: recipe.momentum,
            nesterov: recipe.nesterov,
            weight_decay: recipe.weight_decay,
            batch_size: recipe.batch_size as f64,
        })
    }

    /// The same by libtorch's operations, without the kernel that descends in one pass over memory.
    pub fn plain(self) -> Sgd {
        Sgd { kernels: None, ..self }
    }

    /// The velocities, in the order of the weights.
    pub(super) fn velocities(&self) -> &[Tensor] {
        &self.velocities
    }

    /// The gradients of `loss`, a sum of losses, one for each weight.
    pub fn gradients(&self, loss: &Tensor) -> Result<Vec<Tensor>, TchError> {
        Tensor::f_run_backward(&[loss], &self.weights, false, false)
    }

    /// One step at rate `lr` on the mean loss.
    pub fn step(&mut self, gradients: &[Tensor], lr: f64) -> Result<(), TchError> {
        let (momentum, nesterov) = (self.momentum, self.nesterov);
        tch::no_grad(|| {
            let pairs = self.weights.iter_mut().zip(&mut self.velocities);
            for ((weight, velocity), gradient) in pairs.zip(gradients) {
                if let Some(kernels) = self.kernels.filter(|_| weight.stride() == gradient.stride()) {
                    let step = Descent {
                        rate: lr / self.batch_size,
                        decay: lr * self.weight_decay,
                        momentum,
                        nesterov,
                    };
                    kernels.descend(weight, velocity, gradient, step)?;
                    continue;
                }
                let mut change = gradient.f_mul_scalar(-lr / self.batch_size)?;
                let _ = change.f_add_(&weight.f_mul_scalar(-lr * self.weight_decay)?)?;
                let _ = velocity.f_mul_scalar_(momentum)?.f_add_(&change)?;
                let _ = match nesterov {
                    true => weight.f_add_(&change.f_add_(&velocity.f_mul_scalar(momentum)?)?)?,
                    false => weight.f_add_(velocity)?,
                };
            }
            Ok(())
        })
    }
}
