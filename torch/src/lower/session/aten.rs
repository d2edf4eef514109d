//! The forward and backward rule of each op with libtorch's operations, without autograd.

use netc::graph::op::{BatchNorm, Op, PadMode, UpsampleMode, Window};
use netc::lower::Step;
use tch::{Kind, TchError, Tensor};

use super::norm;
use crate::lower::kernels::aten as calls;
use crate::lower::torch::{
    GhostNorm, Manner, Mode, Weight, activation, channels_last, image_size, joined, library_kind,
    ops, pair,
};

type Result<T> = std::result::Result<T, TchError>;

/// A value, and what is saved for the backward pass.
pub(super) struct ForwardResult {
    pub value: Tensor,
    pub saved: Vec<Tensor>,
}

/// One op forward in training, computed in the dtype `kind`; batches are normalised by `ghost`.
pub(super) fn forward(
    step: &Step,
    operands: &[&Tensor],
    weights: &[Weight],
    (kind, ghost): (Kind, GhostNorm),
    seed: u64,
) -> Result<ForwardResult> {
    let x = *operands.first().ok_or_else(|| TchError::Shape("an op without operands".into()))?;
    let done = |value: Tensor, saved: &[&Tensor]| {
        let saved = saved.iter().map(|tensor| tensor.shallow_clone()).collect();
        Ok(ForwardResult { value, saved })
    };
    match &step.op {
        Op::Conv(op) => {
            let weight = weights[0].tensor.f_to_kind(kind)?;
            let bias = weights.get(1).map(|bias| &bias.tensor);
            done(ops::convolve(op, x, &weight, bias)?, &[x, &weight])
        }
        Op::Linear(_) => {
            let weight = weights[0].tensor.f_to_kind(kind)?;
            let bias = weights.get(1).map(|bias| bias.tensor.f_to_kind(kind)).transpose()?;
            done(x.f_linear(&weight, bias.as_ref())?, &[x, &weight])
        }
        Op::BatchNorm(op) if step.frozen => {
            let manner = Manner { mode: Mode::Eval, kind, norm: None };
            let [weight, _, _, var] = four(weights)?.map(|weight| &weight.tensor);
            let scale = var.f_add_scalar(op.eps)?.f_rsqrt()?.f_mul(weight)?;
            done(ops::apply(step, operands, weights, manner)?, &[&scale])
        }
        Op::BatchNorm(op) => {
            let [weight, bias, mean, var] = four(weights)?.map(|weight| &weight.tensor);
            let mut saved = vec![x.shallow_clone()];
            let values = ghost.each(x, [mean, var], op.momentum, |group, running, momentum| {
                let x = group.of(x)?;
                ops::has_variance(&x)?;
                let [weight, bias, mean, var] = [weight, bias, running[0], running[1]].map(Some);
                let (value, mean, inverse) =
                    x.f_native_batch_norm(weight, bias, mean, var, true, momentum, op.eps)?;
                saved.extend([mean, inverse]);
                Ok(value)
            })?;
            Ok(ForwardResult { value: joined(values)?, saved })
        }
        Op::Dropout(op) => {
            let noise = ops::dropout_noise(step, op.p, x, seed)?;
            done(x.f_mul(&noise)?, &[&noise])
        }
        Op::MaxPool(op) => {
            let (kernel, stride, pad) = window(&op.0)?;
            let (value, places) =
                x.f_max_pool2d_with_indices(kernel, stride, pad, [1, 1], op.0.ceil)?;
            done(value, &[x, &places])
        }
        Op::GlobalMaxPool(_) => {
            let size = image_size(step)?;
            let (value, places) = x.f_max_pool2d_with_indices(size, size, [0, 0], [1, 1], false)?;
            done(value, &[x, &places])
        }
        Op::Input(_)
        | Op::Activation(_)
        | Op::Softmax(_)
        | Op::Identity(_)
        | Op::AvgPool(_)
        | Op::GlobalAvgPool(_)
        | Op::Add(_)
        | Op::Offset(_)
        | Op::Sub(_)
        | Op::Mul(_)
        | Op::Scale(_)
        | Op::Concat(_)
        | Op::Flatten(_)
        | Op::Pad(_)
        | Op::Upsample(_) => {
            let value = ops::apply(
                step,
                operands,
                weights,
                Manner { mode: Mode::Train { seed }, kind, norm: None },
            )?;
            let saved = step.op.traits().saved;
            let operands =
                operands.iter().filter(|_| saved.operands).map(|operand| operand.shallow_clone());
            let saved = operands.chain(saved.value.then(|| value.shallow_clone())).collect();
            Ok(ForwardResult { value, saved })
        }
    }
}

