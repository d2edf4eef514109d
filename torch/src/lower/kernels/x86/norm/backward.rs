use std::arch::x86_64::*;
use std::ops::Range;

use netc::lower::schedule::FusedOps;

use super::super::scalar::{Bf16, Scalar, within};
use super::sums::{RUN, add_to, summed};
use super::units::units;
use crate::lower::kernels::evidence::Tier;
use crate::lower::kernels::image::Image;
use crate::lower::kernels::moments::Moments;
use crate::lower::kernels::pool::{Shared, shared};

/// An image that was normalised, and the gradient by what came out: the sum of one or two.
#[derive(Debug, Clone, Copy)]
pub(in crate::lower::kernels) struct Reached<'a> {
    pub x: Image,
    pub first: Image,
    pub second: Option<Image>,
    pub moments: &'a Moments,
    pub after: FusedOps,
}

/// The sums of the gradient that reaches the normalised values for each channel, then those of its
/// product with `x - mean`.
///
/// # Safety
/// The images' sizes fit one another, and they are of the tier's numbers.
pub(in crate::lower::kernels) unsafe fn gradient_sums(tier: Tier, all: Reached<'_>) -> Vec<f64> {
    // SAFETY: the caller vouches for the images.
    unsafe {
        match tier {
            Tier::Fp32(evidence) => sums_as::<f32>(evidence, all),
            Tier::Bf16(evidence) => sums_as::<Bf16>(evidence, all),
        }
    }
}

unsafe fn sums_as<E: Scalar>(evidence: E::Evidence, all: Reached<'_>) -> Vec<f64> {
    summed(units(&all.x, all.after), all.x.sizes[1], |units, to| {
        // SAFETY: there are two sums for each channel.
        E::run(
            evidence,
            #[inline(always)]
            move || unsafe { backward::<E, true>(&all, units, [&[]; 3], to) },
        );
    })
}

/// Writes `a g + b x + c` over `x`, with these three for each channel.
///
/// # Safety
/// As for [`gradient_sums`]; there are three factors for each channel.
pub(in crate::lower::kernels) unsafe fn grad_input(
    tier: Tier,
    all: Reached<'_>,
    factors: [&[f32]; 3],
) {
    // SAFETY: the caller vouches for the images and the factors.
    unsafe {
        match tier {
            Tier::Fp32(evidence) => grad_input_as::<f32>(evidence, all, factors),
            Tier::Bf16(evidence) => grad_input_as::<Bf16>(evidence, all, factors),
        }
    }
}

unsafe fn grad_input_as<E: Scalar>(evidence: E::Evidence, all: Reached<'_>, factors: [&[f32]; 3]) {
    shared(units(&all.x, all.after), |units| {
        let nothing = Shared::at_pointer(std::ptr::null_mut());
        // SAFETY: each thread writes its own rows, and nothing is summed.
        E::run(
            evidence,
            #[inline(always)]
            move || unsafe { backward::<E, false>(&all, units, factors, nothing) },
        );
    });
}

/// With `SUM`, adds the gradient that reaches the normalised values, and its product with
/// `x - mean`, to `to`; otherwise writes over `x` by the factors.
#[inline(always)]
unsafe fn backward<E: Scalar, const SUM: bool>(
    all: &Reached<'_>,
    units: Range<usize>,
    factors: [&[f32]; 3],
    to: Shared<f64>,
) {
    let Reached { x, first, second, moments, after } = *all;
    let [_, channels, _, width] = x.sizes;
    let data = x.data::<E>();
    let (first, second) = (first.data::<E>(), second.map(|second| second.data::<E>()));
    let places = if after.pool { width / 2 } else { 1 };
    let all = units.start * places..units.end * places;
    for run in all.clone().step_by(RUN) {
        for channel in (0..channels).step_by(16) {
            let mask = within(channels, channel);
            // SAFETY: the mask keeps to the channels of pixels of the images.
            unsafe {
                let zero = _mm512_setzero_ps();
                let (mut grad_bias, mut by_scale) = (zero, zero);
                let scale = f32::load(moments.scale.as_ptr().add(channel), mask);
                let shift = f32::load(moments.shift.as_ptr().add(channel), mask);
                let mean = f32::load(moments.mean.as_ptr().add(channel), mask);
                let [mut a, mut b, mut c] = [zero; 3];
                if !SUM {
                    a = f32::load(factors[0].as_ptr().add(channel), mask);
                    b = f32::load(factors[1].as_ptr().add(channel), mask);
                    c = f32::load(factors[2].as_ptr().add(channel), mask);
                }
                for place in run..all.end.min(run + RUN) {
                    let mut gradient = E::load(first.at(place * channels + channel), mask);
                    if let Some(second) = second {
                        gradient = _mm512_add_ps(
                            gradient,
                            E::load(second.at(place * channels + channel), mask),
                        );
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
                        values[i] =
                            E::load(data.at((corner + offsets[i]) * channels + channel), mask);
                        normal[i] = _mm512_fmadd_ps(values[i], scale, shift);
                    }
                    let mut through = 0xffff;
                    let mut largest = normal[0];
                    if after.pool {
                        largest = _mm512_max_ps(
                            _mm512_max_ps(largest, normal[1]),
                            _mm512_max_ps(normal[2], normal[3]),
                        );
                    }
                    if after.relu() {
                        through = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(largest, zero);
                    }
                    // The first of equal ones is the largest, as in libtorch.
                    for i in 0..count {
                        let this = match after.pool {
                            true => {
                                _mm512_mask_cmp_ps_mask::<_CMP_EQ_OQ>(through, normal[i], largest)
                            }
                            false => through,
                        };
                        through &= !this;
                        let gradient = _mm512_maskz_mov_ps(this, gradient);
                        if SUM {
                            grad_bias = _mm512_add_ps(grad_bias, gradient);
                            by_scale =
                                _mm512_fmadd_ps(gradient, _mm512_sub_ps(values[i], mean), by_scale);
                        } else {
                            let new =
                                _mm512_fmadd_ps(a, gradient, _mm512_fmadd_ps(b, values[i], c));
                            E::store(
                                data.at((corner + offsets[i]) * channels + channel),
                                mask,
                                new,
                            );
                        }
                    }
                }
                if SUM {
                    add_to(to.at(channel), mask, grad_bias);
                    add_to(to.at(channels + channel), mask, by_scale);
                }
            }
        }
    }
}
