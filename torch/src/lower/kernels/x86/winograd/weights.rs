use std::arch::x86_64::*;
use std::ops::Range;

use netc::lower::winograd::WeightGradBlocking;

use super::super::scalar::{Scalar, within};
use super::super::tile::Tile;
use super::dims::{Dims, PANEL, ROWS, TilePlace, panels};
use super::product::columns_by_panel;
use super::transform::{POINTS, input, output_gradient, weight_gradient};
use crate::lower::kernels::pool::{Shared, parallel, share, threads};
use crate::lower::kernels::workspace::Workspace;

/// What one thread sums up: blocks of 16 outputs over some tiles.
#[derive(Debug)]
struct Portion {
    outputs: Range<usize>,
    blocks: Range<usize>,
}

/// A thread's work on one block of tiles.
#[derive(Debug, Clone, Copy)]
struct ThreadBlock<'a, E: Scalar> {
    evidence: E::Evidence,
    x: Shared<E>,
    dy: Shared<E>,
    dims: &'a Dims,
    cut: WeightGradBlocking,
    part: &'a Portion,
    /// The thread's scratch, for transformed inputs and gradients, and its sums.
    v: *mut u32,
    d: *mut u32,
    u: *mut f32,
}

/// Sums of some outputs, and where those of one output are.
#[derive(Debug, Clone, Copy)]
struct Summed {
    sums: Shared<u32>,
    row: usize,
    rows: usize,
}

fn parts<T: Tile>(dims: &Dims, cut: WeightGradBlocking, threads: usize) -> Vec<Portion> {
    let outputs = dims.out_channels.div_ceil(16);
    let blocks = dims.tiles(T::SIZE).div_ceil(cut.block);
    let part = |i| match cut.by_outputs {
        true => Portion { outputs: share(outputs, i, threads), blocks: 0..blocks },
        false => Portion { outputs: 0..outputs, blocks: share(blocks, i, threads) },
    };
    (0..threads).map(part).collect()
}

/// `dw`, `[out_channels][3][3][in_channels]`, from the input and the gradient of the output.
///
/// # Safety
/// All have the sizes of `dims`.
pub(super) unsafe fn gradient<E: Scalar, T: Tile>(
    evidence: E::Evidence,
    x: Shared<E>,
    dy: Shared<E>,
    dw: Shared<f32>,
    dims: &Dims,
    workspace: &mut Workspace,
) {
    let threads = threads();
    let cut = WeightGradBlocking::new(T::SIZE, E::PACK, dims, threads);
    let parts = parts::<T>(dims, cut, threads);
    let [inputs, gradients, sums] = cut.scratch(T::SIZE);
    let inputs = workspace.inputs(threads, inputs);
    let gradients = workspace.products(threads, gradients);
    let sums = workspace.sums(threads, sums);
    parallel(threads, |thread| {
        let (part, v, d, u) = (&parts[thread], inputs[thread], gradients[thread], sums[thread]);
        // SAFETY: each thread writes its own scratch.
        unsafe {
            if part.blocks.is_empty() {
                let count = T::POINTS * panels(dims.in_channels) * part.outputs.len() * 16 * PANEL;
                std::ptr::write_bytes(u.at(0), 0, count);
            }
            let (v, d, u) = (v.at(0), d.at(0), u.at(0).cast());
            let block = ThreadBlock::<E> { evidence, x, dy, dims, cut, part, v, d, u };
            for i in part.blocks.clone() {
                E::run(
                    evidence,
                    #[inline(always)]
                    move || one_block::<E, T>(&block, i),
                );
            }
        }
    });
    parallel(dims.out_channels, |o| {
        let mine = |part: &Portion| part.outputs.contains(&(o / 16));
        let from = parts.iter().zip(&sums).filter(|(part, _)| mine(part)).take(if cut.by_outputs {
            1
        } else {
            threads
        });
        let from = from.map(|(part, sums)| {
            let row = o - part.outputs.start * 16;
            Summed { sums: *sums, row, rows: part.outputs.len() * 16 }
        });
        // SAFETY: each output has its own weights.
        E::run(
            evidence,
            #[inline(always)]
            move || unsafe { one_output::<T>(from, o, dims, dw) },
        );
    });
}

