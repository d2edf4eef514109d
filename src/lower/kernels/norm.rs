//! Batch normalisation together with the ReLU, the 2 x 2 max pool and the sum that follow it, forward and backward, each in
//! one pass over memory after the one that sums up the statistics. What ReLU and pool let through is found again
//! from the input and not stored.

use std::arch::x86_64::*;

use tch::{Kind, TchError, Tensor};

use super::Kernels;
use super::element::{Bf16, Element, Lanes, within};
use super::image::{Image, floats, vector};
use super::pool::{Shared, parallel, share, shared, threads};

/// Rows that are summed in fp32 before the sum goes into an fp64 one.
const RUN: usize = 128;

/// What follows a batch normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct After {
    /// What is below 0 becomes 0.
    pub relu: bool,
    /// The largest of each 2 x 2 pixels; height and width are even.
    pub pool: bool,
}

/// The statistics of a batch, and normalisation as `scale * x + shift`, for each channel.
#[derive(Debug, Clone, Default)]
pub struct Moments {
    mean: Vec<f32>,
    /// 1 / sqrt(var + eps).
    inverse: Vec<f32>,
    scale: Vec<f32>,
    shift: Vec<f32>,
}

/// The tensors of a batch normalisation: weight, bias, running mean, running variance; fp32, one number a channel.
pub type Owned<'a> = [&'a Tensor; 4];

