use std::ops::Range;

use netc::lower::schedule::FusedOps;
use netc::lower::winograd::{
    ForwardBlocking, Operand as OperandKind, PackedWeights, TileSize, depth,
};

use super::super::element::Element;
use super::super::simd::Simd;
use super::super::tile::{MOST, PerPoint, Tile};
use super::super::unrolled::unrolled;
use super::dims::{Dims, PANEL, TilePlace, multiplied_points, panels, rows_read};
use super::operand::Operand;
use super::pointwise::{Pixels, pixels_by_panel};
use super::product::{Products, Rows, RowsByPanel};
use super::scale::{convert_row, of_tile, point_norm, squares};
use super::transform::{input, output};
use crate::lower::kernels::image::{CACHED, Image};
use crate::lower::kernels::pool::{Shared, taken, threads};
use crate::lower::kernels::workspace::Workspace;

/// Bytes of outputs below which they do not displace what tiles are computed from: with 4 MiB the
/// convolutions of resnet9 take 5% less time than if all were cached, with 1 or 8 MiB 3 to 4%.
const SMALL: usize = 4 << 20;

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
struct TileBlock<'a> {
    all: &'a Convolved<'a>,
    products: Products,
    packed: Shared<u32>,
    cut: ForwardBlocking,
    tiles: Range<usize>,
    /// The thread's scratch: transformed inputs, products, scales and what they are made from.
    v: *mut u32,
    m: *mut f32,
    scales: *mut f32,
    /// Where the sums of the block go, if they are wanted.
    sums: Option<[*mut f32; 3]>,
}

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
        let pixels = || tiles.clone().map(|tile| inside::<T>(&all.dims, tile)).sum();
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
                move || one_block::<S, E, T, O, BY_ROW>(&block),
            );
        }
    });
}

#[inline(always)]
unsafe fn one_block<S: Simd, E: Element, T: Tile, O: Operand<S>, const BY_ROW: bool>(
    block: &TileBlock<'_>,
) {
    let TileBlock { all, products, packed, cut, ref tiles, v, m, scales, sums } = *block;
    let (y, dims) = (all.y.data::<E>(), &all.dims);
    let finish = Finish {
        bias: all.bias,
        pool: all.after.pool,
        clamp: all.after.clamp(),
        stream: all.y.streams(if T::SIZE == TileSize::One { CACHED } else { SMALL }),
        add: all.add.map(|add| add.data()),
    };
    let (depth, panels) = (depth(dims.in_channels, O::KIND), panels(dims.out_channels));
    let layout = PackedWeights::new(T::SIZE, O::KIND, dims.in_channels, dims.out_channels);
    // Pixels are operands as they are, if nothing lies between them.
    let plain = T::SIZE == TileSize::One
        && O::KIND != OperandKind::Int16
        && depth * size_of::<u32>() == dims.in_channels * size_of::<E>();
    // SAFETY: the scratch is that of the block; the image has these pixels.
    let v: *const u32 = unsafe {
        match O::KIND {
            _ if plain => {}
            OperandKind::Fp32 | OperandKind::Bf16 => transform::<S, E, T, O>(block),
            OperandKind::Int16 if BY_ROW => transform_by_row::<S, E, T, O>(block),
            OperandKind::Int16 => transform_by_tile::<S, E, T, O>(block),
        }
        if plain { all.x.data::<u32>().at(tiles.start * depth) } else { v }
    };
    if T::SIZE == TileSize::One {
        for panel in 0..panels {
            let channel = panel * PANEL;
            let first = tiles.start * dims.out_channels + channel;
            // SAFETY: within the packed weights and the images.
            unsafe {
                pixels_by_panel::<O::Plain, E>(Pixels {
                    depth,
                    rows: tiles.len(),
                    a: Rows { at: v, distance: depth },
                    b: packed.at(panel * layout.panel),
                    y: Rows { at: y.at(first), distance: dims.out_channels },
                    channels: dims.out_channels - channel,
                    bias: finish.bias.map(|bias| bias.as_ptr().add(channel)),
                    clamp: finish.clamp,
                    stream: finish.stream,
                    add: finish.add.map(|add: Shared<E>| add.at(first).cast_const()),
                    sums: sums.map(|sums| sums.map(|row| row.add(channel))),
                });
            }
        }
        return;
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
                    output::<S, T>(
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
                    if let Some(sums) = sums {
                        let sums = sums.map(|row| row.add(channel));
                        add_to::<S, T>(sums, t == 0, rest::<T>(dims, place), &pixels);
                    }
                    write::<S, E, T>(y, dims, finish, place, channel, &pixels);
                }
            }
        }
    }
}

