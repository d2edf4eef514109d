//! What the products of a weight gradient are computed from: a block of tiles of inputs and of
//! gradients of outputs, transformed.

use std::ops::Range;

use netc::lower::winograd::{OUTPUTS, Operand as OperandKind, WeightGradBlocking};

use super::super::element::Element;
use super::super::simd::Simd;
use super::super::tile::{PerPoint, WeightGradTile};
use super::dims::{Dims, PANEL, TilePlace, panels, rows_read, rows_written};
use super::operand::Operand;
use super::product::Products;
use super::scale::{LARGEST, gradient_norm, point_norm, scales};
use super::transform::{input, output_gradient};
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
    pub(super) fn tiles<T: WeightGradTile>(&self, block: usize) -> Range<usize> {
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

/// What is transformed: a panel of `INPUTS`, or a block of outputs' gradients.
#[derive(Debug)]
struct Source<'a, E, const INPUTS: bool>(&'a Convolution<'a, E>);

/// # Safety
/// As for [`inputs`].
impl<E: Element, const INPUTS: bool> Source<'_, E, INPUTS> {
    const WIDTH: usize = if INPUTS { PANEL } else { OUTPUTS };

    /// What a point is divided by before its scale.
    #[inline(always)]
    fn norm<T: WeightGradTile>(point: usize) -> f32 {
        if INPUTS { point_norm::<T>(point) } else { gradient_norm::<T>(point) }
    }

    /// The sum of squares over tiles, from a channel.
    #[inline(always)]
    unsafe fn squares<S: Simd, T: WeightGradTile>(
        &self,
        tiles: Range<usize>,
        channel: usize,
    ) -> S::Lanes {
        let Convolution { x, dy, dims, .. } = *self.0;
        // Neighbouring tiles share so many of the pixels that they read.
        let shared = T::INPUTS - T::SIZE.step();
        let twice = |at: usize| INPUTS && (at + T::SIZE.before()) % T::SIZE.step() < shared;
        // SAFETY: as for the function, here and below.
        unsafe {
            match INPUTS {
                true => {
                    let size = [dims.input[0], dims.input[1], dims.in_channels];
                    squares::<S, E>(x.at(0), size, rows_read::<T>(dims, tiles), channel, twice)
                }
                false => {
                    let size = [dims.output[0], dims.output[1], dims.out_channels];
                    squares::<S, E>(dy.at(0), size, rows_written::<T>(dims, tiles), channel, twice)
                }
            }
        }
    }

    /// Gives each point of a tile, from a channel.
    #[inline(always)]
    unsafe fn points<S: Simd, T: WeightGradTile>(
        &self,
        tile: usize,
        channel: usize,
        give: impl FnMut(usize, S::Lanes),
    ) {
        let Convolution { x, dy, dims, .. } = *self.0;
        let place = TilePlace::of::<T>(dims, tile);
        // SAFETY: see above.
        unsafe {
            match INPUTS {
                true => input::<S, E, T>(x.at(0), dims, place, channel, give),
                false => output_gradient::<S, E, T>(dy.at(0), dims, place, channel, give),
            }
        }
    }
}

/// Transforms a panel of inputs of a block of tiles.
///
/// # Safety
/// All have the sizes of the convolution. As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn inputs<S: Simd, E: Element, T: WeightGradTile, O: Operand<S>>(
    conv: &Convolution<'_, E>,
    block: usize,
    panel: usize,
    Operands { v, scales, .. }: Operands,
) {
    let cut = &conv.cut;
    // SAFETY: as for the function.
    unsafe {
        let to = Target {
            words: v.at(panel * (cut.block / O::PACK) * PANEL),
            plane: cut.planes[0],
            scales: scales.at(panel * PANEL),
        };
        let from = Source::<_, true>(conv);
        transformed::<S, E, T, O, true>(from, conv.tiles::<T>(block), panel * PANEL, to);
    }
}

