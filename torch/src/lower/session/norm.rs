//! Batch normalisation with the statistics of groups of a batch.

use netc::graph::op::BatchNorm;
use netc::lower::schedule::FusedOps;
use tch::{TchError, Tensor};

use super::own::{Own, OwnMoments};
use crate::lower::kernels::{FromTo, Owned, Workspace};
use crate::lower::torch::{GhostNorm, Group};

/// Writes `y = pool(activation(normalised x))`, plus `add`, by netc's own kernels; moves the
/// running statistics. Returns the moments of each group. With a workspace, the convolution or
/// pool before has summed `x` there, and the batch is one group.
pub(super) fn forward(
    own: &Own,
    (op, ghost): (&BatchNorm, GhostNorm),
    FromTo { from: x, to: y }: FromTo<'_>,
    [weight, bias, mean, var]: Owned<'_>,
    after: FusedOps,
    (add, mut summed): (Option<&Tensor>, Option<&mut Workspace>),
) -> Result<Vec<OwnMoments>, TchError> {
    ghost.each(x, [mean, var], op.momentum, |group, [mean, var], momentum| {
        let (x, y) = (group.of(x)?, group.of(y)?);
        let add = add.map(|add| group.of(add)).transpose()?;
        let owned = [weight, bias, mean, var];
        let moments = statistics(own, &x, summed.as_deref_mut(), owned, (momentum, op.eps))?;
        own.normalise(FromTo { from: &x, to: &y }, &moments, after, add.as_ref())?;
        Ok(moments)
    })
}

/// The statistics of `x`, by a momentum and an epsilon; moves the running ones. With a workspace,
/// the convolution or pool before has summed `x` there.
pub(super) fn statistics(
    own: &Own,
    x: &Tensor,
    summed: Option<&mut Workspace>,
    owned: Owned<'_>,
    (momentum, eps): (f64, f64),
) -> Result<OwnMoments, TchError> {
    match summed {
        Some(workspace) => own.summed_moments(workspace, owned, momentum, eps),
        None => own.moments(x, owned, momentum, eps),
    }
}

/// Calls `backward` for each of so many groups of a batch with its number and with what it writes
/// the gradients of weight and bias to; these are added up in `grad_owned`.
pub(super) fn backward<T>(
    batch: &Tensor,
    groups: usize,
    grad_owned: [&Tensor; 2],
    mut backward: impl FnMut(usize, Group, [&Tensor; 2]) -> Result<T, TchError>,
) -> Result<Vec<T>, TchError> {
    let groups = Group::split(batch, groups);
    if let [all] = groups[..] {
        return Ok(vec![backward(0, all, grad_owned)?]);
    }
    let mut results = Vec::new();
    for sum in grad_owned {
        let _ = sum.shallow_clone().f_zero_()?;
    }
    for (i, group) in groups.into_iter().enumerate() {
        let of_group = [grad_owned[0].f_empty_like()?, grad_owned[1].f_empty_like()?];
        results.push(backward(i, group, of_group.each_ref())?);
        for (sum, of_group) in grad_owned.into_iter().zip(&of_group) {
            let _ = sum.shallow_clone().f_add_(of_group)?;
        }
    }
    Ok(results)
}
