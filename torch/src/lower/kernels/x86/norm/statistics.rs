use std::ops::Range;

use super::super::by_types::by_types;
use super::super::element::{Bf16, Element};
use super::super::simd::Simd;
use super::super::sums::{RUN, add_to, summed};
use crate::lower::kernels::evidence::Tier;
use crate::lower::kernels::image::{Image, Kind};
use crate::lower::kernels::pool::Shared;

/// The first row of an image.
///
/// # Safety
/// There is one.
pub(in crate::lower::kernels) unsafe fn pivots(x: &Image) -> Vec<f32> {
    // SAFETY: the caller vouches for the row.
    unsafe {
        match x.kind {
            Kind::BFloat16 => first_row(x.data::<Bf16>(), x.sizes[1]),
            _ => first_row(x.data::<f32>(), x.sizes[1]),
        }
    }
}

unsafe fn first_row<E: Element>(x: Shared<E>, channels: usize) -> Vec<f32> {
    // SAFETY: the caller vouches for the row.
    (0..channels).map(|channel| unsafe { *x.at(channel) }.single()).collect()
}

/// The sums of `x - pivot` for each channel, then those of its squares; the pivot is the first row.
///
/// # Safety
/// The image has a row.
pub(in crate::lower::kernels) unsafe fn sums(tier: Tier, x: &Image) -> Vec<f64> {
    // SAFETY: the caller vouches for the image.
    unsafe { by_types!(tier, x.kind, sums_as(x)) }
}

unsafe fn sums_as<S: Simd, E: Element>(simd: S, x: &Image) -> Vec<f64> {
    let [images, channels, height, width] = x.sizes;
    let x = x.data::<E>();
    summed(images * height * width, 2 * channels, |rows, to| {
        // SAFETY: the image has these rows, and there are two sums for each channel.
        simd.run(
            #[inline(always)]
            move || unsafe { sum_rows::<S, E>(x, channels, rows, to) },
        );
    })
}

/// Vectors that are summed at the same time.
const SIDE_BY_SIDE: usize = 4;

/// # Safety
/// `x` holds the rows, `to` two sums for each channel.
#[inline(always)]
unsafe fn sum_rows<S: Simd, E: Element>(
    x: Shared<E>,
    channels: usize,
    rows: Range<usize>,
    to: Shared<f64>,
) {
    for first in rows.clone().step_by(RUN) {
        for channel in (0..channels).step_by(SIDE_BY_SIDE * S::LANES) {
            let at: [usize; SIDE_BY_SIDE] =
                std::array::from_fn(|i| (channel + i * S::LANES).min(channels));
            // SAFETY: the counts keep to the channels of the rows.
            unsafe {
                let mut sums = [S::zero(); SIDE_BY_SIDE];
                let mut squares = [S::zero(); SIDE_BY_SIDE];
                let pivots = at.map(|at| E::load::<S>(x.at(at), channels - at));
                for row in first..rows.end.min(first + RUN) {
                    for i in 0..SIDE_BY_SIDE {
                        let value = E::load::<S>(x.at(row * channels + at[i]), channels - at[i]);
                        let value = S::sub(value, pivots[i]);
                        sums[i] = S::add(sums[i], value);
                        squares[i] = S::fma(value, value, squares[i]);
                    }
                }
                for (i, at) in at.into_iter().enumerate().filter(|(_, at)| *at < channels) {
                    add_to::<S>(to.at(at), channels - at, sums[i]);
                    add_to::<S>(to.at(channels + at), channels - at, squares[i]);
                }
            }
        }
    }
}
