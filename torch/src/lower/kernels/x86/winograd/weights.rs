use std::ops::Range;

use netc::lower::winograd::{
    CACHED_OUTPUTS, CACHED_SUMS, OUTPUTS, Operand as Kind, WeightGradBlocking,
};

use super::super::element::Element;
use super::super::simd::Simd;
use super::super::tile::Tile;
use super::dims::{Dims, PANEL, TilePlace, panels};
use super::operand::{MAGIC, Operand};
use super::product::{ColumnsByPanel, Products};
use super::scale::{LARGEST, back_norm, gradient_norm, point_norm, reached, scales};
use super::transform::{POINTS, input, output_gradient, weight_gradient};
use crate::lower::kernels::pool::{Shared, share, taken, threads};
use crate::lower::kernels::workspace::Workspace;

/// What all blocks of tiles have in common.
#[derive(Debug)]
struct Convolution<'a, E> {
    x: Shared<E>,
    dy: Shared<E>,
    dims: &'a Dims,
    cut: WeightGradBlocking,
    products: Products,
}

/// Operands of a block of tiles: transformed inputs and gradients, and a scale for each channel of
/// both.
#[derive(Debug, Clone, Copy)]
struct Operands {
    v: Shared<u32>,
    d: Shared<u32>,
    scales: Shared<f32>,
}

/// Accumulators of some outputs and a panel of inputs, a plane for each point.
#[derive(Debug, Clone, Copy)]
struct Sums {
    at: Shared<f32>,
    plane: usize,
}

/// `dw`, `[out_channels][3][3][in_channels]`, from the input and the gradient of the output.
///
/// # Safety
/// All have the sizes of `dims`; the processor has VNNI if so.
pub(super) unsafe fn gradient<S: Simd, E: Element, T: Tile, O: Operand<S>>(
    simd: S,
    vnni: bool,
    [x, dy]: [Shared<E>; 2],
    dw: Shared<f32>,
    dims: &Dims,
    workspace: &mut Workspace,
) {
    let cut = WeightGradBlocking::new(T::SIZE, O::KIND, dims);
    let conv = Convolution { x, dy, dims, cut, products: O::products(vnni) };
    let [inputs, gradients, scales, sums] = cut.scratch(T::SIZE, dims);
    let threads = threads();
    let [holders, accumulators] = cut.buffers(T::SIZE, dims, threads);
    let inputs = workspace.inputs(holders, inputs);
    let gradients = workspace.products(holders, gradients);
    let scales = workspace.scales(holders, scales);
    let operands: Vec<_> = (0..holders)
        .map(|i| Operands { v: inputs[i], d: gradients[i], scales: scales[i].cast() })
        .collect();
    let sums: Vec<_> = workspace.sums(accumulators, sums).into_iter().map(Shared::cast).collect();
    let blocks = dims.tiles(T::SIZE).div_ceil(cut.block);
    let all = All { simd, conv: &conv, dw, threads };
    // SAFETY: the caller vouches for the sizes; the scratch is that of the blocking.
    unsafe {
        if cut.parts > 1 {
            taken(threads, cut.parts, |thread, part| {
                let mut more = false;
                for block in share(blocks, part, cut.parts) {
                    all.alone::<T, O>(block, operands[thread], sums[part], more);
                    more = true;
                }
            });
        } else {
            for block in 0..blocks {
                all.transforms::<T, O>(block, operands[0]);
                match cut.cached(T::SIZE, dims) {
                    true => return all.weights_from_cache::<T, O>(operands[0], &sums),
                    false => all.products::<T, O>(block, operands[0], sums[0], block > 0),
                }
            }
        }
        all.weights::<T, O>(&sums);
    }
}

/// The steps of the computation, which threads share.
#[derive(Debug)]
struct All<'a, S, E> {
    simd: S,
    conv: &'a Convolution<'a, E>,
    dw: Shared<f32>,
    threads: usize,
}