/// Transforms the gradients of a block of outputs and of tiles.
///
/// # Safety
/// As for [`inputs`].
#[inline(always)]
pub(super) unsafe fn gradients<S: Simd, E: Element, T: WeightGradTile, O: Operand<S>>(
    conv: &Convolution<'_, E>,
    block: usize,
    group: usize,
    Operands { d, scales, .. }: Operands,
) {
    let cut = &conv.cut;
    // SAFETY: as for the function.
    unsafe {
        let to = Target {
            words: d.at(group * (cut.block / O::PACK) * OUTPUTS),
            plane: cut.planes[1],
            scales: scales.at(conv.gradient_scales() + group * OUTPUTS),
        };
        let from = Source::<_, false>(conv);
        transformed::<S, E, T, O, false>(from, conv.tiles::<T>(block), group * OUTPUTS, to);
    }
}

/// Writes channels of tiles, transformed; integers have a scale for each channel, by the sum of its
/// squares over all tiles and the norms of the points.
#[inline(always)]
unsafe fn transformed<S: Simd, E: Element, T: WeightGradTile, O: Operand<S>, const INPUTS: bool>(
    from: Source<'_, E, INPUTS>,
    tiles: Range<usize>,
    first: usize,
    to: Target,
) {
    let width = Source::<E, INPUTS>::WIDTH;
    for lane in (0..width).step_by(S::LANES) {
        let channel = first + lane;
        // SAFETY: as for `inputs`.
        unsafe {
            let mut by = T::Points::filled(S::zero());
            if O::KIND == OperandKind::Int16 {
                let squares = from.squares::<S, T>(tiles.clone(), channel);
                let scale = scales::<S>(squares, S::zero(), LARGEST);
                S::store(to.scales.add(lane), S::LANES, scale);
                for point in 0..T::POINTS {
                    let norm = Source::<E, INPUTS>::norm::<T>(point);
                    by[point] = S::div(S::splat(1.0 / norm), scale);
                }
            }
            let mut words = to.words.add(lane);
            for tile in tiles.clone().step_by(O::PACK) {
                let mut parts = T::Points::filled(S::zero());
                if O::PACK > 1 {
                    from.points::<S, T>(
                        tile,
                        channel,
                        #[inline(always)]
                        |point, lanes| parts[point] = O::scaled(lanes, by[point]),
                    );
                }
                if tile + O::PACK <= tiles.end {
                    from.points::<S, T>(
                        tile + O::PACK - 1,
                        channel,
                        #[inline(always)]
                        |point, lanes| {
                            let part = O::scaled(lanes, by[point]);
                            let pair = if O::PACK > 1 { [parts[point], part] } else { [part; 2] };
                            let to = words.add(point * to.plane).cast();
                            S::store(to, S::LANES, O::words(pair));
                        },
                    );
                } else {
                    for point in 0..T::POINTS {
                        let to = words.add(point * to.plane).cast();
                        S::store(to, S::LANES, O::words([parts[point], S::zero()]));
                    }
                }
                words = words.add(width);
            }
        }
    }
}

/// The sum of squares over some rows of images of `[rows, columns, channels]`, from a channel: at
/// least that of any row of transformed numbers, if pixels that two tiles read count twice.
#[inline(always)]
unsafe fn squares<S: Simd, E: Element>(
    image: *const E,
    [height, width, channels]: [usize; 3],
    rows: Range<usize>,
    channel: usize,
    twice: impl Fn(usize) -> bool,
) -> S::Lanes {
    let (channel, count) = (channel.min(channels), channels.saturating_sub(channel));
    // SAFETY: the count keeps to the channels of pixels of the image.
    unsafe {
        let mut all = S::zero();
        for row in rows {
            let mut sums = [S::zero(); 2];
            for column in 0..width {
                let at = (row * width + column) * channels;
                let value = E::load::<S>(image.add(at + channel), count);
                match twice(column) {
                    true => sums[1] = S::fma(value, value, sums[1]),
                    false => sums[0] = S::fma(value, value, sums[0]),
                }
            }
            let sum = S::fma(S::splat(2.0), sums[1], sums[0]);
            let times = if twice(row % height) { 2.0 } else { 1.0 };
            all = S::fma(S::splat(times), sum, all);
        }
        all
    }
}
