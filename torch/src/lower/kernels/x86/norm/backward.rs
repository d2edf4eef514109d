use std::ops::Range;

use netc::lower::schedule::FusedOps;

use super::super::by_types::by_types;
use super::super::element::{Bf16, Element};
use super::super::simd::Simd;
use super::sums::{RUN, add_to, summed};
use super::units::units;
use crate::lower::kernels::evidence::Tier;
use crate::lower::kernels::image::{Image, Kind};
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
    unsafe { by_types!(tier, all.x.kind, sums_as(all)) }
}

unsafe fn sums_as<S: Simd, E: Element>(simd: S, all: Reached<'_>) -> Vec<f64> {
    summed(units(&all.x, all.after), all.x.sizes[1], |units, to| {
        // SAFETY: there are two sums for each channel.
        simd.run(
            #[inline(always)]
            move || unsafe { backward::<S, E, true>(&all, units, [&[]; 3], to) },
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
    unsafe { by_types!(tier, all.x.kind, grad_input_as(all, factors)) }
}

unsafe fn grad_input_as<S: Simd, E: Element>(simd: S, all: Reached<'_>, factors: [&[f32]; 3]) {
    shared(units(&all.x, all.after), |units| {
        let nothing = Shared::at_pointer(std::ptr::null_mut());
        // SAFETY: each thread writes its own rows, and nothing is summed.
        simd.run(
            #[inline(always)]
            move || unsafe { backward::<S, E, false>(&all, units, factors, nothing) },
        );
    });
}

/// With `SUM`, adds the gradient that reaches the normalised values, and its product with
/// `x - mean`, to `to`; otherwise writes over `x` by the factors.
#[inline(always)]
unsafe fn backward<S: Simd, E: Element, const SUM: bool>(
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
        for channel in (0..channels).step_by(S::LANES) {
            let count = channels - channel;
            // SAFETY: the count keeps to the channels of pixels of the images.
            unsafe {
                let zero = S::zero();
                let (mut grad_bias, mut by_scale) = (zero, zero);
                let scale = S::load(moments.scale.as_ptr().add(channel), count);
                let shift = S::load(moments.shift.as_ptr().add(channel), count);
                let mean = S::load(moments.mean.as_ptr().add(channel), count);
                let [mut a, mut b, mut c] = [zero; 3];
                if !SUM {
                    a = S::load(factors[0].as_ptr().add(channel), count);
                    b = S::load(factors[1].as_ptr().add(channel), count);
                    c = S::load(factors[2].as_ptr().add(channel), count);
                }
                for place in run..all.end.min(run + RUN) {
                    let mut gradient = E::load::<S>(first.at(place * channels + channel), count);
                    if let Some(second) = second {
                        gradient = S::add(
                            gradient,
                            E::load::<S>(second.at(place * channels + channel), count),
                        );
                    }
                    let corner = match after.pool {
                        true => place / places * 2 * width + place % places * 2,
                        false => place,
                    };
                    let offsets = [0, 1, width, width + 1];
                    let pixels = if after.pool { 4 } else { 1 };
                    let mut values = [zero; 4];
                    let mut normal = [zero; 4];
                    for i in 0..pixels {
                        values[i] = E::load::<S>(
                            data.at((corner + offsets[i]) * channels + channel),
                            count,
                        );
                        normal[i] = S::fma(values[i], scale, shift);
                    }
                    let mut through = S::all();
                    let mut largest = normal[0];
                    if after.pool {
                        largest = S::max(S::max(largest, normal[1]), S::max(normal[2], normal[3]));
                    }
                    if after.relu() {
                        through = S::above(largest, zero);
                    }
                    // The first of equal ones is the largest, as in libtorch.
                    for i in 0..pixels {
                        let this = match after.pool {
                            true => S::both(through, S::equal(normal[i], largest)),
                            false => through,
                        };
                        through = S::without(through, this);
                        let gradient = S::keep(this, gradient);
                        if SUM {
                            grad_bias = S::add(grad_bias, gradient);
                            by_scale = S::fma(gradient, S::sub(values[i], mean), by_scale);
                        } else {
                            let new = S::fma(a, gradient, S::fma(b, values[i], c));
                            E::store::<S>(
                                data.at((corner + offsets[i]) * channels + channel),
                                count,
                                new,
                            );
                        }
                    }
                }
                if SUM {
                    add_to::<S>(to.at(channel), count, grad_bias);
                    add_to::<S>(to.at(channels + channel), count, by_scale);
                }
            }
        }
    }
}