/// The block's inputs.
#[inline(always)]
unsafe fn transform<S: Simd, E: Element, T: Tile, O: Operand<S>>(block: &TileBlock<'_>) {
    let TileBlock { all: Convolved { x, dims, .. }, cut, ref tiles, v, .. } = *block;
    let depth = depth(dims.in_channels, O::KIND);
    for (t, tile) in tiles.clone().enumerate() {
        let place = TilePlace::of::<T>(dims, tile);
        for channel in (0..dims.in_channels.next_multiple_of(16)).step_by(S::LANES) {
            // SAFETY: the tile is of the input; a plane has `depth` words for each of its tiles.
            unsafe {
                input::<S, E, T>(
                    x.data().at(0),
                    dims,
                    place,
                    channel,
                    #[inline(always)]
                    |point, lanes| {
                        O::store(v.add(point * cut.plane + t * depth), channel, lanes);
                    },
                );
            }
        }
    }
}

/// The block's inputs as integers with a scale for each tile.
#[inline(always)]
unsafe fn transform_by_tile<S: Simd, E: Element, T: Tile, O: Operand<S>>(block: &TileBlock<'_>) {
    let TileBlock { all: Convolved { x, dims, .. }, cut, ref tiles, v, scales, .. } = *block;
    let depth = depth(dims.in_channels, O::KIND);
    // SAFETY: as in `transform`; there is room for the squares of the rows that the block reaches.
    unsafe {
        let rows = rows_read::<T>(dims, tiles.clone());
        let sums = scales.add(cut.block * T::POINTS);
        squares::<S, E>(x.data().at(0), dims, rows.clone(), sums);
        for (t, tile) in tiles.clone().enumerate() {
            let place = TilePlace::of::<T>(dims, tile);
            let scale = of_tile::<S, T>(sums, rows.start, dims, place);
            *scales.add(t * T::POINTS) = scale;
            let mut by = T::Points::filled(0.0);
            for point in 0..T::POINTS {
                by[point] = 1.0 / (point_norm::<T>(point) * scale);
            }
            for channel in (0..dims.in_channels.next_multiple_of(16)).step_by(S::LANES) {
                input::<S, E, T>(
                    x.data().at(0),
                    dims,
                    place,
                    channel,
                    #[inline(always)]
                    |point, lanes| {
                        let integers = O::scaled(lanes, S::splat(by[point]));
                        O::store(v.add(point * cut.plane + t * depth), channel, integers);
                    },
                );
            }
        }
    }
}

/// The block's inputs as integers with a scale for each tile and point.
#[inline(always)]
unsafe fn transform_by_row<S: Simd, E: Element, T: Tile, O: Operand<S>>(block: &TileBlock<'_>) {
    let TileBlock { all: Convolved { x, dims, .. }, cut, ref tiles, v, scales, .. } = *block;
    let depth = depth(dims.in_channels, O::KIND);
    let channels = dims.in_channels.next_multiple_of(16);
    // SAFETY: as in `transform`; there is room for the rows of a tile.
    unsafe {
        let rows = scales.add(cut.block * T::POINTS);
        for (t, tile) in tiles.clone().enumerate() {
            let place = TilePlace::of::<T>(dims, tile);
            for channel in (0..channels).step_by(S::LANES) {
                input::<S, E, T>(
                    x.data().at(0),
                    dims,
                    place,
                    channel,
                    #[inline(always)]
                    |point, lanes| {
                        S::store(rows.add(point * cut.row + channel), S::LANES, lanes);
                    },
                );
            }
            for point in 0..T::POINTS {
                let to = v.add(point * cut.plane + t * depth);
                let row = rows.add(point * cut.row);
                let scale = convert_row::<S, O>(row, channels, to);
                *scales.add(t * T::POINTS + point) = scale / point_norm::<T>(point);
            }
        }
    }
}

/// What is done to an output before it is written.
#[derive(Debug, Clone, Copy)]
struct Finish<'a, E> {
    bias: Option<&'a [f32]>,
    pool: bool,
    /// The bounds of what is written.
    clamp: [f32; 2],
    /// Whether whole vectors are written past the caches.
    stream: bool,
    add: Option<Shared<E>>,
}