impl<S: Simd, E: Element> All<'_, S, E> {
    /// A block of tiles, by one thread.
    unsafe fn alone<T: Tile, O: Operand<S>>(
        &self,
        block: usize,
        operands: Operands,
        sums: Shared<f32>,
        more: bool,
    ) {
        let conv = self.conv;
        self.simd.run(
            #[inline(always)]
            || {
                // SAFETY: as in `gradient`; the operands and sums are this thread's.
                unsafe {
                    for panel in 0..panels(conv.dims.in_channels) {
                        inputs::<S, E, T, O>(conv, block, panel, operands);
                    }
                    for group in 0..conv.dims.out_channels.div_ceil(OUTPUTS) {
                        gradients::<S, E, T, O>(conv, block, group, operands);
                    }
                }
            },
        );
        for item in 0..T::POINTS * panels(conv.dims.in_channels) {
            // SAFETY: see above.
            unsafe { self.plane::<T, O>(block, item, operands, sums, more) };
        }
    }

    /// The transforms of a block of tiles.
    unsafe fn transforms<T: Tile, O: Operand<S>>(&self, block: usize, operands: Operands) {
        let conv = self.conv;
        let panels = panels(conv.dims.in_channels);
        taken(self.threads, panels + conv.dims.out_channels.div_ceil(OUTPUTS), |_, item| {
            self.simd.run(
                #[inline(always)]
                || {
                    // SAFETY: as in `gradient`; each call writes its own channels.
                    unsafe {
                        match item < panels {
                            true => inputs::<S, E, T, O>(conv, block, item, operands),
                            false => gradients::<S, E, T, O>(conv, block, item - panels, operands),
                        }
                    }
                },
            );
        });
    }

    /// The products of a block of tiles, added to the sums.
    unsafe fn products<T: Tile, O: Operand<S>>(
        &self,
        block: usize,
        operands: Operands,
        sums: Shared<f32>,
        more: bool,
    ) {
        taken(self.threads, T::POINTS * panels(self.conv.dims.in_channels), |_, item| {
            // SAFETY: as in `gradient`; each call has its own sums.
            unsafe { self.plane::<T, O>(block, item, operands, sums, more) };
        });
    }

    /// The products of a point and a panel.
    unsafe fn plane<T: Tile, O: Operand<S>>(
        &self,
        block: usize,
        item: usize,
        operands: Operands,
        sums: Shared<f32>,
        more: bool,
    ) {
        let Convolution { dims, cut, .. } = *self.conv;
        let panels = panels(dims.in_channels);
        let (point, panel) = (item / panels, item % panels);
        let outputs = dims.out_channels.next_multiple_of(OUTPUTS);
        for group in 0..outputs / OUTPUTS {
            // SAFETY: within the sums.
            unsafe {
                let row = panel * outputs + group * OUTPUTS;
                let c = sums.at(point * cut.sums + row * PANEL);
                self.product::<T, O>(block, [point, panel, group], operands, c, more);
            }
        }
    }

    /// The product of a point, a panel and a block of outputs.
    unsafe fn product<T: Tile, O: Operand<S>>(
        &self,
        block: usize,
        [point, panel, group]: [usize; 3],
        Operands { v, d, scales }: Operands,
        c: *mut f32,
        more: bool,
    ) {
        let Convolution { dims, cut, products, .. } = self.conv;
        let words = cut.block / O::PACK;
        let tiles = tiles_of::<T>(dims, cut, block);
        let columns = panels(dims.in_channels) * PANEL;
        // SAFETY: within the operands.
        unsafe {
            let scales = [scales.at(columns + group * OUTPUTS), scales.at(panel * PANEL)];
            (products.columns)(ColumnsByPanel {
                depth: tiles.len().div_ceil(O::PACK),
                a: d.at(point * cut.planes[1] + group * words * OUTPUTS),
                b: v.at(point * cut.planes[0] + panel * words * PANEL),
                c,
                more,
                scales: (O::KIND == Kind::Int16).then_some(scales.map(<*mut f32>::cast_const)),
            });
        }
    }

    /// The weights where one block has all tiles: their accumulators never leave the cache.
    unsafe fn weights_from_cache<T: Tile, O: Operand<S>>(
        &self,
        operands: Operands,
        sums: &[Shared<f32>],
    ) {
        let dims = self.conv.dims;
        let items = dims.out_channels.div_ceil(CACHED_OUTPUTS);
        taken(self.threads, items * panels(dims.in_channels), |thread, item| {
            let (panel, first) = (item / items, item % items * CACHED_OUTPUTS);
            let outputs = first..dims.out_channels.min(first + CACHED_OUTPUTS);
            let sums = sums[thread];
            // SAFETY: as in `gradient`; each thread has its own sums, each call its own weights.
            unsafe {
                for point in 0..T::POINTS {
                    for group in outputs.start / OUTPUTS..outputs.end.div_ceil(OUTPUTS) {
                        let row = group * OUTPUTS - first;
                        let c = sums.at(point * CACHED_SUMS + row * PANEL);
                        self.product::<T, O>(0, [point, panel, group], operands, c, false);
                    }
                }
                for o in outputs {
                    let at = Shared::at_pointer(sums.at((o - first) * PANEL));
                    let sums = std::iter::once(Sums { at, plane: CACHED_SUMS });
                    self.output::<T, O>(sums, o, panel);
                }
            }
        });
    }

    /// The weights from the sums of all parts.
    unsafe fn weights<T: Tile, O: Operand<S>>(&self, sums: &[Shared<f32>]) {
        let Convolution { dims, cut, .. } = *self.conv;
        let outputs = dims.out_channels.next_multiple_of(OUTPUTS);
        taken(self.threads, dims.out_channels, |_, o| {
            for panel in 0..panels(dims.in_channels) {
                // SAFETY: within the sums; each call has its own weights.
                unsafe {
                    let at = |sums: &Shared<f32>| {
                        let at = sums.at((panel * outputs + o) * PANEL);
                        Sums { at: Shared::at_pointer(at), plane: cut.sums }
                    };
                    self.output::<T, O>(sums.iter().map(at), o, panel);
                }
            }
        });
    }

    /// The weights of an output and a panel of inputs.
    unsafe fn output<T: Tile, O: Operand<S>>(
        &self,
        from: impl Iterator<Item = Sums> + Clone,
        o: usize,
        panel: usize,
    ) {
        let (dims, dw) = (self.conv.dims, self.dw);
        self.simd.run(
            #[inline(always)]
            move || {
                for channel in
                    (panel * PANEL..dims.in_channels.min((panel + 1) * PANEL)).step_by(S::LANES)
                {
                    // SAFETY: within the sums, and the count keeps to the weights.
                    unsafe {
                        let mut points = [S::zero(); POINTS];
                        for Sums { at, plane } in from.clone() {
                            for (point, sum) in points.iter_mut().enumerate().take(T::POINTS) {
                                let at = at.at(point * plane + channel - panel * PANEL);
                                *sum = S::add(*sum, S::load(at, S::LANES));
                            }
                        }
                        if O::KIND == Kind::Int16 {
                            for (point, sum) in points.iter_mut().enumerate() {
                                *sum = S::mul(*sum, S::splat(back_norm(point)));
                            }
                        }
                        for (tap, lanes) in weight_gradient::<S, T>(&points).into_iter().enumerate()
                        {
                            let at = (o * 9 + tap) * dims.in_channels + channel;
                            S::store(dw.at(at), dims.in_channels - channel, lanes);
                        }
                    }
                }
            },
        );
    }
}

