use tch::{TchError, Tensor};

use crate::lower::kernels::Kernels;
pub(super) use crate::lower::kernels::SgdStep;

/// SGD with momentum as in the article's code: the learning rate is folded into the velocity.
///
/// With g the gradient of the mean loss, m momentum and wd weight decay:
/// `v <- m v - lr (g + wd w)`, then `w <- w + m v - lr (g + wd w)` with Nesterov momentum and `w <-
/// w + v` without. PyTorch's SGD keeps the learning rate out of the velocity, which differs when
/// the rate changes.
pub(super) fn step(
    weight: &mut Tensor,
    velocity: &mut Tensor,
    gradient: &Tensor,
    by: SgdStep,
    kernels: Option<Kernels>,
) -> Result<(), TchError> {
    if let Some(kernels) = kernels.filter(|_| weight.stride() == gradient.stride()) {
        return kernels.descend(weight, velocity, gradient, by);
    }
    let mut change = gradient.f_mul_scalar(-by.rate)?;
    let _ = change.f_add_(&weight.f_mul_scalar(-by.decay)?)?;
    let _ = velocity.f_mul_scalar_(by.momentum)?.f_add_(&change)?;
    let _ = match by.nesterov {
        true => weight.f_add_(&change.f_add_(&velocity.f_mul_scalar(by.momentum)?)?)?,
        false => weight.f_add_(velocity)?,
    };
    Ok(())
}
