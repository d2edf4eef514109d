use std::ops::Range;

use netc::graph::op::Relu;
use netc::lower::schedule::FusedOps;

use super::super::activation;
use super::super::by_types::by_types;
use super::super::element::{Bf16, Element};
use super::super::simd::Simd;
use super::super::sums::{RUN, add_to, summed};
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
    summed(units(&all.x, all.after), 2 * all.x.sizes[1], |units, to| {
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
    // SAFETY: as for the function.
    unsafe {
        match (all.after.pool, all.after.on_cpu()) {
            // A pool follows a ReLU alone.
            (true, _) => by_runs::<S, E, SUM, true, false>(all, units, factors, to),
            (false, None) => by_runs::<S, E, SUM, false, false>(all, units, factors, to),
            (false, Some(_)) => by_runs::<S, E, SUM, false, true>(all, units, factors, to),
        }
    }
}

/// Vectors of channels that are computed at the same time: a cache line of bf16 with 16 lanes.
const SIDE_BY_SIDE: usize = 2;

#[inline(always)]
unsafe fn by_runs<S: Simd, E: Element, const SUM: bool, const POOL: bool, const OTHER: bool>(
    all: &Reached<'_>,
    units: Range<usize>,
    factors: [&[f32]; 3],
    to: Shared<f64>,
) {
    let [_, channels, _, width] = all.x.sizes;
    let places = if POOL { width / 2 } else { 1 };
    let places = units.start * places..units.end * places;
    for first in places.clone().step_by(RUN) {
        let run = first..places.end.min(first + RUN);
        for channel in (0..channels).step_by(SIDE_BY_SIDE * S::LANES) {
            let run = run.clone();
            // SAFETY: as for the function; so many channels are there.
            unsafe {
                macro_rules! one_run {
                    ($full:expr) => {
                        one_run::<S, E, SUM, POOL, OTHER, $full>(all, run, channel, factors, to)
                    };
                }
                match channels - channel >= SIDE_BY_SIDE * S::LANES {
                    true => one_run!(true),
                    false => one_run!(false),
                }
            }
        }
    }
}

/// Some places of a few vectors of channels: all of their lanes if `FULL`, or as many as there are.
#[inline(always)]
unsafe fn one_run<
    S: Simd,
    E: Element,
    const SUM: bool,
    const POOL: bool,
    const OTHER: bool,
    const FULL: bool,
>(
    all: &Reached<'_>,
    run: Range<usize>,
    channel: usize,
    factors: [&[f32]; 3],
    to: Shared<f64>,
) {
    let Reached { x, first, second, moments, after } = *all;
    let [_, channels, _, width] = x.sizes;
    let (data, first) = (x.data::<E>(), first.data::<E>());
    let second = second.map(|second| second.data::<E>());
    let (pixels, across) = if POOL { (4, width / 2) } else { (1, 1) };
    let pixel = [0, 1, width, width + 1];
    let at: [usize; SIDE_BY_SIDE] = std::array::from_fn(|i| (channel + i * S::LANES).min(channels));
    let count = at.map(|at| if FULL { S::LANES } else { channels - at });
    // SAFETY: the counts keep to the channels of pixels of the images.
    unsafe {
        let zero = S::zero();
        let [mut scale, mut shift, mut mean, mut a, mut b, mut c] = [[zero; SIDE_BY_SIDE]; 6];
        for i in 0..SIDE_BY_SIDE {
            macro_rules! of {
                ($numbers:expr) => {
                    S::load($numbers.as_ptr().add(at[i]), count[i])
                };
            }
            scale[i] = of!(moments.scale);
            shift[i] = of!(moments.shift);
            if SUM {
                mean[i] = of!(moments.mean);
            } else {
                [a[i], b[i], c[i]] = [of!(factors[0]), of!(factors[1]), of!(factors[2])];
            }
        }
        let (relu, other) = (after.relu(), after.on_cpu());
        let [lower, upper] = after.clamp().map(|bound| S::splat(bound));
        let [mut grad_bias, mut by_scale] = [[zero; SIDE_BY_SIDE]; 2];
        for place in run {
            let corner = match POOL {
                true => place / across * 2 * width + place % across * 2,
                false => place,
            };
            for i in 0..SIDE_BY_SIDE {
                let mut gradient = E::load::<S>(first.at(place * channels + at[i]), count[i]);
                if let Some(second) = second {
                    let more = E::load::<S>(second.at(place * channels + at[i]), count[i]);
                    gradient = S::add(gradient, more);
                }
                let [mut values, mut normal] = [[zero; 4]; 2];
                for j in 0..pixels {
                    let from = data.at((corner + pixel[j]) * channels + at[i]);
                    values[j] = E::load::<S>(from, count[i]);
                    normal[j] = S::fma(values[j], scale[i], shift[i]);
                }
                let mut largest = normal[0];
                if POOL {
                    largest = S::max(S::max(largest, normal[1]), S::max(normal[2], normal[3]));
                }
                if OTHER && let Some(other) = other {
                    gradient = S::mul(gradient, activation::slope::<S>(other, largest));
                }
                let mut through = match relu {
                    Some(Relu { max: None }) => S::above(largest, lower),
                    Some(_) => S::both(S::above(largest, lower), S::above(upper, largest)),
                    None => S::all(),
                };
                // The first of equal ones is the largest, as in libtorch.
                for j in 0..pixels {
                    let mut this = through;
                    if POOL {
                        this = S::both(through, S::equal(normal[j], largest));
                        through = S::without(through, this);
                    }
                    let gradient = S::keep(this, gradient);
                    if SUM {
                        grad_bias[i] = S::add(grad_bias[i], gradient);
                        let from_mean = S::sub(values[j], mean[i]);
                        by_scale[i] = S::fma(gradient, from_mean, by_scale[i]);
                    } else {
                        let new = S::fma(a[i], gradient, S::fma(b[i], values[j], c[i]));
                        E::store::<S>(
                            data.at((corner + pixel[j]) * channels + at[i]),
                            count[i],
                            new,
                        );
                    }
                }
            }
        }
        if SUM {
            for i in 0..SIDE_BY_SIDE {
                add_to::<S>(to.at(at[i]), count[i], grad_bias[i]);
                add_to::<S>(to.at(channels + at[i]), count[i], by_scale[i]);
            }
        }
    }
}
