//! Batch normalisation together with the ReLU, the 2 x 2 max pool and the sum that follow it,
//! forward and backward, each in one pass over memory after the one that sums up the statistics.
//! What ReLU and pool let through is found again from the input and not stored.

mod backward;
mod forward;
mod statistics;

use tch::{Kind, TchError, Tensor};

use super::element::Bf16;
use super::image::{Image, floats, vector};
use super::pool::{Shared, shared};
use super::{FusedOps, Kernels, Owned};
use backward::backward;
use forward::forward;
use statistics::{first, sum_rows, sums};

/// The statistics of a batch, and normalisation as `scale * x + shift`, for each channel.
#[derive(Debug, Clone, Default)]
pub struct Moments {
    mean: Vec<f32>,
    /// 1 / sqrt(var + eps).
    inverse: Vec<f32>,
    scale: Vec<f32>,
    shift: Vec<f32>,
}

impl Kernels {
    /// The statistics of `x` over all but its channels, biased variance; moves the running ones by
    /// `momentum`, the running variance by the unbiased one.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn moments(
        self,
        x: &Tensor,
        owned: Owned<'_>,
        momentum: f64,
        eps: f64,
    ) -> Result<Moments, TchError> {
        let x = Image::of(x)?;
        let [images, channels, height, width] = x.sizes;
        let (weight, bias) = (floats(owned[0], channels)?, floats(owned[1], channels)?);
        let running = [vector(owned[2], channels)?, vector(owned[3], channels)?];
        let rows = images * height * width;
        if rows < 2 {
            return Err(TchError::Shape(
                "one value a channel has no variance to normalise by".into(),
            ));
        }
        // SAFETY: the image has these sizes and its kind's numbers, and the token shows that the
        // machine has the features.
        let sums = unsafe {
            match x.kind {
                Kind::BFloat16 => {
                    sums(rows, channels, |rows, to| sum_rows::<Bf16>(x.data(), channels, rows, to))
                }
                _ => sums(rows, channels, |rows, to| sum_rows::<f32>(x.data(), channels, rows, to)),
            }
        };
        // SAFETY: the image has at least one row.
        let pivot = |channel: usize| unsafe {
            match x.kind {
                Kind::BFloat16 => first::<Bf16>(x.data(), channel),
                _ => first::<f32>(x.data(), channel),
            }
        };
        let mut moments = Moments::default();
        let count = rows as f64;
        for channel in 0..channels {
            let [sum, squares] = [sums[channel], sums[channels + channel]];
            let off = sum / count;
            let (mean, var) =
                (f64::from(pivot(channel)) + off, (squares / count - off * off).max(0.0));
            let inverse = 1.0 / (var + eps).sqrt();
            let scale = f64::from(weight[channel]) * inverse;
            moments.mean.push(mean as f32);
            moments.inverse.push(inverse as f32);
            moments.scale.push(scale as f32);
            moments.shift.push((f64::from(bias[channel]) - scale * mean) as f32);
            let unbiased = var * count / (count - 1.0);
            for (running, new) in running.into_iter().zip([mean, unbiased]) {
                // SAFETY: one number a channel.
                let old = unsafe { &mut *running.at(channel) };
                *old = ((1.0 - momentum) * f64::from(*old) + momentum * new) as f32;
            }
        }
        Ok(moments)
    }

    /// Writes what comes after: `y = pool(relu(scale * x + shift))`, plus `add`.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn normalise(
        self,
        (x, y): (&Tensor, &Tensor),
        moments: &Moments,
        after: FusedOps,
        add: Option<&Tensor>,
    ) -> Result<(), TchError> {
        let (x, y) = (Image::of(x)?, Image::of(y)?);
        let add = add.map(Image::of).transpose()?;
        fits(after, &x, &y)?;
        add.iter().try_for_each(|add| add.same(&y))?;
        moments.fit(x.sizes[1])?;
        let units = units(&x, after);
        shared(units, |units| {
            // SAFETY: the images have sizes that fit, each thread writes its own rows.
            unsafe {
                match x.kind {
                    Kind::BFloat16 => forward::<Bf16>(&x, &y, add.as_ref(), moments, after, units),
                    _ => forward::<f32>(&x, &y, add.as_ref(), moments, after, units),
                }
            }
        });
        Ok(())
    }

    /// Turns `x`, the input of [`normalise`](Kernels::normalise), into the gradient by it, from the
    /// gradient by the output, which is the sum of one or two tensors; writes the gradients by
    /// weight and bias.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn normalise_backward(
        self,
        x: &Tensor,
        gradient: [Option<&Tensor>; 2],
        (moments, weight): (&Moments, &Tensor),
        after: FusedOps,
        grad_owned: [&Tensor; 2],
    ) -> Result<(), TchError> {
        let x = Image::of(x)?;
        let channels = x.sizes[1];
        let [first, second] = gradient.map(|g| g.map(Image::of).transpose());
        let (first, second) =
            (first?.ok_or_else(|| TchError::Shape("there is no gradient".into()))?, second?);
        fits(after, &x, &first)?;
        second.iter().try_for_each(|second| second.same(&first))?;
        moments.fit(channels)?;
        let weight = floats(weight, channels)?;
        let grad_owned = [vector(grad_owned[0], channels)?, vector(grad_owned[1], channels)?];
        let gradients = [Some(&first), second.as_ref()];
        let (all, none) = (units(&x, after), [[].as_slice(); 3]);
        // SAFETY: the images have sizes that fit, and the token shows that the machine has the
        // features.
        let sums = unsafe {
            sums(all, channels, |units, to| match x.kind {
                Kind::BFloat16 => {
                    backward::<Bf16, true>(&x, gradients, moments, after, units, none, to)
                }
                _ => backward::<f32, true>(&x, gradients, moments, after, units, none, to),
            })
        };
        let count = (x.sizes[0] * x.sizes[2] * x.sizes[3]) as f64;
        let mut factors = [vec![0.0f32; channels], vec![0.0f32; channels], vec![0.0f32; channels]];
        for channel in 0..channels {
            let (grad_bias, by_scale) = (sums[channel], sums[channels + channel]);
            let (mean, inverse) =
                (f64::from(moments.mean[channel]), f64::from(moments.inverse[channel]));
            let grad_weight = by_scale * inverse;
            // SAFETY: one number a channel.
            unsafe {
                *grad_owned[0].at(channel) = grad_weight as f32;
                *grad_owned[1].at(channel) = grad_bias as f32;
            }
            // dx = w / s * (g - mean(g) - z * mean(g z)), z = (x - m) / s, as a g + b x + c.
            let a = f64::from(weight[channel]) * inverse;
            let b = -a * inverse * grad_weight / count;
            factors[0][channel] = a as f32;
            factors[1][channel] = b as f32;
            factors[2][channel] = (-a * grad_bias / count - b * mean) as f32;
        }
        let factors = [factors[0].as_slice(), &factors[1], &factors[2]];
        shared(all, |units| {
            // SAFETY: as above; each thread writes its own rows, and nothing is summed.
            unsafe {
                let nothing = Shared::at_pointer(std::ptr::null_mut());
                match x.kind {
                    Kind::BFloat16 => backward::<Bf16, false>(
                        &x, gradients, moments, after, units, factors, nothing,
                    ),
                    _ => backward::<f32, false>(
                        &x, gradients, moments, after, units, factors, nothing,
                    ),
                }
            }
        });
        Ok(())
    }
}