fn tiles_of<T: Tile>(dims: &Dims, cut: &WeightGradBlocking, block: usize) -> Range<usize> {
    block * cut.block..dims.tiles(T::SIZE).min((block + 1) * cut.block)
}

/// Transforms a panel of inputs of a block of tiles.
#[inline(always)]
unsafe fn inputs<S: Simd, E: Element, T: Tile, O: Operand<S>>(
    conv: &Convolution<'_, E>,
    block: usize,
    panel: usize,
    Operands { v, scales: to, .. }: Operands,
) {
    let Convolution { x, dims, ref cut, .. } = *conv;
    let tiles = tiles_of::<T>(dims, cut, block);
    let words = cut.block / O::PACK;
    let lanes = |i: usize| panel * PANEL + i * S::LANES;
    // SAFETY: as in `gradient`.
    unsafe {
        let mut by = [[S::zero(); POINTS]; 4];
        if O::KIND == Kind::Int16 {
            for (i, by) in by.iter_mut().enumerate().take(PANEL / S::LANES) {
                let square = shared_squares::<S, E, T>(x.at(0), dims, tiles.clone(), lanes(i));
                let scale = scales::<S>(square, S::zero(), LARGEST);
                S::store(to.at(lanes(i)), S::LANES, scale);
                for (point, by) in by.iter_mut().enumerate() {
                    *by = S::div(S::splat(1.0 / point_norm(point)), scale);
                }
            }
        }
        let mut pair = [[S::zero(); POINTS]; 2];
        for first in tiles.clone().step_by(O::PACK) {
            let word = (first - tiles.start) / O::PACK;
            for (i, by) in by.iter().enumerate().take(PANEL / S::LANES) {
                for (s, points) in pair.iter_mut().enumerate().take(O::PACK) {
                    if first + s >= tiles.end {
                        *points = [S::zero(); POINTS];
                        continue;
                    }
                    let place = TilePlace::of::<T>(dims, first + s);
                    input::<S, E, T>(
                        x.at(0),
                        dims,
                        place,
                        lanes(i),
                        #[inline(always)]
                        |point, lanes| {
                            points[point] = integers::<S, O>(lanes, by[point]);
                        },
                    );
                }
                let at = (panel * words + word) * PANEL + i * S::LANES;
                for point in 0..T::POINTS {
                    let to = v.at(point * cut.planes[0] + at);
                    O::store_words(to, [pair[0][point], pair[1][point]]);
                }
            }
        }
    }
}

