use std::ops::Range;

use netc::lower::schedule::FusedOps;

use super::super::activation;
use super::super::by_types::by_types;
use super::super::element::{Bf16, Element};
use super::super::simd::Simd;
use super::super::sums::PixelSums;
use super::super::unrolled::unrolled;
use super::window::{
    AHEAD, TILE, Window, by_vector, by_window, corner, inner_tiles, row_of, rows_within, within,
};
use crate::lower::kernels::evidence::Tier;
use crate::lower::kernels::image::{CACHED, Image, Kind};
use crate::lower::kernels::output_sums::Blocks;
use crate::lower::kernels::pool::shared_parts;

/// An image, what is written from it, and how.
#[derive(Debug, Clone, Copy)]
pub(in crate::lower::kernels) struct Convolved<'a> {
    pub x: Image,
    pub y: Image,
    pub window: Window<'a>,
    /// One number for each channel.
    pub bias: &'a [f32],
    /// Without a pool.
    pub after: FusedOps,
    pub add: Option<Image>,
    /// Where the sums of the output's channels go, if they are wanted.
    pub sums: Option<Blocks>,
}

/// How a tile is written.
#[derive(Debug, Clone, Copy)]
struct Written {
    /// Past the caches.
    past: bool,
    /// Where its pixels are summed.
    sums: Option<[*mut f32; 3]>,
    /// Whether the sums begin with it.
    is_first: bool,
}

/// Writes the output.
///
/// # Safety
/// The sizes of images, weights and bias fit one another, and the images are of the tier's numbers.
pub(in crate::lower::kernels) unsafe fn convolve(tier: Tier, all: Convolved<'_>) {
    // SAFETY: the caller vouches for the images.
    unsafe { by_types!(tier, all.x.kind, convolve_as(all)) }
}

unsafe fn convolve_as<S: Simd, E: Element>(simd: S, all: Convolved<'_>) {
    let [images, _, height, width] = all.y.sizes;
    shared_parts(images * height, |part, rows| {
        // SAFETY: each thread writes its own rows.
        simd.run(
            #[inline(always)]
            move || unsafe {
                let sums = all.sums.map(|sums| sums.block(part, rows.len() * width));
                let bounds = all.after.clamp().map(|bound| S::splat(bound));
                match all.after.on_cpu() {
                    Some(other) => by_window!(
                        all.window.of,
                        convolve_rows::<S, E>(
                            &all,
                            rows,
                            sums,
                            #[inline(always)]
                            |x| activation::value::<S>(other, x)
                        )
                    ),
                    None => by_window!(
                        all.window.of,
                        convolve_rows::<S, E>(
                            &all,
                            rows,
                            sums,
                            #[inline(always)]
                            |x| S::clamp(bounds, x)
                        )
                    ),
                }
            },
        );
    });
}

/// Some rows of the output.
#[inline(always)]
unsafe fn convolve_rows<S: Simd, E: Element, const K: usize, const STRIDE: usize>(
    all: &Convolved<'_>,
    rows: Range<usize>,
    sums: Option<[*mut f32; 3]>,
    activation: impl Fn(S::Lanes) -> S::Lanes,
) {
    let [_, channels, _, columns] = all.y.sizes;
    let past = all.y.streams(CACHED);
    let inner = inner_tiles::<K, STRIDE>(all.window.of.pad()[1], all.x.sizes[3], columns);
    let first = [rows.start, 0];
    for row in rows {
        for column in (0..columns).step_by(TILE) {
            let at = [row, column];
            let to = Written { past, sums, is_first: at == first };
            // SAFETY: the tiles begin within the image, the counts keep to its channels.
            unsafe {
                by_vector!(
                    S::LANES,
                    channels,
                    inner.contains(&column),
                    tile::<S, E, K, STRIDE>(all, at, to, &activation)
                );
            }
        }
    }
}

/// The first `count` of a vector of channels of a tile.
#[inline(always)]
unsafe fn tile<S: Simd, E: Element, const K: usize, const STRIDE: usize, const INNER: bool>(
    all: &Convolved<'_>,
    [row, column]: [usize; 2],
    to: Written,
    activation: impl Fn(S::Lanes) -> S::Lanes,
    channel: usize,
    count: usize,
) {
    let Convolved { x, y, window: Window { of, weight }, bias, add, .. } = *all;
    let [_, channels, height, width] = x.sizes;
    let [_, _, outputs, columns] = y.sizes;
    let [top, left] = corner::<STRIDE>(of, [row % outputs, column]);
    // SAFETY: rows and columns lie within the images.
    unsafe {
        let mut sums = [S::load(bias.as_ptr().add(channel), count); TILE];
        for i in rows_within::<K>(top, height) {
            let line = row_of(&x, row / outputs, (top + i as isize) as usize) + channel;
            let line = x.data::<E>().at(line);
            let weight = weight.as_ptr().add(i * K * channels + channel);
            let mut weights = [S::zero(); K];
            unrolled!(j < K, weights[j] = S::load(weight.add(j * channels), count));
            unrolled!(of 13, j < STRIDE * (TILE - 1) + K, {
                if let Some(at) = within::<INNER>(left + j as isize, width) {
                    let pixel = line.add(at * channels);
                    if i + STRIDE >= K {
                        S::prefetch(pixel.wrapping_add(AHEAD * STRIDE * TILE * channels));
                    }
                    let pixel = E::load::<S>(pixel, count);
                    unrolled!(t < TILE, {
                        if j >= STRIDE * t && j - STRIDE * t < K {
                            sums[t] = S::fma(pixel, weights[j - STRIDE * t], sums[t]);
                        }
                    });
                }
            });
        }
        if let Some(rows) = to.sums {
            let first = to.is_first.then_some(sums[0]);
            let mut to = PixelSums::<S>::of(rows.map(|row| row.add(channel)), first);
            unrolled!(t < TILE, {
                if INNER || t < columns - column {
                    to.add(sums[t]);
                }
            });
            to.store();
        }
        let first = (row * columns + column) * channels + channel;
        unrolled!(t < TILE, {
            if INNER || t < columns - column {
                let at = first + t * channels;
                let mut value = activation(sums[t]);
                if let Some(add) = add {
                    value = S::add(value, E::load::<S>(add.data::<E>().at(at), count));
                }
                E::write::<S>(to.past, y.data::<E>().at(at), count, value);
            }
        });
    }
}
