use std::arch::x86_64::*;
use std::ops::Range;

use super::super::scalar::{Bf16, Lanes, Scalar, within};
use super::sums::{RUN, add_to, summed};
use crate::lower::kernels::evidence::Tier;
use crate::lower::kernels::image::Image;
use crate::lower::kernels::pool::Shared;

/// The first row of an image.
///
/// # Safety
/// There is one, of the tier's numbers.
pub(in crate::lower::kernels) unsafe fn pivots(tier: Tier, x: &Image) -> Vec<f32> {
    // SAFETY: the caller vouches for the row.
    unsafe {
        match tier {
            Tier::Fp32(_) => first_row(x.data::<f32>(), x.sizes[1]),
            Tier::Bf16(_) => first_row(x.data::<Bf16>(), x.sizes[1]),
        }
    }
}

unsafe fn first_row<E: Scalar>(x: Shared<E>, channels: usize) -> Vec<f32> {
    // SAFETY: the caller vouches for the row.
    (0..channels).map(|channel| unsafe { *x.at(channel) }.single()).collect()
}

/// The sums of `x - pivot` for each channel, then those of its squares; the pivot is the first row.
///
/// # Safety
/// The image is of the tier's numbers.
pub(in crate::lower::kernels) unsafe fn sums(tier: Tier, x: &Image) -> Vec<f64> {
    // SAFETY: the caller vouches for the image.
    unsafe {
        match tier {
            Tier::Fp32(evidence) => sums_as::<f32>(evidence, x),
            Tier::Bf16(evidence) => sums_as::<Bf16>(evidence, x),
        }
    }
}

unsafe fn sums_as<E: Scalar>(evidence: E::Evidence, x: &Image) -> Vec<f64> {
    let [images, channels, height, width] = x.sizes;
    let x = x.data::<E>();
    summed(images * height * width, channels, |rows, to| {
        // SAFETY: the image has these rows, and there are two sums for each channel.
        E::run(
            evidence,
            #[inline(always)]
            move || unsafe { sum_rows(x, channels, rows, to) },
        );
    })
}

/// # Safety
/// `x` holds the rows, `to` two sums for each channel.
#[inline(always)]
unsafe fn sum_rows<E: Scalar>(x: Shared<E>, channels: usize, rows: Range<usize>, to: Shared<f64>) {
    for first in rows.clone().step_by(RUN) {
        for channel in (0..channels).step_by(64) {
            let masks: [__mmask16; 4] = std::array::from_fn(|i| within(channels, channel + 16 * i));
            // SAFETY: the masks keep to the channels of the rows.
            unsafe {
                let (mut sums, mut squares) = ([_mm512_setzero_ps(); 4], [_mm512_setzero_ps(); 4]);
                let mut pivots: [Lanes; 4] = sums;
                for i in 0..4 {
                    pivots[i] = E::load(x.at(channel + 16 * i), masks[i]);
                }
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
