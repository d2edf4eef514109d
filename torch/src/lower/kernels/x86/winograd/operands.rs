//! What the products of a weight gradient are computed from: a block of tiles of inputs and of
//! gradients of outputs, transformed.

use std::ops::Range;

use netc::lower::winograd::{OUTPUTS, Operand as Kind, WeightGradBlocking};

use super::super::element::Element;
use super::super::simd::Simd;
use super::super::tile::Tile;
use super::dims::{Dims, PANEL, TilePlace, panels};
use super::operand::{MAGIC, Operand};
use super::product::Products;
use super::scale::{LARGEST, gradient_norm, point_norm, reached, scales};
use super::transform::{POINTS, input, output_gradient};
use crate::lower::kernels::pool::Shared;

/// What all blocks of tiles have in common.
#[derive(Debug)]
pub(super) struct Convolution<'a, E> {
    pub x: Shared<E>,
    pub dy: Shared<E>,
    pub dims: &'a Dims,
    pub cut: WeightGradBlocking,
    pub products: Products,
}

impl<E> Convolution<'_, E> {
    /// The tiles of a block.
    pub(super) fn tiles<T: Tile>(&self, block: usize) -> Range<usize> {
        let size = self.cut.block;
        block * size..self.dims.tiles(T::SIZE).min((block + 1) * size)
    }

    /// Where the scales of gradients begin, after those of inputs.
    pub(super) fn gradient_scales(&self) -> usize {
        panels(self.dims.in_channels) * PANEL
    }
}

/// Operands of a block of tiles: transformed inputs and gradients, and a scale for each channel of
/// both.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operands {
    pub v: Shared<u32>,
    pub d: Shared<u32>,
    pub scales: Shared<f32>,
}

/// Where some channels go: words of each pair of tiles, points a plane apart, and their scales.
#[derive(Debug, Clone, Copy)]
struct Target {
    words: *mut u32,
    plane: usize,
    scales: *mut f32,
}

/// Transforms a panel of inputs of a block of tiles.
///
/// # Safety
/// All have the sizes of the convolution. As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn inputs<S: Simd, E: Element, T: Tile, O: Operand<S>>(
    conv: &Convolution<'_, E>,
    block: usize,
    panel: usize,
    Operands { v, scales, .. }: Operands,
) {
    let Convolution { x, dims, ref cut, .. } = *conv;
    let (tiles, first) = (conv.tiles::<T>(block), panel * PANEL);
    // SAFETY: as for the function.
    unsafe {
        let to = Target {
            words: v.at(panel * (cut.block / O::PACK) * PANEL),
            plane: cut.planes[0],
            scales: scales.at(first),
        };
        transformed::<S, T, O, PANEL>(
            dims,
            tiles.clone(),
            to,
            point_norm,
            #[inline(always)]
            |lane| {
                let channels = dims.in_channels;
                squares::<S, E, T, true>(x.at(0), dims, channels, tiles.clone(), first + lane)
            },
            #[inline(always)]
            |place, lane, points| {
                input::<S, E, T>(
                    x.at(0),
                    dims,
                    place,
                    first + lane,
                    #[inline(always)]
                    |point, lanes| points[point] = lanes,
                );
            },
        );
    }
}

/// Transforms the gradients of a block of outputs and of tiles.
///
/// # Safety
/// As for [`inputs`].
#[inline(always)]
pub(super) unsafe fn gradients<S: Simd, E: Element, T: Tile, O: Operand<S>>(
    conv: &Convolution<'_, E>,
    block: usize,
    group: usize,
    Operands { d, scales, .. }: Operands,
) {
    let Convolution { dy, dims, ref cut, .. } = *conv;
    let (tiles, first) = (conv.tiles::<T>(block), group * OUTPUTS);
    // SAFETY: as for the function.
    unsafe {
        let to = Target {
            words: d.at(group * (cut.block / O::PACK) * OUTPUTS),
            plane: cut.planes[1],
            scales: scales.at(conv.gradient_scales() + first),
        };
        transformed::<S, T, O, OUTPUTS>(
            dims,
            tiles.clone(),
            to,
            gradient_norm,
            #[inline(always)]
            |lane| {
                let channels = dims.out_channels;
                squares::<S, E, T, false>(dy.at(0), dims, channels, tiles.clone(), first + lane)
            },
            #[inline(always)]
            |place, lane, points| {
                output_gradient::<S, E, T>(
                    dy.at(0),
                    dims,
                    place,
                    first + lane,
                    #[inline(always)]
                    |point, lanes| points[point] = lanes,
                );
            },
        );
    }
}