/// One op backward: from the gradient with respect to the value to that with respect to each
/// operand that needs one. The gradients with respect to trained weights are written to
/// `grad_weights`.
pub(super) fn backward(
    step: &Step,
    gradient: &Tensor,
    saved: &[Tensor],
    weights: &[Weight],
    grad_weights: &[Tensor],
    wanted: &[bool],
) -> Result<Vec<Option<Tensor>>> {
    let one = |by: Result<Tensor>| Ok(vec![Some(by?)]);
    match &step.op {
        Op::Conv(op) => {
            let [x, weight] = two(saved)?;
            let want = [wanted[0], weights[0].trained, weights.get(1).is_some_and(|b| b.trained)];
            let within = library_kind(op, x);
            let [from, x, weight] = [gradient, x, weight].map(|tensor| tensor.f_to_kind(within));
            let by = calls::convolution_backward(op, [&from?, &x?, &weight?], want)?;
            for (to, from) in grad_weights.iter().zip(&by[1..]) {
                from.iter().try_for_each(|from| put(to, from))?;
            }
            let [grad_input, ..] = by;
            Ok(vec![grad_input.map(|from| from.f_to_kind(gradient.kind())).transpose()?])
        }
        Op::Linear(_) => {
            let [x, weight] = two(saved)?;
            if !step.frozen {
                put(&grad_weights[0], &gradient.f_tr()?.f_matmul(x)?)?;
            }
            if let Some(to) = grad_weights.get(1).filter(|_| !step.frozen) {
                put(to, &gradient.f_sum_dim_intlist([0i64].as_slice(), false, to.kind())?)?;
            }
            Ok(vec![wanted[0].then(|| gradient.f_matmul(weight)).transpose()?])
        }
        Op::BatchNorm(_) if step.frozen => {
            let mut sizes = vec![1; gradient.dim()];
            sizes[1] = -1;
            let scale = saved[0].f_reshape(&sizes)?.f_to_kind(gradient.kind())?;
            one(gradient.f_mul(&scale))
        }
        Op::BatchNorm(op) => batch_norm(op, gradient, saved, weights, grad_weights),
        Op::Activation(op) => one(activation::backward(op, gradient, &saved[0])),
        Op::Softmax(_) => {
            one(Tensor::f_internal_softmax_backward_data(gradient, &saved[0], 1, gradient.kind()))
        }
        Op::Dropout(_) => one(gradient.f_mul(&saved[0])),
        Op::MaxPool(op) => {
            let [x, places] = two(saved)?;
            let (kernel, stride, pad) = window(&op.0)?;
            let dilation = [1, 1];
            one(x.f_max_pool2d_with_indices_backward(
                gradient, kernel, stride, pad, dilation, op.0.ceil, places,
            ))
        }
        Op::GlobalMaxPool(_) => {
            let [x, places] = two(saved)?;
            let (size, none) = (image_size(step)?, [0, 0]);
            one(x.f_max_pool2d_with_indices_backward(
                gradient,
                size,
                size,
                none,
                [1, 1],
                false,
                places,
            ))
        }
        Op::AvgPool(op) => {
            let (kernel, stride, pad) = window(&op.0)?;
            one(saved[0]
                .f_avg_pool2d_backward(gradient, kernel, stride, pad, op.0.ceil, true, None))
        }
        Op::GlobalAvgPool(_) => {
            let [h, w] = image_size(step)?;
            one(gradient.f_expand_as(&saved[0])?.f_div_scalar((h * w) as f64))
        }
        Op::Add(_) => {
            Ok(wanted.iter().map(|wanted| wanted.then(|| gradient.shallow_clone())).collect())
        }
        Op::Offset(_) => one(Ok(gradient.shallow_clone())),
        Op::Sub(_) => Ok(vec![
            wanted[0].then(|| gradient.shallow_clone()),
            wanted[1].then(|| gradient.f_neg()).transpose()?,
        ]),
        Op::Mul(_) => multiplied(gradient, saved, wanted),
        Op::Scale(op) => one(gradient.f_mul_scalar(op.by)),
        Op::Concat(_) => {
            let mut first = 0;
            let mut parts = Vec::new();
            for (shape, wanted) in step.operand_shapes.iter().zip(wanted) {
                let channels = shape.channels() as i64;
                parts.push(wanted.then(|| gradient.f_narrow(1, first, channels)).transpose()?);
                first += channels;
            }
            Ok(parts)
        }
        Op::Flatten(_) => {
            let mut sizes = vec![gradient.size()[0]];
            sizes.extend(step.operand_shapes[0].dims().iter().map(|&d| d as i64));
            one(gradient.f_reshape(sizes))
        }
        Op::Pad(op) => {
            let [h, w] = pair(op.amount)?;
            match op.mode {
                PadMode::Zeros => one(gradient.f_constant_pad_nd([-w, -w, -h, -h])),
                PadMode::Reflect => {
                    one(saved[0].f_reflection_pad2d_backward(gradient, [w, w, h, h]))
                }
            }
        }
        Op::Upsample(op) => {
            let [h, w] = image_size(step)?;
            let [down, right] = pair(op.factor)?;
            let to = [h * down, w * right];
            let from = [gradient.size()[0], gradient.size()[1], h, w];
            match op.mode {
                UpsampleMode::Nearest => {
                    one(Tensor::f_upsample_nearest2d_backward(gradient, to, from, None, None))
                }
                UpsampleMode::Bilinear => one(Tensor::f_upsample_bilinear2d_backward(
                    gradient, to, from, false, None, None,
                )),
            }
        }
        Op::Identity(_) => one(Ok(gradient.shallow_clone())),
        Op::Input(_) => Ok(Vec::new()),
    }
}

