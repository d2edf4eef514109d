//! A block of tiles of a convolution, and the transform of its inputs.

use std::ops::Range;

use netc::lower::schedule::FusedOps;
use netc::lower::winograd::{ForwardBlocking, depth};

use super::super::element::Element;
use super::super::simd::Simd;
use super::super::tile::{PerPoint, Tile};
use super::dims::{Dims, TilePlace, rows_read};
use super::operand::Operand;
use super::product::Products;
use super::scale::{convert_row, of_tile, point_norm, squares};
use super::transform::input;
use crate::lower::kernels::image::Image;
use crate::lower::kernels::pool::Shared;

/// An image, what is written from it, and what is done to that before: a bias is added, one for
/// each channel; pool and ReLU follow; last another image is added.
#[derive(Debug, Clone, Copy)]
pub(in crate::lower::kernels) struct Convolved<'a> {
    pub x: Image,
    pub y: Image,
    pub dims: Dims,
    pub bias: Option<&'a [f32]>,
    pub after: FusedOps,
    pub add: Option<Image>,
    /// Whether the output's channels are summed.
    pub sums: bool,
}

/// A block of tiles.
#[derive(Debug)]
pub(super) struct TileBlock<'a> {
    pub all: &'a Convolved<'a>,
    pub products: Products,
    pub packed: Shared<u32>,
    pub cut: ForwardBlocking,
    pub tiles: Range<usize>,
    /// The thread's scratch: transformed inputs, products, scales and what they are made from.
    pub v: *mut u32,
    pub m: *mut f32,
    pub scales: *mut f32,
    /// Where the sums of the block go, if they are wanted.
    pub sums: Option<[*mut f32; 3]>,
}

/// The block's inputs.
///
/// # Safety
/// The image has the block's tiles, the scratch is that of the block. As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn transform<S: Simd, E: Element, T: Tile, O: Operand<S>>(block: &TileBlock<'_>) {
    let TileBlock { all, cut, ref tiles, v, .. } = *block;
    let depth = depth(all.dims.in_channels, O::KIND);
    for (t, tile) in tiles.clone().enumerate() {
        let place = TilePlace::of::<T>(&all.dims, tile);
        // SAFETY: the tile is of the input; a plane has `depth` words for each of its tiles.
        unsafe {
            points_of::<S, E, T>(
                all,
                place,
                #[inline(always)]
                |point, channel, lanes| {
                    O::store(v.add(point * cut.plane + t * depth), channel, lanes);
                },
            );
        }
    }
}

/// The block's inputs as integers with a scale for each tile.
///
/// # Safety
/// As for [`transform`].
#[inline(always)]
pub(super) unsafe fn transform_by_tile<S: Simd, E: Element, T: Tile, O: Operand<S>>(
    block: &TileBlock<'_>,
) {
    let TileBlock { all, cut, ref tiles, v, scales, .. } = *block;
    let dims = &all.dims;
    let depth = depth(dims.in_channels, O::KIND);
    // SAFETY: as in `transform`; there is room for the squares of the rows that the block reaches.
    unsafe {
        let rows = rows_read::<T>(dims, tiles.clone());
        let sums = scales.add(cut.block * T::POINTS);
        squares::<S, E>(all.x.data().at(0), dims, rows.clone(), sums);
        for (t, tile) in tiles.clone().enumerate() {
            let place = TilePlace::of::<T>(dims, tile);
            let scale = of_tile::<S, T>(sums, rows.start, dims, place);
            *scales.add(t * T::POINTS) = scale;
            let mut by = T::Points::filled(0.0);
            for point in 0..T::POINTS {
                by[point] = 1.0 / (point_norm::<T>(point) * scale);
            }
            points_of::<S, E, T>(
                all,
                place,
                #[inline(always)]
                |point, channel, lanes| {
                    let integers = O::scaled(lanes, S::splat(by[point]));
                    O::store(v.add(point * cut.plane + t * depth), channel, integers);
                },
            );
        }
    }
}

/// The block's inputs as integers with a scale for each tile and point.
///
/// # Safety
/// As for [`transform`].
#[inline(always)]
pub(super) unsafe fn transform_by_row<S: Simd, E: Element, T: Tile, O: Operand<S>>(
    block: &TileBlock<'_>,
) {
    let TileBlock { all, cut, ref tiles, v, scales, .. } = *block;
    let depth = depth(all.dims.in_channels, O::KIND);
    let channels = all.dims.in_channels.next_multiple_of(16);
    // SAFETY: as in `transform`; there is room for the rows of a tile.
    unsafe {
        let rows = scales.add(cut.block * T::POINTS);
        for (t, tile) in tiles.clone().enumerate() {
            points_of::<S, E, T>(
                all,
                TilePlace::of::<T>(&all.dims, tile),
                #[inline(always)]
                |point, channel, lanes| {
                    S::store(rows.add(point * cut.row + channel), S::LANES, lanes);
                },
            );
            for point in 0..T::POINTS {
                let to = v.add(point * cut.plane + t * depth);
                let row = rows.add(point * cut.row);
                let scale = convert_row::<S, O>(row, channels, to);
                *scales.add(t * T::POINTS + point) = scale / point_norm::<T>(point);
            }
        }
    }
}

/// Transforms a tile; `put` takes each point of a vector of channels, and the first channel.
///
/// # Safety
/// The image has the tile. As for [`Simd`].
#[inline(always)]
unsafe fn points_of<S: Simd, E: Element, T: Tile>(
    all: &Convolved<'_>,
    place: TilePlace,
    put: impl Fn(usize, usize, S::Lanes),
) {
    for channel in (0..all.dims.in_channels.next_multiple_of(16)).step_by(S::LANES) {
        // SAFETY: as for the function.
        unsafe {
            input::<S, E, T>(
                all.x.data().at(0),
                &all.dims,
                place,
                channel,
                #[inline(always)]
                |point, lanes| put(point, channel, lanes),
            );
        }
    }
}
