use netc::recipe::Recipe;
use tch::{Device, Kind, TchError, Tensor};

/// Muon's constants.
#[derive(Debug, Clone, Copy)]
pub(super) struct MuonStep {
    /// The momentum coefficient.
    pub keep: f64,
    pub nesterov: bool,
    pub iterations: u32,
}

impl MuonStep {
    /// Those of a recipe.
    pub(super) fn of(recipe: &Recipe) -> MuonStep {
        MuonStep {
            keep: recipe.muon_momentum,
            nesterov: recipe.nesterov,
            iterations: recipe.muon_steps,
        }
    }
}

/// The learning rate, which falls as that of the schedule does from its peak.
pub(super) fn rate(recipe: &Recipe, lr: f64, peak: f64) -> f64 {
    if peak > 0.0 { recipe.muon_lr * lr / peak } else { 0.0 }
}

/// Filters `[out, ...]`, their momentum and their gradient.
pub(super) struct Matrix<'a> {
    pub weight: &'a Tensor,
    pub momentum: &'a Tensor,
    pub gradient: &'a Tensor,
}

/// Coefficients of the iteration: the largest slope at 0 for which singular values stay near 1
/// (Jordan, 2024).
const A: f64 = 3.4445;
const B: f64 = -4.7750;
const C: f64 = 2.0315;
/// Added to the norm in the denominator.
const EPS: f64 = 1e-7;

/// Muon for filters as in airbench94 (Jordan, 2024). The momentum `m <- keep m + g`, or `g + keep
/// m` with Nesterov momentum, is a matrix with one row per filter; its singular values are driven
/// towards 1. The weight is first scaled to a norm of sqrt(out), so that it needs no weight decay.
/// The scale of the gradient does not matter.
pub(super) fn step(of: &Matrix<'_>, by: &MuonStep, rate: f64) -> Result<(), TchError> {
    let direction = direction(of, by)?;
    let update = orthogonalised(&rows(&direction)?, by.iterations)?;
    let update = update.f_to_kind(of.weight.kind())?;
    apply(of.weight, &update.f_mul_scalar(rate)?)
}

/// The same for filters of one [shape](same_matrix), whose products are batched, with the rate as a
/// tensor `[]`.
pub(super) fn step_together(
    all: &[Matrix<'_>],
    by: &MuonStep,
    rate: &Tensor,
) -> Result<(), TchError> {
    let directions: Vec<Tensor> =
        all.iter().map(|of| rows(&direction(of, by)?)).collect::<Result<_, _>>()?;
    let updates = orthogonalised(&Tensor::f_stack(&directions, 0)?, by.iterations)?;
    let updates = updates.f_to_kind(rate.kind())?.f_mul(rate)?;
    for (i, of) in all.iter().enumerate() {
        apply(of.weight, &updates.f_select(0, i as i64)?)?;
    }
    Ok(())
}

/// Whether two weights have as many filters of as many elements.
pub(super) fn same_matrix(a: &Tensor, b: &Tensor) -> bool {
    a.size()[0] == b.size()[0] && a.numel() == b.numel()
}

fn direction(of: &Matrix<'_>, by: &MuonStep) -> Result<Tensor, TchError> {
    let mut momentum = of.momentum.shallow_clone();
    let _ = momentum.f_mul_scalar_(by.keep)?.f_add_(of.gradient)?;
    match by.nesterov {
        true => momentum.f_mul_scalar(by.keep)?.f_add_(of.gradient),
        false => Ok(momentum),
    }
}

fn rows(direction: &Tensor) -> Result<Tensor, TchError> {
    direction.f_reshape([direction.size()[0], -1])
}

fn apply(weight: &Tensor, update: &Tensor) -> Result<(), TchError> {
    let mut weight = weight.shallow_clone();
    let filters = weight.size()[0];
    let norm = weight.f_norm()?.f_add_scalar(EPS)?;
    let _ = weight.f_mul_(&norm.f_reciprocal()?.f_mul_scalar((filters as f64).sqrt())?)?;
    let _ = weight.f_sub_(&update.f_reshape(weight.size())?)?;
    Ok(())
}

/// Matrices `[..., rows, columns]` with the same singular vectors and singular values near 1, by
/// Newton-Schulz iteration. In bf16 on a GPU, as published, where it uses the tensor cores.
fn orthogonalised(matrices: &Tensor, iterations: u32) -> Result<Tensor, TchError> {
    let kind = if matrices.device() == Device::Cpu { matrices.kind() } else { Kind::BFloat16 };
    let sizes = matrices.size();
    let tall = sizes[sizes.len() - 2] > sizes[sizes.len() - 1];
    let turned = |x: &Tensor| if tall { x.f_transpose(-2, -1) } else { Ok(x.shallow_clone()) };
    let x = matrices.f_to_kind(kind)?;
    let norm = x.f_norm_scalaropt_dim(2.0, [-2i64, -1], true)?.f_add_scalar(EPS)?;
    let mut x = turned(&x.f_div(&norm)?)?;
    for _ in 0..iterations {
        let square = x.f_matmul(&x.f_transpose(-2, -1)?)?;
        let by = square.f_mul_scalar(B)?.f_add(&square.f_matmul(&square)?.f_mul_scalar(C)?)?;
        x = x.f_mul_scalar(A)?.f_add(&by.f_matmul(&x)?)?;
    }
    turned(&x)
}