/// Writes `WIDTH` channels of tiles, transformed; integers have a scale for each channel, by the
/// sum of its squares over all tiles and the norms of the points.
#[inline(always)]
unsafe fn transformed<S: Simd, T: Tile, O: Operand<S>, const WIDTH: usize>(
    dims: &Dims,
    tiles: Range<usize>,
    to: Target,
    norm: fn(usize) -> f32,
    squares: impl Fn(usize) -> S::Lanes,
    transform: impl Fn(TilePlace, usize, &mut [S::Lanes; POINTS]),
) {
    let int16 = O::KIND == Kind::Int16;
    // SAFETY: as for `inputs`.
    unsafe {
        let mut by = [[S::zero(); POINTS]; 4];
        let vectors = WIDTH / S::LANES;
        for (i, by) in by.iter_mut().enumerate().take(if int16 { vectors } else { 0 }) {
            let scale = scales::<S>(squares(i * S::LANES), S::zero(), LARGEST);
            S::store(to.scales.add(i * S::LANES), S::LANES, scale);
            for (point, by) in by.iter_mut().enumerate() {
                *by = S::div(S::splat(1.0 / norm(point)), scale);
            }
        }
        let mut pair = [[S::zero(); POINTS]; 2];
        for first in tiles.clone().step_by(O::PACK) {
            let word = (first - tiles.start) / O::PACK;
            for (i, by) in by.iter().enumerate().take(vectors) {
                for (s, points) in pair.iter_mut().enumerate().take(O::PACK) {
                    match first + s < tiles.end {
                        true => {
                            let place = TilePlace::of::<T>(dims, first + s);
                            transform(place, i * S::LANES, points);
                        }
                        false => *points = [S::zero(); POINTS],
                    }
                }
                let words = to.words.add(word * WIDTH + i * S::LANES);
                for point in 0..T::POINTS {
                    let mut parts = [pair[0][point], pair[1][point]];
                    if int16 {
                        for part in &mut parts {
                            *part = S::fma(*part, by[point], S::splat(MAGIC));
                        }
                    }
                    O::store_words(words.add(point * to.plane), parts);
                }
            }
        }
    }
}

/// The sum of squares over tiles, of some channels of an image: at least that of any of their rows.
/// Tiles that are `SHARED` reach one pixel into their neighbours, so that pixels at a border count
/// for each of them.
#[inline(always)]
unsafe fn squares<S: Simd, E: Element, T: Tile, const SHARED: bool>(
    image: *const E,
    dims: &Dims,
    channels: usize,
    tiles: Range<usize>,
    channel: usize,
) -> S::Lanes {
    let (channel, count) = (channel.min(channels), channels.saturating_sub(channel));
    let twice = |at: usize| SHARED && (at.is_multiple_of(T::M) || at % T::M == T::M - 1);
    let ends = [tiles.start, tiles.end - 1].map(|tile| TilePlace::of::<T>(dims, tile));
    // SAFETY: the count keeps to the channels of pixels of the image.
    unsafe {
        let mut all = S::zero();
        for row in reached::<T>(dims, ends) {
            let mut sums = [S::zero(); 2];
            for column in 0..dims.width {
                let at = (row * dims.width + column) * channels;
                let value = E::load::<S>(image.add(at + channel), count);
                match twice(column) {
                    true => sums[1] = S::fma(value, value, sums[1]),
                    false => sums[0] = S::fma(value, value, sums[0]),
                }
            }
            let sum = S::fma(S::splat(2.0), sums[1], sums[0]);
            let times = if twice(row % dims.height) { 2.0 } else { 1.0 };
            all = S::fma(S::splat(times), sum, all);
        }
        all
    }
}
