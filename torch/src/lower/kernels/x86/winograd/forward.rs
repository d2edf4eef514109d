use netc::lower::winograd::{
    ForwardBlocking, Operand as OperandKind, PackedWeights, TileSize, depth,
};

use super::super::element::Element;
use super::super::simd::Simd;
use super::super::tile::{MOST, Tile};
use super::block::{Convolved, TileBlock, transform, transform_by_row, transform_by_tile};
use super::dims::{PANEL, TilePlace, multiplied_points, panels};
use super::operand::Operand;
use super::output::{Output, pixels_of};
use super::pointwise;
use super::product::{Rows, RowsByPanel};
use super::transform::output as output_of;
use crate::lower::kernels::pool::{Shared, taken, threads};
use crate::lower::kernels::workspace::Workspace;

/// Bytes of outputs that leave in the caches what tiles are computed from.
const SMALL: usize = 4 << 20;

/// `y`, `[images][rows][columns][out_channels]`, from `x`, the same with `in_channels` and the
/// input's size, and packed weights. With integers, scales are by row or by tile.
///
/// # Safety
/// All have the sizes of the `dims` and are of this type; the processor has VNNI if so.
pub(super) unsafe fn convolve<S: Simd, E: Element, T: Tile, O: Operand<S>, const BY_ROW: bool>(
    simd: S,
    vnni: bool,
    all: Convolved<'_>,
    packed: Shared<u32>,
    workspace: &mut Workspace,
) {
    let cut = ForwardBlocking::new(T::SIZE, O::KIND, &all.dims);
    let (tiles, products) = (all.dims.tiles(T::SIZE), O::products(vnni));
    let [inputs, sums, scales] = cut.scratch(T::SIZE);
    let threads = threads();
    let blocks = cut.blocks(T::SIZE, &all.dims);
    let output_sums = all.sums.then(|| workspace.output_sums.renew(blocks, all.dims.out_channels));
    let inputs = workspace.inputs(threads, inputs);
    let sums = workspace.products(threads, sums);
    let scales = workspace.scales(threads, scales);
    taken(threads, blocks, |thread, i| {
        let tiles = i * cut.block..tiles.min((i + 1) * cut.block);
        let pixels = || tiles.clone().map(|tile| pixels_of::<T>(&all.dims, tile)).sum();
        // SAFETY: each block writes its own tiles, each thread its own scratch.
        unsafe {
            let block = TileBlock {
                all: &all,
                products,
                packed,
                cut,
                sums: output_sums.map(|sums| sums.block(i, pixels())),
                tiles,
                v: inputs[thread].at(0),
                m: sums[thread].at(0).cast(),
                scales: scales[thread].at(0).cast(),
            };
            simd.run(
                #[inline(always)]
                move || match T::SIZE {
                    TileSize::One => pointwise::one_block::<S, E, T, O>(&block),
                    _ => one_block::<S, E, T, O, BY_ROW>(&block),
                },
            );
        }
    });
}

#[inline(always)]
unsafe fn one_block<S: Simd, E: Element, T: Tile, O: Operand<S>, const BY_ROW: bool>(
    block: &TileBlock<'_>,
) {
    let TileBlock { all, products, packed, cut, ref tiles, v, m, scales, sums } = *block;
    let (output, dims) = (Output::<E>::of(all, SMALL, sums), &all.dims);
    let (depth, panels) = (depth(dims.in_channels, O::KIND), panels(dims.out_channels));
    let layout = PackedWeights::new(T::SIZE, O::KIND, dims.in_channels, dims.out_channels);
    // SAFETY: the scratch is that of the block.
    unsafe {
        match O::KIND {
            OperandKind::Fp32 | OperandKind::Bf16 => transform::<S, E, T, O>(block),
            OperandKind::Int16 if BY_ROW => transform_by_row::<S, E, T, O>(block),
            OperandKind::Int16 => transform_by_tile::<S, E, T, O>(block),
        }
    }
    for group in (0..panels).step_by(cut.group / PANEL) {
        let group = group..panels.min(group + cut.group / PANEL);
        for (weight, panel) in (0..T::WEIGHTS).flat_map(|p| group.clone().map(move |q| (p, q))) {
            for point in multiplied_points::<T>(weight) {
                // SAFETY: within the scratch and the packed weights.
                unsafe {
                    let at = point * cut.product_plane + (panel - group.start) * PANEL;
                    (products.rows)(RowsByPanel {
                        depth,
                        rows: tiles.len(),
                        a: Rows { at: v.add(point * cut.plane), distance: depth },
                        b: packed.at(weight * layout.plane + panel * layout.panel),
                        c: Rows { at: m.add(at), distance: cut.group },
                    });
                }
            }
        }
        let channels = group.start * PANEL..dims.out_channels.min(group.end * PANEL);
        for (t, tile) in tiles.clone().enumerate() {
            let place = TilePlace::of::<T>(dims, tile);
            for channel in channels.clone().step_by(S::LANES) {
                // SAFETY: the products of this tile and these channels were just computed.
                unsafe {
                    let from = m.add(t * cut.group + channel - channels.start);
                    let tile = scales.add(t * T::POINTS);
                    let mut by = S::zero();
                    if O::KIND == OperandKind::Int16 {
                        by = S::load(
                            packed.at(T::WEIGHTS * layout.plane + channel).cast(),
                            S::LANES,
                        );
                        if !BY_ROW {
                            by = S::mul(by, S::splat(*tile));
                        }
                    }
                    let mut pixels = [[S::zero(); MOST]; MOST];
                    output_of::<S, T>(
                        #[inline(always)]
                        |point| {
                            let sums = S::load(from.add(point * cut.product_plane), S::LANES);
                            match BY_ROW {
                                true => S::mul(sums, S::splat(*tile.add(point))),
                                false => sums,
                            }
                        },
                        #[inline(always)]
                        |i, j, pixel| {
                            pixels[i][j] = match O::KIND {
                                OperandKind::Int16 => S::mul(pixel, by),
                                OperandKind::Fp32 | OperandKind::Bf16 => pixel,
                            }
                        },
                    );
                    output.write_tile::<S, T>(dims, place, t == 0, channel, &pixels);
                }
            }
        }
    }
}