impl Kernels {
    /// The statistics of `x` over all but its channels, biased variance; moves the running ones by `momentum`, the running variance by the
    /// unbiased one.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn moments(self, x: &Tensor, owned: Owned<'_>, momentum: f64, eps: f64) -> Result<Moments, TchError> {
        let x = Image::of(x)?;
        let [images, channels, height, width] = x.sizes;
        let (weight, bias) = (floats(owned[0], channels)?, floats(owned[1], channels)?);
        let running = [vector(owned[2], channels)?, vector(owned[3], channels)?];
        let rows = images * height * width;
        // SAFETY: the image has these sizes and its kind's numbers, and the token shows that the machine has the features.
        let sums = unsafe {
            match x.kind {
                Kind::BFloat16 => sums(rows, channels, |rows, to| sum_rows::<Bf16>(x.data(), channels, rows, to)),
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
            let (mean, var) = (f64::from(pivot(channel)) + off, (squares / count - off * off).max(0.0));
            let inverse = 1.0 / (var + eps).sqrt();
            let scale = f64::from(weight[channel]) * inverse;
            moments.mean.push(mean as f32);
            moments.inverse.push(inverse as f32);
            moments.scale.push(scale as f32);
            moments.shift.push((f64::from(bias[channel]) - scale * mean) as f32);
            let unbiased = var * count / (count - 1.0).max(1.0);
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
        after: After,
        add: Option<&Tensor>,
    ) -> Result<(), TchError> {
        let (x, y) = (Image::of(x)?, Image::of(y)?);
        let add = add.map(Image::of).transpose()?;
        after.fits(&x, &y)?;
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

    /// Turns `x`, the input of [`normalise`](Kernels::normalise), into the gradient by it, from the gradient by the output, which is the sum of one or two
    /// tensors; writes the gradients by weight and bias.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn normalise_backward(
        self,
        x: &Tensor,
        gradient: [Option<&Tensor>; 2],
        (moments, weight): (&Moments, &Tensor),
        after: After,
        by_owned: [&Tensor; 2],
    ) -> Result<(), TchError> {
        let x = Image::of(x)?;
        let channels = x.sizes[1];
        let [first, second] = gradient.map(|g| g.map(Image::of).transpose());
        let (first, second) = (first?.ok_or_else(|| TchError::Shape("there is no gradient".into()))?, second?);
        after.fits(&x, &first)?;
        second.iter().try_for_each(|second| second.same(&first))?;
        moments.fit(channels)?;
        let weight = floats(weight, channels)?;
        let by_owned = [vector(by_owned[0], channels)?, vector(by_owned[1], channels)?];
        let gradients = [Some(&first), second.as_ref()];
        let (all, none) = (units(&x, after), [[].as_slice(); 3]);
        // SAFETY: the images have sizes that fit, and the token shows that the machine has the features.
        let sums = unsafe {
            sums(all, channels, |units, to| match x.kind {
                Kind::BFloat16 => backward::<Bf16, true>(&x, gradients, moments, after, units, none, to),
                _ => backward::<f32, true>(&x, gradients, moments, after, units, none, to),
            })
        };
        let count = (x.sizes[0] * x.sizes[2] * x.sizes[3]) as f64;
        let mut factors = [vec![0.0f32; channels], vec![0.0f32; channels], vec![0.0f32; channels]];
        for channel in 0..channels {
            let (by_bias, by_scale) = (sums[channel], sums[channels + channel]);
            let (mean, inverse) = (f64::from(moments.mean[channel]), f64::from(moments.inverse[channel]));
            let by_weight = by_scale * inverse;
            // SAFETY: one number a channel.
            unsafe {
                *by_owned[0].at(channel) = by_weight as f32;
                *by_owned[1].at(channel) = by_bias as f32;
            }
            // dx = w / s * (g - mean(g) - z * mean(g z)), z = (x - m) / s, as a g + b x + c.
            let a = f64::from(weight[channel]) * inverse;
            let b = -a * inverse * by_weight / count;
            factors[0][channel] = a as f32;
            factors[1][channel] = b as f32;
            factors[2][channel] = (-a * by_bias / count - b * mean) as f32;
        }
        let factors = [factors[0].as_slice(), &factors[1], &factors[2]];
        shared(all, |units| {
            // SAFETY: as above; each thread writes its own rows, and nothing is summed.
            unsafe {
                let nothing = Shared::at_pointer(std::ptr::null_mut());
                match x.kind {
                    Kind::BFloat16 => backward::<Bf16, false>(&x, gradients, moments, after, units, factors, nothing),
                    _ => backward::<f32, false>(&x, gradients, moments, after, units, factors, nothing),
                }
            }
        });
        Ok(())
    }
}

impl After {
    /// Whether `y` is what it leaves of `x`.
    pub(super) fn fits(self, x: &Image, y: &Image) -> Result<(), TchError> {
        let [images, channels, height, width] = x.sizes;
        let expected = match self.pool {
            true if height % 2 == 1 || width % 2 == 1 => [0; 4],
            true => [images, channels, height / 2, width / 2],
            false => x.sizes,
        };
        match y.sizes == expected && y.kind == x.kind {
            true => Ok(()),
            false => {
                Err(TchError::Shape(format!("no {:?} {:?} from {:?} {:?}", y.kind, y.sizes, x.kind, x.sizes)))
            }
        }
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
        Ok(Moments { mean: vec![0.0; channels], inverse: vec![1.0; channels], scale: vec![1.0; channels], shift })
    }

