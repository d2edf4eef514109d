use netc::graph::op::{BatchNorm, Conv, Op, PadMode, UpsampleMode, Window};
use netc::lower::cpu::{Features, library_convolves_bf16};
use netc::lower::{Step, seed};
use tch::{Device, Kind, TchError, Tensor};

use super::activation;
use super::layout::channels_last;
use super::mode::{Manner, Mode, TrainingNorm};
use super::weights::{Weight, sizes};
use crate::lower::kernels::aten::{Distribution, draw};

type Result = std::result::Result<Tensor, TchError>;

/// One op on libtorch, with images in channels-last layout.
pub(in crate::lower) fn apply(
    step: &Step,
    operands: &[&Tensor],
    weights: &[Weight],
    Manner { mode, kind, norm }: Manner<'_>,
) -> Result {
    let Some(&x) = operands.first() else {
        return Err(TchError::Shape("an op without operands".into()));
    };
    let more = &operands[1..];
    let frozen = step.frozen && matches!(step.op, Op::BatchNorm(_));
    let mode = if frozen { Mode::Eval } else { mode };
    match &step.op {
        Op::Input(_) | Op::Identity(_) => Ok(x.shallow_clone()),
        Op::Conv(op) => {
            convolve(op, x, &weights[0].tensor, weights.get(1).map(|bias| &bias.tensor))
        }
        Op::Linear(_) => {
            let bias = cast(weights.get(1), kind)?;
            x.f_linear(&weights[0].tensor.f_to_kind(kind)?, bias.as_ref())
        }
        Op::BatchNorm(op) => batch_norm(op, x, weights, mode, norm),
        Op::Activation(op) => activation::forward(op, x),
        Op::Softmax(_) => x.f_softmax(1, None),
        Op::Dropout(op) => match mode {
            Mode::Eval => Ok(x.shallow_clone()),
            Mode::Train { seed } => x.f_mul(&dropout_noise(step, op.p, x, seed)?),
        },
        Op::MaxPool(op) => max_pool(&op.0, x),
        Op::AvgPool(op) => avg_pool(&op.0, x),
        Op::GlobalMaxPool(_) => {
            let size = image_size(step)?;
            x.f_max_pool2d(size, size, [0, 0], [1, 1], false)
        }
        Op::GlobalAvgPool(_) => x.f_adaptive_avg_pool2d([1, 1]),
        Op::Add(_) => more.iter().try_fold(x.shallow_clone(), |sum, y| sum.f_add(y)),
        Op::Sub(_) => more.iter().try_fold(x.shallow_clone(), |left, y| left.f_sub(y)),
        Op::Offset(op) => x.f_add_scalar(op.by),
        Op::Mul(_) => more.iter().try_fold(x.shallow_clone(), |product, y| product.f_mul(y)),
        Op::Scale(op) => x.f_mul_scalar(op.by),
        Op::Concat(_) => Tensor::f_cat(operands, 1),
        Op::Flatten(_) => x.f_flatten(1, -1),
        Op::Pad(op) => {
            let [h, w] = pair(op.amount)?;
            match op.mode {
                PadMode::Zeros => x.f_constant_pad_nd([w, w, h, h]),
                PadMode::Reflect => channels_last(&x.f_reflection_pad2d([w, w, h, h])?),
            }
        }
        Op::Upsample(op) => {
            let [h, w] = image_size(step)?;
            let [down, right] = pair(op.factor)?;
            match op.mode {
                UpsampleMode::Nearest => x.f_upsample_nearest2d([h * down, w * right], None, None),
                UpsampleMode::Bilinear => {
                    x.f_upsample_bilinear2d([h * down, w * right], false, None, None)
                }
            }
        }
    }
}

