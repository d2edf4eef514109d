use std::arch::x86_64::*;
use std::sync::atomic::{AtomicUsize, Ordering};

use netc::lower::winograd::{Forward, GROUP, depth};

use super::super::FusedOps;
use super::super::element::{Element, within};
use super::super::pool::{Shared, parallel, threads};
use super::super::tile::{MOST, Tile};
use super::Workspace;
use super::dims::{Dims, PANEL, Place, ROWS, panels};
use super::product::rows_by_panel;
use super::transform::{input, output};

/// What is done to an output before it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finish<'a, E> {
    /// Added, one for each output channel.
    pub bias: Option<&'a [f32]>,
    /// What follows then.
    pub after: FusedOps,
    /// Added last, of the shape of what is written.
    pub add: Option<Shared<E>>,
}

/// `y`, `[images][height][width][out_channels]`, from `x`, the same with `in_channels`, and packed
/// weights.
///
/// # Safety
/// All have the sizes of `dims`. The machine has the target features.
pub(super) unsafe fn convolve<E: Element, T: Tile>(
    x: Shared<E>,
    packed: Shared<u32>,
    y: Shared<E>,
    dims: &Dims,
    finish: Finish<'_, E>,
    workspace: &mut Workspace,
) {
    let cut = Forward::new(T::SIZE, E::PACK, dims.in_channels);
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
            let (first, v, m) = (i * block, inputs[thread], products[thread]);
            // SAFETY: each block writes its own tiles, each thread its own scratch.
            unsafe {
                let tiles = first..tiles.min(first + block);
                one_block::<E, T>(
                    (x, packed, y),
                    dims,
                    finish,
                    tiles,
                    cut,
                    (v.at(0), m.at(0).cast()),
                );
            }
        }
    });
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")]
unsafe fn one_block<E: Element, T: Tile>(
    (x, packed, y): (Shared<E>, Shared<u32>, Shared<E>),
    dims: &Dims,
    finish: Finish<'_, E>,
    tiles: std::ops::Range<usize>,
    cut: Forward,
    (v, m): (*mut u32, *mut f32),
) {
    let Forward { plane, product_plane, .. } = cut;
    let (depth, all) = (depth(dims.in_channels, E::PACK), panels(dims.out_channels));
    for (t, tile) in tiles.clone().enumerate() {
        let place = Place::of::<T>(dims, tile);
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
    for group in (0..all).step_by(GROUP / PANEL) {
        for point in 0..T::POINTS {
            for panel in group..all.min(group + GROUP / PANEL) {
                for t in (0..tiles.len()).step_by(ROWS) {
                    // SAFETY: rows beyond the block's tiles are scratch of the same size.
                    unsafe {
                        let a = v.add(point * plane + t * depth);
                        let b = packed.at((point * all + panel) * depth * PANEL);
                        let c = m.add(point * product_plane + t * GROUP + (panel - group) * PANEL);
                        rows_by_panel::<E>(depth, (a, depth), b, (c, GROUP));
                    }
                }
            }
        }
        let channels = group * PANEL..dims.out_channels.min(group * PANEL + GROUP);
        for (t, tile) in tiles.clone().enumerate() {
            let place = Place::of::<T>(dims, tile);
            for channel in channels.clone().step_by(16) {
                // SAFETY: the products of this tile and these channels were just computed.
                unsafe {
                    let from = m.add(t * GROUP + channel - group * PANEL);
                    let pixels = output::<T>(from, product_plane);
                    write::<E, T>(y, dims, finish, place, channel, &pixels);
                }
            }
        }
    }
}

/// Writes a tile, as far as it is in the image.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")]
unsafe fn write<E: Element, T: Tile>(
    y: Shared<E>,
    dims: &Dims,
    finish: Finish<'_, E>,
    place: Place,
    channel: usize,
    pixels: &[[__m512; MOST]; MOST],
) {
    let mask = within(dims.out_channels, channel);
    // SAFETY: the mask keeps to the bias.
    let bias = finish.bias.map(|bias| unsafe { f32::load(bias.as_ptr().add(channel), mask) });
    let bias = bias.unwrap_or(_mm512_setzero_ps());
    let below =
        if finish.after.relu { _mm512_setzero_ps() } else { _mm512_set1_ps(f32::NEG_INFINITY) };
    let pool = if finish.after.pool { 2 } else { 1 };
    let [rows, columns] =
        [dims.height - place.row, dims.width - place.column].map(|rest| T::M.min(rest));
    for i in (0..rows).step_by(pool) {
        for j in (0..columns).step_by(pool) {
            let mut pixel = pixels[i][j];
            if finish.after.pool {
                let right = _mm512_max_ps(pixels[i][j + 1], pixels[i + 1][j + 1]);
                pixel = _mm512_max_ps(_mm512_max_ps(pixel, pixels[i + 1][j]), right);
            }
            // The second operand is what comes out where one is NaN.
            pixel = _mm512_max_ps(below, _mm512_add_ps(pixel, bias));
            let row = place.image * dims.height / pool + (place.row + i) / pool;
            let at = (row * (dims.width / pool) + (place.column + j) / pool) * dims.out_channels
                + channel;
            // SAFETY: the pixel is in the image, the mask keeps to its channels.
            unsafe {
                if let Some(add) = finish.add {
                    pixel = _mm512_add_ps(pixel, E::load(add.at(at), mask));
                }
                E::store(y.at(at), mask, pixel);
            }
        }
    }
}