    fn fit(&self, channels: usize) -> Result<(), TchError> {
        match self.scale.len() == channels {
            true => Ok(()),
            false => Err(TchError::Shape(format!("statistics of {} channels, not of {channels}", self.scale.len()))),
        }
    }
}

/// What threads share: pixels, or pairs of rows with a pool.
fn units(x: &Image, after: After) -> usize {
    let [images, _, height, width] = x.sizes;
    if after.pool { images * height / 2 } else { images * height * width }
}

/// Two sums for each channel, of each thread's share in turn, so that the same number of threads gives the same bits.
fn sums<F>(units: usize, channels: usize, add: F) -> Vec<f64>
where
    F: Fn(std::ops::Range<usize>, Shared<f64>) + Sync,
{
    let threads = threads();
    let mut parts = vec![0.0f64; threads * 2 * channels];
    let all = Shared::of(&mut parts);
    parallel(threads, |thread| {
        // SAFETY: a place for each thread.
        add(share(units, thread, threads), Shared::at_pointer(unsafe { all.at(thread * 2 * channels) }));
    });
    let (first, others) = parts.split_at_mut(2 * channels);
    for part in others.chunks(2 * channels) {
        first.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    parts.truncate(2 * channels);
    parts
}

unsafe fn first<E: Element>(x: Shared<E>, channel: usize) -> f32 {
    let mut lanes = [0.0f32; 16];
    // SAFETY: the caller vouches for the channel.
    unsafe { store(&mut lanes, x.at(channel)) };
    lanes[0]
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")]
unsafe fn store<E: Element>(to: &mut [f32; 16], from: *const E) {
    // SAFETY: the caller vouches for one number.
    unsafe { f32::store(to.as_mut_ptr(), 0xffff, E::load(from, 1)) }
}

/// Adds 16 lanes to fp64 sums.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")]
unsafe fn add_to(sums: *mut f64, mask: __mmask16, lanes: Lanes) {
    let mut numbers = [0.0f32; 16];
    // SAFETY: the caller vouches for the lanes of the mask.
    unsafe {
        f32::store(numbers.as_mut_ptr(), 0xffff, lanes);
        for (i, number) in numbers.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 1) {
            *sums.add(i) += f64::from(*number);
        }
    }
}

/// The sums of `x - pivot` and of its squares; the pivot is the first row.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")]
unsafe fn sum_rows<E: Element>(x: Shared<E>, channels: usize, rows: std::ops::Range<usize>, to: Shared<f64>) {
    let zero = _mm512_setzero_ps();
    for first in rows.clone().step_by(RUN) {
        for channel in (0..channels).step_by(64) {
            let masks: [__mmask16; 4] = std::array::from_fn(|i| within(channels, channel + 16 * i));
            let (mut sums, mut squares) = ([zero; 4], [zero; 4]);
            // SAFETY: the masks keep to the channels of the rows.
            unsafe {
                let pivots: [Lanes; 4] = std::array::from_fn(|i| E::load(x.at(channel + 16 * i), masks[i]));
                for row in first..rows.end.min(first + RUN) {
                    for i in 0..4 {
                        let value = E::load(x.at(row * channels + channel + 16 * i), masks[i]);
                        let value = _mm512_sub_ps(value, pivots[i]);
                        sums[i] = _mm512_add_ps(sums[i], value);
                        squares[i] = _mm512_fmadd_ps(value, value, squares[i]);
                    }
                }
                for i in (0..4).filter(|i| masks[*i] != 0) {
                    add_to(to.at(channel + 16 * i), masks[i], sums[i]);
                    add_to(to.at(channels + channel + 16 * i), masks[i], squares[i]);
                }
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")]
unsafe fn forward<E: Element>(
    x: &Image,
    y: &Image,
    add: Option<&Image>,
    moments: &Moments,
    after: After,
    units: std::ops::Range<usize>,
) {
    let [_, channels, _, width] = x.sizes;
    let (from, to, add) = (x.data::<E>(), y.data::<E>(), add.map(Image::data::<E>));
    let below = if after.relu { _mm512_setzero_ps() } else { _mm512_set1_ps(f32::NEG_INFINITY) };
    let places = if after.pool { width / 2 } else { 1 };
    for place in units.start * places..units.end * places {
        let corner = match after.pool {
            true => place / places * 2 * width + place % places * 2,
            false => place,
        };
        for channel in (0..channels).step_by(16) {
            let mask = within(channels, channel);
            // SAFETY: the mask keeps to the channels of pixels of the images.
            unsafe {
                let scale = f32::load(moments.scale.as_ptr().add(channel), mask);
                let shift = f32::load(moments.shift.as_ptr().add(channel), mask);
                let at = |pixel: usize| {
                    let value = E::load(from.at((corner + pixel) * channels + channel), mask);
                    _mm512_fmadd_ps(value, scale, shift)
                };
                let value = match after.pool {
                    true => _mm512_max_ps(_mm512_max_ps(at(0), at(1)), _mm512_max_ps(at(width), at(width + 1))),
                    false => at(0),
                };
                let mut value = _mm512_max_ps(value, below);
                if let Some(add) = add {
                    value = _mm512_add_ps(value, E::load(add.at(place * channels + channel), mask));
                }
                E::store(to.at(place * channels + channel), mask, value);
            }
        }
    }
}

/// With `SUM`, adds the gradient that reaches the normalised values, and its product with `x - mean`; otherwise writes
/// `a g + b x + c` over `x`, with these three for each channel.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")]
unsafe fn backward<E: Element, const SUM: bool>(
    x: &Image,
    gradients: [Option<&Image>; 2],
    moments: &Moments,
    after: After,
    units: std::ops::Range<usize>,
    factors: [&[f32]; 3],
    to: Shared<f64>,
) {
    let [_, channels, _, width] = x.sizes;
    let zero = _mm512_setzero_ps();
    let data = x.data::<E>();
    let [first, second] = gradients.map(|g| g.map(Image::data::<E>));
    let Some(first) = first else { return };
    let places = if after.pool { width / 2 } else { 1 };
    let all = units.start * places..units.end * places;
    for run in all.clone().step_by(RUN) {
        for channel in (0..channels).step_by(16) {
            let mask = within(channels, channel);
            let (mut by_bias, mut by_scale) = (zero, zero);
            // SAFETY: the mask keeps to the channels of pixels of the images.
            unsafe {
                let of = |numbers: &[f32]| f32::load(numbers.as_ptr().add(channel), mask);
                let (scale, shift, mean) = (of(&moments.scale), of(&moments.shift), of(&moments.mean));
                let [a, b, c] = if SUM { [zero; 3] } else { factors.map(of) };
                for place in run..all.end.min(run + RUN) {
                    let mut gradient = E::load(first.at(place * channels + channel), mask);
                    if let Some(second) = second {
                        gradient = _mm512_add_ps(gradient, E::load(second.at(place * channels + channel), mask));
                    }
                    let corner = match after.pool {
                        true => place / places * 2 * width + place % places * 2,
                        false => place,
                    };
                    let offsets = [0, 1, width, width + 1];
                    let count = if after.pool { 4 } else { 1 };
                    let mut values = [zero; 4];
                    let mut normal = [zero; 4];
                    for i in 0..count {
                        values[i] = E::load(data.at((corner + offsets[i]) * channels + channel), mask);
                        normal[i] = _mm512_fmadd_ps(values[i], scale, shift);
                    }
                    let mut through = 0xffff;
                    let mut largest = normal[0];
                    if after.pool {
                        largest = _mm512_max_ps(_mm512_max_ps(largest, normal[1]), _mm512_max_ps(normal[2], normal[3]));
                    }
                    if after.relu {
                        through = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(largest, zero);
                    }
                    // The first of equal ones is the largest, as in libtorch.
                    for i in 0..count {
                        let this = match after.pool {
                            true => _mm512_mask_cmp_ps_mask::<_CMP_EQ_OQ>(through, normal[i], largest),
                            false => through,
                        };
                        through &= !this;
                        let gradient = _mm512_maskz_mov_ps(this, gradient);
                        if SUM {
                            by_bias = _mm512_add_ps(by_bias, gradient);
                            by_scale = _mm512_fmadd_ps(gradient, _mm512_sub_ps(values[i], mean), by_scale);
                        } else {
                            let new = _mm512_fmadd_ps(a, gradient, _mm512_fmadd_ps(b, values[i], c));
                            E::store(data.at((corner + offsets[i]) * channels + channel), mask, new);
                        }
                    }
                }
                if SUM {
                    add_to(to.at(channel), mask, by_bias);
                    add_to(to.at(channels + channel), mask, by_scale);
                }
            }
        }
    }
}