/// A convolution by libtorch, with weights and bias of any dtype; the output has the input's.
pub(in crate::lower) fn convolve(
    op: &Conv,
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
) -> Result {
    let kind = library_kind(op, x);
    let (images, weight) = (x.f_to_kind(kind)?, weight.f_to_kind(kind)?);
    let bias = bias.map(|bias| bias.f_to_kind(kind)).transpose()?;
    let (stride, pad, dilation) = (pair(op.stride)?, pair(op.pad)?, pair(op.dilation)?);
    let groups = i64::try_from(op.groups).unwrap_or(i64::MAX);
    images.f_conv2d(&weight, bias.as_ref(), stride, pad, dilation, groups)?.f_to_kind(x.kind())
}

/// The dtype in which libtorch convolves images: fp32 for bf16 where that is slow or wrong.
pub(in crate::lower) fn library_kind(op: &Conv, x: &Tensor) -> Kind {
    let columns = x.size().last().map_or(0, |columns| columns.unsigned_abs());
    let in_bf16 =
        x.device() != Device::Cpu || library_convolves_bf16(Features::detect(), op, columns);
    match x.kind() {
        Kind::BFloat16 if !in_bf16 => Kind::Float,
        kind => kind,
    }
}

/// Statistics, weight and bias are fp32 for any input dtype.
fn batch_norm(
    op: &BatchNorm,
    x: &Tensor,
    weights: &[Weight],
    mode: Mode,
    norm: Option<&dyn TrainingNorm>,
) -> Result {
    let [weight, bias, mean, var] = weights else {
        return Err(TchError::Shape("batch normalisation owns four tensors".into()));
    };
    let training = matches!(mode, Mode::Train { .. });
    if let (true, Some(norm)) = (training, norm) {
        return norm.apply(x, [weight, bias, mean, var].map(|w| &w.tensor), op.momentum, op.eps);
    }
    if training {
        has_variance(x)?;
    }
    let [weight, bias, mean, var] = [weight, bias, mean, var].map(|w| Some(&w.tensor));
    x.f_batch_norm(weight, bias, mean, var, training, op.momentum, op.eps, true)
}

/// The mask that dropout multiplies `x` by: 0 with probability `p`, else 1 / (1 - p). libtorch's
/// own dropout draws differently on a GPU, and both executors must draw the same.
pub(in crate::lower) fn dropout_noise(step: &Step, p: f64, x: &Tensor, seed: u64) -> Result {
    let mut noise = x.f_empty_like()?;
    draw(&noise, Distribution::Bernoulli(1.0 - p), seed::derive(seed, &step.path))?;
    tch::no_grad(|| noise.f_div_scalar_(1.0 - p))
}

/// Refuses a single value per channel, for which libtorch would silently divide by zero.
pub(in crate::lower) fn has_variance(x: &Tensor) -> std::result::Result<(), TchError> {
    match x.size().iter().enumerate().filter(|(dim, _)| *dim != 1).all(|(_, size)| *size == 1) {
        true => Err(TchError::Shape("one value a channel has no variance to normalise by".into())),
        false => Ok(()),
    }
}

fn max_pool(window: &Window, x: &Tensor) -> Result {
    x.f_max_pool2d(
        pair(window.kernel)?,
        pair(window.stride)?,
        pair(window.pad)?,
        [1, 1],
        window.ceil,
    )
}

fn avg_pool(window: &Window, x: &Tensor) -> Result {
    let (kernel, stride, pad) = (pair(window.kernel)?, pair(window.stride)?, pair(window.pad)?);
    x.f_avg_pool2d(kernel, stride, pad, window.ceil, true, None)
}

fn cast(weight: Option<&Weight>, kind: Kind) -> std::result::Result<Option<Tensor>, TchError> {
    weight.map(|w| w.tensor.f_to_kind(kind)).transpose()
}

pub(in crate::lower) fn pair(sizes_: [u64; 2]) -> std::result::Result<[i64; 2], TchError> {
    let sizes = sizes(&sizes_)?;
    Ok([sizes[0], sizes[1]])
}

/// Height and width of the first operand.
pub(in crate::lower) fn image_size(step: &Step) -> std::result::Result<[i64; 2], TchError> {
    match step.operand_shapes[0].image() {
        Some([_, h, w]) => pair([h, w]),
        None => Err(TchError::Shape(format!("expected an image, got {}", step.operand_shapes[0]))),
    }
}
