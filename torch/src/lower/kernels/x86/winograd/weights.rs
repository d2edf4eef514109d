use netc::lower::winograd::{
    CACHED_OUTPUTS, CACHED_SUMS, OUTPUTS, Operand as OperandKind, WeightGradBlocking,
};

use super::super::element::Element;
use super::super::simd::Simd;
use super::super::tile::{MOST_WEIGHTS, WeightGradTile};
use super::dims::{Dims, PANEL, multiplied_points, panels};
use super::operand::Operand;
use super::operands::{Convolution, Operands, gradients, inputs};
use super::product::ColumnsByPanel;
use super::scale::back_norm;
use super::transform::weight_gradient;
use crate::lower::kernels::pool::{Shared, share, taken, threads};
use crate::lower::kernels::workspace::Workspace;

/// Accumulators of some outputs and a panel of inputs, a plane for each point of the weights.
#[derive(Debug, Clone, Copy)]
struct Sums {
    at: Shared<f32>,
    plane: usize,
}

/// `dw`, `[out_channels][kernel][kernel][in_channels]`, from the input and the gradient of the
/// output.
///
/// # Safety
/// All have the sizes of `dims`; the processor has VNNI if so.
pub(super) unsafe fn gradient<S: Simd, E: Element, T: WeightGradTile, O: Operand<S>>(
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
        } else if cut.cached(T::SIZE, dims) {
            all.transforms::<T, O>(0, operands[0]);
            return all.weights_from_cache::<T, O>(operands[0], &sums);
        } else {
            for block in 0..blocks {
                all.transforms::<T, O>(block, operands[0]);
                all.products::<T, O>(block, operands[0], sums[0], block > 0);
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
    unsafe fn alone<T: WeightGradTile, O: Operand<S>>(
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
        for item in 0..T::WEIGHTS * panels(conv.dims.in_channels) {
            // SAFETY: see above.
            unsafe { self.plane::<T, O>(block, item, operands, sums, more) };
        }
    }

    /// The transforms of a block of tiles.
    unsafe fn transforms<T: WeightGradTile, O: Operand<S>>(
        &self,
        block: usize,
        operands: Operands,
    ) {
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
    unsafe fn products<T: WeightGradTile, O: Operand<S>>(
        &self,
        block: usize,
        operands: Operands,
        sums: Shared<f32>,
        more: bool,
    ) {
        taken(self.threads, T::WEIGHTS * panels(self.conv.dims.in_channels), |_, item| {
            // SAFETY: as in `gradient`; each call has its own sums.
            unsafe { self.plane::<T, O>(block, item, operands, sums, more) };
        });
    }

    /// The products of a point of the weights and a panel.
    unsafe fn plane<T: WeightGradTile, O: Operand<S>>(
        &self,
        block: usize,
        item: usize,
        operands: Operands,
        sums: Shared<f32>,
        more: bool,
    ) {
        let Convolution { dims, cut, .. } = *self.conv;
        let panels = panels(dims.in_channels);
        let (weight, panel) = (item / panels, item % panels);
        let outputs = dims.out_channels.next_multiple_of(OUTPUTS);
        for group in 0..outputs / OUTPUTS {
            // SAFETY: within the sums.
            unsafe {
                let row = panel * outputs + group * OUTPUTS;
                let c = sums.at(weight * cut.sums + row * PANEL);
                self.product::<T, O>(block, [weight, panel, group], operands, c, more);
            }
        }
    }

    /// The product of a point of the weights, a panel and a block of outputs.
    unsafe fn product<T: WeightGradTile, O: Operand<S>>(
        &self,
        block: usize,
        [weight, panel, group]: [usize; 3],
        Operands { v, d, scales }: Operands,
        c: *mut f32,
        more: bool,
    ) {
        let Convolution { cut, products, .. } = self.conv;
        let words = cut.block / O::PACK;
        let tiles = self.conv.tiles::<T>(block);
        let columns = self.conv.gradient_scales();
        for (i, point) in multiplied_points::<T>(weight).enumerate() {
            // SAFETY: within the operands.
            unsafe {
                let scales = [scales.at(columns + group * OUTPUTS), scales.at(panel * PANEL)];
                (products.columns)(ColumnsByPanel {
                    depth: tiles.len().div_ceil(O::PACK),
                    a: d.at(point * cut.planes[1] + group * words * OUTPUTS),
                    b: v.at(point * cut.planes[0] + panel * words * PANEL),
                    c,
                    more: more || i > 0,
                    scales: (O::KIND == OperandKind::Int16)
                        .then_some(scales.map(<*mut f32>::cast_const)),
                });
            }
        }
    }

    /// The weights where one block has all tiles: their accumulators never leave the cache.
    unsafe fn weights_from_cache<T: WeightGradTile, O: Operand<S>>(
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
                for weight in 0..T::WEIGHTS {
                    for group in outputs.start / OUTPUTS..outputs.end.div_ceil(OUTPUTS) {
                        let row = group * OUTPUTS - first;
                        let c = sums.at(weight * CACHED_SUMS + row * PANEL);
                        self.product::<T, O>(0, [weight, panel, group], operands, c, false);
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
    unsafe fn weights<T: WeightGradTile, O: Operand<S>>(&self, sums: &[Shared<f32>]) {
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
    unsafe fn output<T: WeightGradTile, O: Operand<S>>(
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
                        let mut points = [S::zero(); MOST_WEIGHTS];
                        for Sums { at, plane } in from.clone() {
                            for (point, sum) in points.iter_mut().enumerate().take(T::WEIGHTS) {
                                let at = at.at(point * plane + channel - panel * PANEL);
                                *sum = S::add(*sum, S::load(at, S::LANES));
                            }
                        }
                        weight_gradient::<S, T>(
                            #[inline(always)]
                            |point| match O::KIND {
                                OperandKind::Int16 => {
                                    S::mul(points[point], S::splat(back_norm::<T>(point)))
                                }
                                OperandKind::Fp32 | OperandKind::Bf16 => points[point],
                            },
                            #[inline(always)]
                            |tap, lanes| {
                                let row = o * T::KERNEL * T::KERNEL + tap;
                                let at = row * dims.in_channels + channel;
                                S::store(dw.at(at), dims.in_channels - channel, lanes);
                            },
                        );
                    }
                }
            },
        );
    }
}