/// Whether `y` is what it leaves of `x`.
pub(super) fn fits(after: FusedOps, x: &Image, y: &Image) -> Result<(), TchError> {
    let [images, channels, height, width] = x.sizes;
    let expected = match after.pool {
        true if height % 2 == 1 || width % 2 == 1 => [0; 4],
        true => [images, channels, height / 2, width / 2],
        false => x.sizes,
    };
    match y.sizes == expected && y.kind == x.kind {
        true => Ok(()),
        false => Err(TchError::Shape(format!(
            "no {:?} {:?} from {:?} {:?}",
            y.kind, y.sizes, x.kind, x.sizes
        ))),
    }
}

impl Moments {
    /// Those that change nothing but add a bias, if there is one.
    ///
    /// # Errors
    /// A bias of another length or kind.
    pub fn none(channels: usize, bias: Option<&Tensor>) -> Result<Moments, TchError> {
        let shift = bias.map(|bias| floats(bias, channels)).transpose()?;
        let shift = shift.map_or_else(|| vec![0.0; channels], <[f32]>::to_vec);
        Ok(Moments {
            mean: vec![0.0; channels],
            inverse: vec![1.0; channels],
            scale: vec![1.0; channels],
            shift,
        })
    }

    fn fit(&self, channels: usize) -> Result<(), TchError> {
        match self.scale.len() == channels {
            true => Ok(()),
            false => Err(TchError::Shape(format!(
                "statistics of {} channels, not of {channels}",
                self.scale.len()
            ))),
        }
    }
}

/// What threads share: pixels, or pairs of rows with a pool.
fn units(x: &Image, after: FusedOps) -> usize {
    let [images, _, height, width] = x.sizes;
    if after.pool { images * height / 2 } else { images * height * width }
}
