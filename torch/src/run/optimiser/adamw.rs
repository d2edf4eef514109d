use tch::{TchError, Tensor};

pub(super) struct AdamWStep {
    pub rate: f64,
    pub decay: f64,
    pub betas: [f64; 2],
    pub eps: f64,
    /// The number of the step, from 1.
    pub number: u64,
}

/// Adam with decoupled weight decay (Loshchilov and Hutter, 2017), as torch.optim.AdamW has it;
/// `gradient` is that of the mean loss.
pub(super) fn step(
    weight: &mut Tensor,
    [mean, square]: [&mut Tensor; 2],
    gradient: &Tensor,
    by: AdamWStep,
) -> Result<(), TchError> {
    let [beta1, beta2] = by.betas;
    let [first, second] = by.betas.map(|beta| 1.0 - beta.powf(by.number as f64));
    let _ = weight.f_mul_scalar_(1.0 - by.decay)?;
    let _ = mean.f_mul_scalar_(beta1)?.f_add_(&gradient.f_mul_scalar(1.0 - beta1)?)?;
    let _ =
        square.f_mul_scalar_(beta2)?.f_add_(&gradient.f_square()?.f_mul_scalar(1.0 - beta2)?)?;
    let root = square.f_sqrt()?.f_div_scalar_(second.sqrt())?.f_add_scalar_(by.eps)?;
    let _ = weight.f_sub_(&mean.f_div(&root)?.f_mul_scalar(by.rate / first)?)?;
    Ok(())
}