/// Rows and columns of a tile that are in the image.
#[inline(always)]
fn rest<T: Tile>(dims: &Dims, place: TilePlace) -> [usize; 2] {
    [0, 1].map(|axis| T::M.min(dims.output[axis] - place.output[axis]))
}

/// Pixels of a tile that are in the image.
fn inside<T: Tile>(dims: &Dims, tile: usize) -> usize {
    rest::<T>(dims, TilePlace::of::<T>(dims, tile)).iter().product()
}

/// Adds the pixels of a tile to the sums of its block; the first tile's first pixel is the pivot.
#[inline(always)]
unsafe fn add_to<S: Simd, T: Tile>(
    [pivots, sums, squares]: [*mut f32; 3],
    is_first: bool,
    [rows, columns]: [usize; 2],
    pixels: &[[S::Lanes; MOST]; MOST],
) {
    // SAFETY: there is room for whole vectors.
    unsafe {
        if is_first {
            S::store(pivots, S::LANES, pixels[0][0]);
            S::store(sums, S::LANES, S::zero());
            S::store(squares, S::LANES, S::zero());
        }
        let pivot = S::load(pivots, S::LANES);
        // Two of each, which do not wait for one another.
        let mut all = [[S::load(sums, S::LANES), S::load(squares, S::LANES)], [S::zero(); 2]];
        unrolled!(i < T::M, {
            unrolled!(j < T::M, {
                if i < rows && j < columns {
                    let value = S::sub(pixels[i][j], pivot);
                    let [sum, square] = all[j % 2];
                    all[j % 2] = [S::add(sum, value), S::fma(value, value, square)];
                }
            });
        });
        S::store(sums, S::LANES, S::add(all[0][0], all[1][0]));
        S::store(squares, S::LANES, S::add(all[0][1], all[1][1]));
    }
}

/// Writes a tile, as far as it is in the image.
#[inline(always)]
unsafe fn write<S: Simd, E: Element, T: Tile>(
    y: Shared<E>,
    dims: &Dims,
    finish: Finish<'_, E>,
    place: TilePlace,
    channel: usize,
    pixels: &[[S::Lanes; MOST]; MOST],
) {
    let ([height, width], [row, column]) = (dims.output, place.output);
    let [rows, columns] = rest::<T>(dims, place);
    let count = dims.out_channels - channel;
    // A pool halves all of them.
    let pool = u32::from(finish.pool);
    let [height, width] = [height >> pool, width >> pool];
    let first = (place.image * height + (row >> pool)) * width + (column >> pool);
    // SAFETY: the count keeps to the channels of pixels of the image.
    unsafe {
        let bias = match finish.bias {
            Some(bias) => S::load(bias.as_ptr().add(channel), count),
            None => S::zero(),
        };
        let bounds = finish.clamp.map(|bound| S::splat(bound));
        macro_rules! put {
            ($i:expr, $j:expr, $pixel:expr, $count:expr) => {{
                let at = (first + $i * width + $j) * dims.out_channels + channel;
                let mut pixel = S::clamp(bounds, S::add($pixel, bias));
                if let Some(add) = finish.add {
                    pixel = S::add(pixel, E::load::<S>(add.at(at), $count));
                }
                E::write::<S>(finish.stream, y.at(at), $count, pixel);
            }};
        }
        if finish.pool {
            unrolled!(i < T::M, {
                unrolled!(j < T::M, {
                    if (i | j) & 1 == 0 && i < rows && j < columns {
                        put!(i / 2, j / 2, pooled::<S>(pixels, i, j), count);
                    }
                });
            });
        } else if rows == T::M && columns == T::M && count >= S::LANES {
            unrolled!(i < T::M, unrolled!(j < T::M, put!(i, j, pixels[i][j], S::LANES)));
        } else {
            unrolled!(i < T::M, {
                unrolled!(j < T::M, {
                    if i < rows && j < columns {
                        put!(i, j, pixels[i][j], count);
                    }
                });
            });
        }
    }
}

/// The largest of 2 x 2 pixels.
#[inline(always)]
unsafe fn pooled<S: Simd>(pixels: &[[S::Lanes; MOST]; MOST], i: usize, j: usize) -> S::Lanes {
    // SAFETY: as for the function.
    unsafe {
        let right = S::max(pixels[i][j + 1], pixels[i + 1][j + 1]);
        S::max(S::max(pixels[i][j], pixels[i + 1][j]), right)
    }
}
