//! Convolutions of 1 x 1: products of pixels, with what follows, from registers to the output.

use netc::lower::winograd::{Operand as OperandKind, PackedWeights, depth};

use super::super::element::Element;
use super::super::simd::Simd;
use super::super::tile::Tile;
use super::block::{TileBlock, transform};
use super::dims::{PANEL, panels};
use super::dot::Dot;
use super::operand::Operand;
use super::output::Output;
use super::product::{Rows, by_rows, row_sums, width};
use crate::lower::kernels::image::CACHED;

/// The outputs of a block of pixels.
///
/// # Safety
/// As for [`transform`]; the weights were packed for it.
#[inline(always)]
pub(super) unsafe fn one_block<S: Simd, E: Element, T: Tile, O: Operand<S>>(block: &TileBlock<'_>) {
    let TileBlock { all, packed, ref tiles, v, sums, .. } = *block;
    let dims = &all.dims;
    let depth = depth(dims.in_channels, O::KIND);
    let layout = PackedWeights::new(T::SIZE, O::KIND, dims.in_channels, dims.out_channels);
    // Pixels are operands as they are, if nothing lies between them.
    let plain = O::KIND != OperandKind::Int16
        && depth * size_of::<u32>() == dims.in_channels * size_of::<E>();
    // SAFETY: the caller vouches for the image and the weights.
    unsafe {
        let v: *const u32 = match plain {
            true => all.x.data::<u32>().at(tiles.start * depth),
            false => {
                transform::<S, E, T, O>(block);
                v
            }
        };
        for panel in 0..panels(dims.out_channels) {
            pixels_by_panel::<O::Plain, E>(Pixels {
                depth,
                rows: tiles.len(),
                a: Rows { at: v, distance: depth },
                b: packed.at(panel * layout.panel),
                to: &Output::of(all, CACHED, sums),
                first: tiles.start,
                channels: [panel * PANEL, dims.out_channels.min((panel + 1) * PANEL)],
            });
        }
    }
}

/// Pixels times a panel of weights.
#[derive(Debug)]
struct Pixels<'a, E> {
    /// Words of a pixel.
    depth: usize,
    /// How many pixels there are.
    rows: usize,
    /// Pixels as words.
    a: Rows<*const u32>,
    /// A panel of weights for each word.
    b: *const u32,
    to: &'a Output<'a, E>,
    /// The number of the first pixel.
    first: usize,
    /// The panel's first channel, and the one after its last.
    channels: [usize; 2],
}

unsafe fn pixels_by_panel<D: Dot, E: Element>(all: Pixels<'_, E>) {
    // SAFETY: the caller vouches for the sizes and the instructions.
    unsafe {
        D::run(
            #[inline(always)]
            move || {
                let [first, end] = all.channels;
                for channel in (first..end).step_by(width::<D>()) {
                    for row in (0..all.rows).step_by(D::ROWS) {
                        let rows = D::ROWS.min(all.rows - row);
                        if end - channel > D::S::LANES {
                            by_rows!(rows, tile::<D, E, 2>(&all, row, channel));
                        } else {
                            by_rows!(rows, tile::<D, E, 1>(&all, row, channel));
                        }
                    }
                }
            },
        );
    }
}

/// Some rows, from one on, and vectors of channels, likewise.
#[inline(always)]
unsafe fn tile<D: Dot, E: Element, const WIDTH: usize, const ROWS: usize>(
    all: &Pixels<'_, E>,
    row: usize,
    channel: usize,
) {
    // SAFETY: the caller vouches for the sizes and the instructions.
    unsafe {
        let a = Rows { at: all.a.at.add(row * all.a.distance), ..all.a };
        let sums = row_sums::<D, WIDTH, ROWS>(all.depth, a, all.b.add(channel - all.channels[0]));
        let channel = |j: usize| channel + j * D::S::LANES;
        for j in 0..WIDTH {
            let first = (row == 0).then_some(D::real(sums[0][j]));
            if let Some(mut to) = all.to.sums::<D::S>(channel(j), first) {
                for sums in &sums {
                    to.add(D::real(sums[j]));
                }
                to.store();
            }
        }
        for (i, sums) in sums.iter().enumerate() {
            for j in 0..WIDTH {
                all.to.write::<D::S>(all.first + row + i, channel(j), D::real(sums[j]));
            }
        }
    }
}
