use std::ops::Range;

use super::super::by_types::by_types;
use super::super::element::{Bf16, Element};
use super::super::simd::Simd;
use super::super::unrolled::unrolled;
use super::window::{AHEAD, TILE, Window, by_vector, by_window, row_of, within};
use crate::lower::kernels::evidence::Tier;
use crate::lower::kernels::image::{CACHED, Image, Kind};
use crate::lower::kernels::pool::shared;

/// Writes the gradient with respect to the input, `to`, from that with respect to the output.
///
/// # Safety
/// The sizes of images and weights fit one another, and the images are of the tier's numbers.
pub(in crate::lower::kernels) unsafe fn grad_input(
    tier: Tier,
    gradient: Image,
    to: Image,
    window: Window<'_>,
) {
    // SAFETY: the caller vouches for the images.
    unsafe { by_types!(tier, to.kind, grad_input_as(gradient, to, window)) }
}

unsafe fn grad_input_as<S: Simd, E: Element>(
    simd: S,
    gradient: Image,
    to: Image,
    window: Window<'_>,
) {
    let [images, _, height, _] = to.sizes;
    shared(images * height, |rows| {
        // SAFETY: each thread writes its own rows.
        simd.run(
            #[inline(always)]
            move || unsafe { by_window!(window.of, grad_rows::<S, E>(gradient, to, window, rows)) },
        );
    });
}

/// Some rows of the input.
#[inline(always)]
unsafe fn grad_rows<S: Simd, E: Element, const K: usize, const STRIDE: usize>(
    gradient: Image,
    to: Image,
    window: Window<'_>,
    rows: Range<usize>,
) {
    let [_, channels, _, width] = to.sizes;
    let before = window.of.pad()[1];
    let past = to.streams(CACHED);
    for row in rows {
        for start in (before / STRIDE * STRIDE..before + width).step_by(TILE) {
            let (first, last) = outputs_of::<K, STRIDE>(start);
            let inner = first >= 0 && last < gradient.sizes[3] as isize;
            let inner = inner && start >= before && start + TILE <= before + width;
            // SAFETY: the tiles overlap the image, the counts keep to its channels.
            unsafe {
                by_vector!(
                    S::LANES,
                    channels,
                    inner,
                    tile::<S, E, K, STRIDE>(gradient, to, window, [row, start], past)
                );
            }
        }
    }
}

/// The first and the last column of the output that the tile at `start` contributes to, if it is
/// that large.
#[inline(always)]
fn outputs_of<const K: usize, const STRIDE: usize>(start: usize) -> (isize, isize) {
    let first = (start / STRIDE) as isize;
    (first - ((K - 1) / STRIDE) as isize, first + ((TILE - 1) / STRIDE) as isize)
}

/// The first `count` of a vector of channels of a tile, which begins at a column that, with the
/// padding, is a multiple of the stride: `STRIDE q + t` is multiplied by weight
/// `STRIDE (q - j) + t` of the output's column `j`.
#[inline(always)]
unsafe fn tile<S: Simd, E: Element, const K: usize, const STRIDE: usize, const INNER: bool>(
    gradient: Image,
    to: Image,
    Window { of, weight }: Window<'_>,
    [row, start]: [usize; 2],
    past: bool,
    channel: usize,
    count: usize,
) {
    let [_, channels, height, width] = to.sizes;
    let [_, _, outputs, columns] = gradient.sizes;
    let [above, before] = of.pad();
    let padded = row % height + above;
    let (_, last) = outputs_of::<K, STRIDE>(start);
    // SAFETY: rows and columns lie within the images.
    unsafe {
        let mut sums = [S::zero(); TILE];
        for i in (padded % STRIDE..K.min(padded + 1)).step_by(STRIDE) {
            let output = (padded - i) / STRIDE;
            if output >= outputs {
                continue;
            }
            let line = row_of(&gradient, row / height, output) + channel;
            let line = gradient.data::<E>().at(line);
            let weight = weight.as_ptr().add(i * K * channels + channel);
            let mut weights = [S::zero(); K];
            unrolled!(j < K, weights[j] = S::load(weight.add(j * channels), count));
            unrolled!(of 13, j < (TILE - 1) / STRIDE + K.div_ceil(STRIDE), {
                if let Some(at) = within::<INNER>(last - j as isize, columns) {
                    let pixel = line.add(at * channels);
                    if i < STRIDE {
                        S::prefetch(pixel.wrapping_add(AHEAD * TILE / STRIDE * channels));
                    }
                    let pixel = E::load::<S>(pixel, count);
                    unrolled!(t < TILE, {
                        let weight = STRIDE * j + t;
                        let first = (TILE - 1) / STRIDE * STRIDE;
                        if weight >= first && weight - first < K {
                            sums[t] = S::fma(pixel, weights[weight - first], sums[t]);
                        }
                    });
                }
            });
        }
        let line = row_of(&to, row / height, row % height) + channel;
        unrolled!(t < TILE, {
            if INNER || (start + t >= before && start + t < before + width) {
                let at = line + (start + t - before) * channels;
                E::write::<S>(past, to.data::<E>().at(at), count, sums[t]);
            }
        });
    }
}