/// Copies a gradient into its buffer.
pub(super) fn put(to: &Tensor, from: &Tensor) -> Result<()> {
    to.shallow_clone().f_copy_(from)
}

fn batch_norm(
    op: &BatchNorm,
    gradient: &Tensor,
    saved: &[Tensor],
    weights: &[Weight],
    grad_weights: &[Tensor],
) -> Result<Vec<Option<Tensor>>> {
    let Some((x, moments)) = saved.split_first() else {
        return Err(TchError::Shape("a batch normalisation saves its operand".into()));
    };
    let [weight, _, running_mean, running_var] = four(weights)?.map(|weight| &weight.tensor);
    let gradient = channels_last(gradient)?;
    let owned = [weight, running_mean, running_var];
    let (moments, _) = moments.as_chunks::<2>();
    let grad_owned = [&grad_weights[0], &grad_weights[1]];
    let by_group = norm::backward(x, moments.len(), grad_owned, |i, group, grad_owned| {
        let images = [&group.of(&gradient)?, &group.of(x)?];
        let [grad_input, grad_weight, grad_bias] =
            calls::batch_norm_backward(images, owned, moments[i].each_ref(), op.eps)?;
        put(grad_owned[0], &grad_weight)?;
        put(grad_owned[1], &grad_bias)?;
        Ok(grad_input)
    })?;
    Ok(vec![Some(joined(by_group)?)])
}

fn multiplied(gradient: &Tensor, saved: &[Tensor], wanted: &[bool]) -> Result<Vec<Option<Tensor>>> {
    let [a, b] = two(saved)?;
    let by_first = wanted[0].then(|| gradient.f_mul(b)).transpose()?;
    let by_second = wanted[1].then(|| {
        let whole = gradient.f_mul(a)?;
        let spread: Vec<i64> =
            (0..b.dim() as i64).filter(|&d| b.size()[d as usize] != a.size()[d as usize]).collect();
        if spread.is_empty() {
            Ok(whole)
        } else {
            whole.f_sum_dim_intlist(spread.as_slice(), true, b.kind())
        }
    });
    Ok(vec![by_first, by_second.transpose()?])
}

fn window(window: &Window) -> Result<([i64; 2], [i64; 2], [i64; 2])> {
    Ok((pair(window.kernel)?, pair(window.stride)?, pair(window.pad)?))
}

fn two(saved: &[Tensor]) -> Result<[&Tensor; 2]> {
    match saved {
        [a, b] => Ok([a, b]),
        _ => Err(TchError::Shape("two tensors were saved".into())),
    }
}

fn four(weights: &[Weight]) -> Result<[&Weight; 4]> {
    match weights {
        [a, b, c, d] => Ok([a, b, c, d]),
        _ => Err(TchError::Shape("batch normalisation owns four tensors".into())),
    }
}