#[inline(always)]
unsafe fn one_block<E: Scalar, T: Tile>(block: &ThreadBlock<'_, E>, i: usize) {
    let ThreadBlock { evidence, x, dy, dims, cut, part, v, d, u } = *block;
    let WeightGradBlocking { block: size, planes, .. } = cut;
    // SAFETY: the machine has the target features.
    let zeros = [unsafe { _mm512_setzero_ps() }; POINTS];
    let mut pair = [zeros; 2];
    let words = size / E::PACK;
    let tiles = i * size..dims.tiles(T::SIZE).min((i + 1) * size);
    for first in tiles.clone().step_by(E::PACK) {
        let word = (first - tiles.start) / E::PACK;
        if first + E::PACK > tiles.end {
            // Half a word at the end.
            pair = [zeros; 2];
        }
        let place = |s: usize| {
            Some(first + s).filter(|t| *t < tiles.end).map(|t| TilePlace::of::<T>(dims, t))
        };
        for channel in (0..dims.in_channels).step_by(16) {
            for (s, points) in pair.iter_mut().enumerate().take(E::PACK) {
                if let Some(place) = place(s) {
                    // SAFETY: the tile is of the input.
                    unsafe {
                        input::<E, T>(x.at(0), dims, place, channel, |point, lanes| {
                            points[point] = lanes
                        })
                    };
                }
            }
            let at = channel / PANEL * words * PANEL + word * PANEL + channel % PANEL;
            for point in 0..T::POINTS {
                // SAFETY: within the plane.
                unsafe {
                    put(v.add(point * planes[0] + at), E::words([pair[0][point], pair[1][point]]))
                };
            }
        }
        for output in part.outputs.clone() {
            for (s, points) in pair.iter_mut().enumerate().take(E::PACK) {
                if let Some(place) = place(s) {
                    // SAFETY: the tile is of the output.
                    unsafe {
                        output_gradient::<E, T>(
                            dy.at(0),
                            dims,
                            place,
                            output * 16,
                            |point, lanes| points[point] = lanes,
                        );
                    }
                }
            }
            let at = ((output - part.outputs.start) * words + word) * 16;
            for point in 0..T::POINTS {
                // SAFETY: within the plane.
                unsafe {
                    put(d.add(point * planes[1] + at), E::words([pair[0][point], pair[1][point]]))
                };
            }
        }
    }
    let (depth, panels, rows) =
        (tiles.len().div_ceil(E::PACK), panels(dims.in_channels), part.outputs.len() * 16);
    for point in 0..T::POINTS {
        for panel in 0..panels {
            for row in (0..rows).step_by(ROWS) {
                // SAFETY: within the planes and the sums.
                unsafe {
                    let a = d.add(point * planes[1] + row / 16 * words * 16 + row % 16);
                    let b = v.add(point * planes[0] + panel * words * PANEL);
                    let c = u.add(((point * panels + panel) * rows + row) * PANEL);
                    match i == part.blocks.start {
                        true => columns_by_panel::<E, false>(evidence, depth, a, b, c),
                        false => columns_by_panel::<E, true>(evidence, depth, a, b, c),
                    }
                }
            }
        }
    }
}

/// The weights of one output from the sums of all parts that have it.
#[inline(always)]
unsafe fn one_output<T: Tile>(
    from: impl Iterator<Item = Summed> + Clone,
    o: usize,
    dims: &Dims,
    dw: Shared<f32>,
) {
    let panels = panels(dims.in_channels);
    for channel in (0..dims.in_channels).step_by(16) {
        // SAFETY: the machine has the target features.
        let mut points = [unsafe { _mm512_setzero_ps() }; POINTS];
        for Summed { sums, row, rows } in from.clone() {
            for (point, sum) in points.iter_mut().enumerate().take(T::POINTS) {
                let at =
                    ((point * panels + channel / PANEL) * rows + row) * PANEL + channel % PANEL;
                // SAFETY: within the sums.
                *sum = unsafe { _mm512_add_ps(*sum, _mm512_loadu_ps(sums.at(at).cast())) };
            }
        }
        // SAFETY: the mask keeps to the inputs.
        unsafe {
            for (tap, lanes) in weight_gradient::<T>(&points).into_iter().enumerate() {
                let at = (o * 9 + tap) * dims.in_channels + channel;
                f32::store(dw.at(at), within(dims.in_channels, channel), lanes);
            }
        }
    }
}

#[inline(always)]
unsafe fn put(to: *mut u32, words: __m512i) {
    // SAFETY: the caller vouches for 16 words and for the target features.
    unsafe { _mm512_storeu_si512(to.cast(), words) }
}
