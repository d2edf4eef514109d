use tch::{Device, Kind, TchError, Tensor};

pub(super) struct MuonStep {
    pub rate: f64,
    /// The momentum coefficient.
    pub keep: f64,
    pub nesterov: bool,
    pub iterations: u32,
}

/// Coefficients of the iteration: the largest slope at 0 for which singular values stay near 1
/// (Jordan, 2024).
const A: f64 = 3.4445;
const B: f64 = -4.7750;
const C: f64 = 2.0315;
/// Added to the norm in the denominator.
const EPS: f64 = 1e-7;

/// Muon for filters `[out, ...]` as in airbench94 (Jordan, 2024). The momentum `m <- keep m + g`,
/// or `g + keep m` with Nesterov momentum, is a matrix with one row per filter; its singular values
/// are driven towards 1. The weight is first scaled to a norm of sqrt(out), so that it needs no
/// weight decay. The scale of the gradient does not matter.
pub(super) fn step(
    weight: &mut Tensor,
    momentum: &mut Tensor,
    gradient: &Tensor,
    by: MuonStep,
) -> Result<(), TchError> {
    let _ = momentum.f_mul_scalar_(by.keep)?.f_add_(gradient)?;
    let direction = match by.nesterov {
        true => momentum.f_mul_scalar(by.keep)?.f_add_(gradient)?,
        false => momentum.shallow_clone(),
    };
    let filters = weight.size()[0];
    let rows = direction.f_reshape([filters, -1])?;
    let update = orthogonalised(&rows, by.iterations)?.f_to_kind(weight.kind())?;
    let norm = weight.f_norm()?.f_add_scalar(EPS)?;
    let _ = weight.f_mul_(&norm.f_reciprocal()?.f_mul_scalar((filters as f64).sqrt())?)?;
    let _ = weight.f_sub_(&update.f_reshape(weight.size())?.f_mul_scalar_(by.rate)?)?;
    Ok(())
}

/// A matrix with the same singular vectors and singular values near 1, by Newton-Schulz iteration.
/// In bf16 on a GPU, as published, where it uses the tensor cores.
fn orthogonalised(matrix: &Tensor, iterations: u32) -> Result<Tensor, TchError> {
    let kind = if matrix.device() == Device::Cpu { matrix.kind() } else { Kind::BFloat16 };
    let tall = matrix.size()[0] > matrix.size()[1];
    let turned = |x: &Tensor| if tall { x.f_tr() } else { Ok(x.shallow_clone()) };
    let x = matrix.f_to_kind(kind)?;
    let mut x = turned(&x.f_div(&x.f_norm()?.f_add_scalar(EPS)?)?)?;
    for _ in 0..iterations {
        let square = x.f_matmul(&x.f_tr()?)?;
        let by = square.f_mul_scalar(B)?.f_add(&square.f_matmul(&square)?.f_mul_scalar(C)?)?;
        x = x.f_mul_scalar(A)?.f_add(&by.f_matmul(&x)?)?;
    }
    turned(&x)
}
