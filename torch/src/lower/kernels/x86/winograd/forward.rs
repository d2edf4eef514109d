use std::arch::x86_64::*;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use netc::lower::schedule::FusedOps;
use netc::lower::winograd::{ForwardBlocking, GROUP, depth};

use super::super::scalar::{Scalar, within};
use super::super::tile::{MOST, Tile};
use super::dims::{Dims, PANEL, ROWS, TilePlace, panels};
use super::product::{Rows, rows_by_panel};
use super::transform::{input, output};
use crate::lower::kernels::image::Image;
use crate::lower::kernels::pool::{Shared, parallel, threads};
use crate::lower::kernels::workspace::Workspace;

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
}

/// A block of tiles.
#[derive(Debug)]
struct TileBlock<'a, E: Scalar> {
    evidence: E::Evidence,
    all: &'a Convolved<'a>,
    packed: Shared<u32>,
    cut: ForwardBlocking,
    tiles: Range<usize>,
    /// The thread's scratch, for transformed inputs and for products.
    v: *mut u32,
    m: *mut f32,
}

/// `y`, `[images][height][width][out_channels]`, from `x`, the same with `in_channels`, and packed
/// weights.
///
/// # Safety
/// All have the sizes of the `dims` and are of this type.
pub(super) unsafe fn convolve<E: Scalar, T: Tile>(
    evidence: E::Evidence,
    all: Convolved<'_>,
    packed: Shared<u32>,
    workspace: &mut Workspace,
) {
    let dims = &all.dims;
    let cut = ForwardBlocking::new(T::SIZE, E::PACK, dims.in_channels);
    let (tiles, block) = (dims.tiles(T::SIZE), cut.block);
    let (blocks, threads) = (tiles.div_ceil(block), threads());
    let [inputs, products] = cut.scratch(T::SIZE);
    let (inputs, products) =
        (workspace.inputs(threads, inputs), workspace.products(threads, products));
    // Whoever is free takes the next block; which one does changes no number.
    let next = AtomicUsize::new(0);
    parallel(threads, |thread| {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= blocks {
                break;
            }
            let first = i * block;
            // SAFETY: each block writes its own tiles, each thread its own scratch.
            unsafe {
                let block = TileBlock::<E> {
                    evidence,
                    all: &all,
                    packed,
                    cut,
                    tiles: first..tiles.min(first + block),
                    v: inputs[thread].at(0),
                    m: products[thread].at(0).cast(),
                };
                E::run(
                    evidence,
                    #[inline(always)]
                    move || one_block::<E, T>(&block),
                );
            }
        }
    });
}

#[inline(always)]
unsafe fn one_block<E: Scalar, T: Tile>(block: &TileBlock<'_, E>) {
    let TileBlock { evidence, all, packed, cut, ref tiles, v, m } = *block;
    let (x, y, dims) = (all.x.data::<E>(), all.y.data::<E>(), &all.dims);
    let finish = Finish { bias: all.bias, after: all.after, add: all.add.map(|add| add.data()) };
    let ForwardBlocking { plane, product_plane, .. } = cut;
    let (depth, panels) = (depth(dims.in_channels, E::PACK), panels(dims.out_channels));
    for (t, tile) in tiles.clone().enumerate() {
        let place = TilePlace::of::<T>(dims, tile);
        for channel in (0..dims.in_channels).step_by(16) {
            // SAFETY: the tile is of the input; the plane has `depth` words for each of the block's
            // tiles.
            unsafe {
                let to = v.add(t * depth + channel / E::PACK);
                input::<E, T>(x.at(0), dims, place, channel, |point, lanes| {
                    E::store(to.add(point * plane).cast(), 0xffff, lanes);
                });
            }
        }
    }
    for group in (0..panels).step_by(GROUP / PANEL) {
        for point in 0..T::POINTS {
            for panel in group..panels.min(group + GROUP / PANEL) {
                for t in (0..tiles.len()).step_by(ROWS) {
                    // SAFETY: rows beyond the block's tiles are scratch of the same size.
                    unsafe {
                        let a = v.add(point * plane + t * depth);
                        let b = packed.at((point * panels + panel) * depth * PANEL);
                        let c = m.add(point * product_plane + t * GROUP + (panel - group) * PANEL);
                        let (a, c) = (
                            Rows { at: a.cast_const(), distance: depth },
                            Rows { at: c, distance: GROUP },
                        );
                        rows_by_panel::<E>(evidence, depth, a, b, c);
                    }
                }
            }
        }
        let channels = group * PANEL..dims.out_channels.min(group * PANEL + GROUP);
        for (t, tile) in tiles.clone().enumerate() {
            let place = TilePlace::of::<T>(dims, tile);
            for channel in channels.clone().step_by(16) {
                // SAFETY: the products of this tile and these channels were just computed.
                unsafe {
                    let from = m.add(t * GROUP + channel - group * PANEL);
                    let pixels = output::<T>(from, product_plane);
                    E::run(
                        evidence,
                        #[inline(always)]
                        || write::<E, T>(y, dims, finish, place, channel, &pixels),
                    );
                }
            }
        }
    }
}

/// What is done to an output before it is written.
#[derive(Debug, Clone, Copy)]
struct Finish<'a, E> {
    bias: Option<&'a [f32]>,
    after: FusedOps,
    add: Option<Shared<E>>,
}

/// Writes a tile, as far as it is in the image.
#[inline(always)]
unsafe fn write<E: Scalar, T: Tile>(
    y: Shared<E>,
    dims: &Dims,
    finish: Finish<'_, E>,
    place: TilePlace,
    channel: usize,
    pixels: &[[__m512; MOST]; MOST],
) {
    let mask = within(dims.out_channels, channel);
    // SAFETY: the mask keeps to the bias.
    let (bias, below) = unsafe {
        let bias = match finish.bias {
            Some(bias) => f32::load(bias.as_ptr().add(channel), mask),
            None => _mm512_setzero_ps(),
        };
        let relu = finish.after.relu();
        (bias, if relu { _mm512_setzero_ps() } else { _mm512_set1_ps(f32::NEG_INFINITY) })
    };
    let pool = if finish.after.pool { 2 } else { 1 };
    let [rows, columns] =
        [dims.height - place.row, dims.width - place.column].map(|rest| T::M.min(rest));
    for i in (0..rows).step_by(pool) {
        for j in (0..columns).step_by(pool) {
            let row = place.image * dims.height / pool + (place.row + i) / pool;
            let at = (row * (dims.width / pool) + (place.column + j) / pool) * dims.out_channels
                + channel;
            // SAFETY: the pixel is in the image, the mask keeps to its channels.
            unsafe {
                let mut pixel = pixels[i][j];
                if finish.after.pool {
                    let right = _mm512_max_ps(pixels[i][j + 1], pixels[i + 1][j + 1]);
                    pixel = _mm512_max_ps(_mm512_max_ps(pixel, pixels[i + 1][j]), right);
                }
                // The second operand is what comes out where one is NaN.
                pixel = _mm512_max_ps(below, _mm512_add_ps(pixel, bias));
                if let Some(add) = finish.add {
                    pixel = _mm512_add_ps(pixel, E::load(add.at(at), mask));
                }
                E::store(y.at(at), mask, pixel);
            }
        }
    }
}