/// Transforms the gradients of a block of outputs and of tiles.
#[inline(always)]
unsafe fn gradients<S: Simd, E: Element, T: Tile, O: Operand<S>>(
    conv: &Convolution<'_, E>,
    block: usize,
    group: usize,
    Operands { d, scales: to, .. }: Operands,
) {
    let Convolution { dy, dims, ref cut, .. } = *conv;
    let tiles = tiles_of::<T>(dims, cut, block);
    let words = cut.block / O::PACK;
    let lanes = |i: usize| group * OUTPUTS + i * S::LANES;
    // SAFETY: as in `gradient`.
    unsafe {
        let mut by = [[S::zero(); POINTS]; 2];
        if O::KIND == Kind::Int16 {
            for (i, by) in by.iter_mut().enumerate().take(OUTPUTS / S::LANES) {
                let square = squares::<S, E, T>(dy.at(0), dims, tiles.clone(), lanes(i));
                let scale = scales::<S>(square, S::zero(), LARGEST);
                let columns = panels(dims.in_channels) * PANEL;
                S::store(to.at(columns + lanes(i)), S::LANES, scale);
                for (point, by) in by.iter_mut().enumerate() {
                    *by = S::div(S::splat(1.0 / gradient_norm(point)), scale);
                }
            }
        }
        let mut pair = [[S::zero(); POINTS]; 2];
        for first in tiles.clone().step_by(O::PACK) {
            let word = (first - tiles.start) / O::PACK;
            for (i, by) in by.iter().enumerate().take(OUTPUTS / S::LANES) {
                for (s, points) in pair.iter_mut().enumerate().take(O::PACK) {
                    if first + s >= tiles.end {
                        *points = [S::zero(); POINTS];
                        continue;
                    }
                    let place = TilePlace::of::<T>(dims, first + s);
                    output_gradient::<S, E, T>(
                        dy.at(0),
                        dims,
                        place,
                        lanes(i),
                        #[inline(always)]
                        |point, lanes| {
                            points[point] = integers::<S, O>(lanes, by[point]);
                        },
                    );
                }
                let at = (group * words + word) * OUTPUTS + i * S::LANES;
                for point in 0..T::POINTS {
                    let to = d.at(point * cut.planes[1] + at);
                    O::store_words(to, [pair[0][point], pair[1][point]]);
                }
            }
        }
    }
}

/// Lanes as the operand wants them: integers of the numbers times `by`, or the numbers.
#[inline(always)]
unsafe fn integers<S: Simd, O: Operand<S>>(lanes: S::Lanes, by: S::Lanes) -> S::Lanes {
    match O::KIND {
        // SAFETY: as for `Simd`.
        Kind::Int16 => unsafe { S::fma(lanes, by, S::splat(MAGIC)) },
        Kind::Fp32 | Kind::Bf16 => lanes,
    }
}

/// The sum of squares over tiles of inputs, each of which reaches one pixel into its neighbours, of
/// some channels: at least that of any of their rows.
#[inline(always)]
unsafe fn shared_squares<S: Simd, E: Element, T: Tile>(
    x: *const E,
    dims: &Dims,
    tiles: Range<usize>,
    channel: usize,
) -> S::Lanes {
    let count = dims.in_channels.saturating_sub(channel);
    let border = |at: usize| at.is_multiple_of(T::M) || at % T::M == T::M - 1;
    let ends = [tiles.start, tiles.end - 1].map(|tile| TilePlace::of::<T>(dims, tile));
    // SAFETY: the count keeps to the channels of pixels of the image.
    unsafe {
        let mut all = S::zero();
        for row in reached::<T>(dims, ends) {
            let (mut once, mut twice) = (S::zero(), S::zero());
            for column in 0..dims.width {
                let at = (row * dims.width + column) * dims.in_channels;
                let value = E::load::<S>(x.add(at + channel.min(dims.in_channels)), count);
                match border(column) {
                    true => twice = S::fma(value, value, twice),
                    false => once = S::fma(value, value, once),
                }
            }
            let sum = S::fma(S::splat(2.0), twice, once);
            let times = if border(row % dims.height) { 2.0 } else { 1.0 };
            all = S::fma(S::splat(times), sum, all);
        }
        all
    }
}

/// The sum of squares over tiles of outputs.
#[inline(always)]
unsafe fn squares<S: Simd, E: Element, T: Tile>(
    y: *const E,
    dims: &Dims,
    tiles: Range<usize>,
    channel: usize,
) -> S::Lanes {
    let count = dims.out_channels.saturating_sub(channel);
    let ends = [tiles.start, tiles.end - 1].map(|tile| TilePlace::of::<T>(dims, tile));
    let rows = reached::<T>(dims, ends);
    // SAFETY: the count keeps to the channels of pixels of the image.
    unsafe {
        let mut sums = [S::zero(); 2];
        for pixel in rows.start * dims.width..rows.end * dims.width {
            let at = pixel * dims.out_channels + channel.min(dims.out_channels);
            let value = E::load::<S>(y.add(at), count);
            sums[pixel % 2] = S::fma(value, value, sums[pixel % 2]);
        }
        S::add(sums[0], sums[1])
    }
}
