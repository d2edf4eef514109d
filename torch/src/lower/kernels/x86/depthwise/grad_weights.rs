use std::ops::Range;

use super::super::by_types::by_types;
use super::super::element::{Bf16, Element};
use super::super::simd::Simd;
use super::super::sums::summed;
use super::super::unrolled::unrolled;
use super::window::{
    AHEAD, TILE, by_vector, by_window, corner, inner_tiles, row_of, rows_within, within,
};
use crate::lower::kernels::evidence::Tier;
use crate::lower::kernels::image::{Image, Kind};
use crate::lower::kernels::pool::Shared;
use netc::lower::Depthwise;

/// Pixels that are summed in fp32 before the sums go into fp64 ones.
const RUN: usize = 512;

/// The gradient with respect to the weights, `[kernel][kernel][channels]`, from the input and the
/// gradient with respect to the output.
///
/// # Safety
/// The sizes of the images fit one another, and they are of the tier's numbers.
pub(in crate::lower::kernels) unsafe fn grad_weights(
    tier: Tier,
    x: Image,
    gradient: Image,
    of: Depthwise,
) -> Vec<f64> {
    // SAFETY: the caller vouches for the images.
    unsafe { by_types!(tier, x.kind, grad_weights_as(x, gradient, of)) }
}

unsafe fn grad_weights_as<S: Simd, E: Element>(
    simd: S,
    x: Image,
    gradient: Image,
    of: Depthwise,
) -> Vec<f64> {
    let [images, channels, height, _] = gradient.sizes;
    let sums = of.kernel() * of.kernel() * channels;
    summed(images * height, sums, |rows, to| {
        // SAFETY: the images have these rows, and there is a sum for each weight.
        simd.run(
            #[inline(always)]
            move || unsafe { by_window!(of, add_rows::<S, E>(x, gradient, of, rows, to)) },
        );
    })
}

/// Adds what some rows of the output contribute.
#[inline(always)]
unsafe fn add_rows<S: Simd, E: Element, const K: usize, const STRIDE: usize>(
    x: Image,
    gradient: Image,
    of: Depthwise,
    rows: Range<usize>,
    to: Shared<f64>,
) {
    let [_, channels, _, columns] = gradient.sizes;
    let run = RUN.div_ceil(columns);
    let mut sums = vec![0.0f32; K * K * channels];
    for first in rows.clone().step_by(run) {
        sums.fill(0.0);
        for row in first..rows.end.min(first + run) {
            // SAFETY: as for the function.
            unsafe { add_row::<S, E, K, STRIDE>([x, gradient], of, row, sums.as_mut_ptr()) };
        }
        for (i, sum) in sums.iter().enumerate() {
            // SAFETY: there is a sum for each weight.
            unsafe { *to.at(i) += f64::from(*sum) };
        }
    }
}

/// Adds what a row of the output contributes.
#[inline(always)]
unsafe fn add_row<S: Simd, E: Element, const K: usize, const STRIDE: usize>(
    images: [Image; 2],
    of: Depthwise,
    row: usize,
    sums: *mut f32,
) {
    let [x, gradient] = images;
    let ([_, channels, _, width], columns) = (x.sizes, gradient.sizes[3]);
    let inner = inner_tiles::<K, STRIDE>(of.pad()[1], width, columns);
    for column in (0..columns).step_by(TILE) {
        let at = [row, column];
        // SAFETY: the tiles begin within the image, the counts keep to its channels.
        unsafe {
            by_vector!(
                S::LANES,
                channels,
                inner.contains(&column),
                tile::<S, E, K, STRIDE>(images, of, at, sums)
            );
        }
    }
}

/// The first `count` of a vector of channels of a tile.
#[inline(always)]
unsafe fn tile<S: Simd, E: Element, const K: usize, const STRIDE: usize, const INNER: bool>(
    [x, gradient]: [Image; 2],
    of: Depthwise,
    [row, column]: [usize; 2],
    sums: *mut f32,
    channel: usize,
    count: usize,
) {
    let [_, channels, height, width] = x.sizes;
    let [_, _, outputs, columns] = gradient.sizes;
    let [top, left] = corner::<STRIDE>(of, [row % outputs, column]);
    // SAFETY: rows and columns lie within the images.
    unsafe {
        let by = gradient.data::<E>().at((row * columns + column) * channels + channel);
        let mut gradients = [S::zero(); TILE];
        unrolled!(t < TILE, {
            if INNER || t < columns - column {
                let pixel = by.add(t * channels);
                S::prefetch(pixel.wrapping_add(AHEAD * TILE * channels));
                gradients[t] = E::load::<S>(pixel, count);
            }
        });
        for i in rows_within::<K>(top, height) {
            let line = row_of(&x, row / outputs, (top + i as isize) as usize) + channel;
            let line = x.data::<E>().at(line);
            let sums = sums.add(i * K * channels + channel);
            let mut taps = [S::zero(); K];
            unrolled!(j < K, taps[j] = S::load(sums.add(j * channels), count));
            unrolled!(of 13, j < STRIDE * (TILE - 1) + K, {
                if let Some(at) = within::<INNER>(left + j as isize, width) {
                    let pixel = line.add(at * channels);
                    if i + STRIDE >= K {
                        S::prefetch(pixel.wrapping_add(AHEAD * STRIDE * TILE * channels));
                    }
                    let pixel = E::load::<S>(pixel, count);
                    unrolled!(t < TILE, {
                        if j >= STRIDE * t && j - STRIDE * t < K {
                            taps[j - STRIDE * t] =
                                S::fma(pixel, gradients[t], taps[j - STRIDE * t]);
                        }
                    });
                }
            });
            unrolled!(j < K, S::store(sums.add(j * channels), count, taps[j]));
        }
    }
}
