//! Weights transformed and laid out for the inner product.

use netc::lower::winograd::{Operand as OperandKind, PackedWeights};

use super::super::element::Element;
use super::super::simd::Simd;
use super::super::tile::{MOST_WEIGHTS, Tile};
use super::dims::{Dims, PANEL};
use super::operand::Operand;
use super::scale::{BY_ROW, BY_TILE, scales, weight_norm};
use super::transform::weight;
use crate::lower::kernels::packed::Direction;
use crate::lower::kernels::pool::{Shared, taken, threads};
use crate::lower::kernels::workspace::Workspace;

/// Weights `[out_channels][kernel][kernel][in_channels]`, and the channels that they lead from and
/// to in a direction.
#[derive(Debug, Clone, Copy)]
struct Filters {
    w: Shared<f32>,
    direction: Direction,
    in_channels: usize,
    from: usize,
    to: usize,
}

/// Packs `w`, `[out_channels][kernel][kernel][in_channels]`; backward from outputs to inputs, the
/// weights turned around.
///
/// # Safety
/// `w` and `packed` have the sizes of `dims`, and what `packed` holds besides stays zero.
pub(super) unsafe fn pack<S: Simd, T: Tile, O: Operand<S>>(
    simd: S,
    direction: Direction,
    w: Shared<f32>,
    dims: &Dims,
    packed: Shared<u32>,
    workspace: &mut Workspace,
) {
    let [from, to] = match direction {
        Direction::Forward => [dims.in_channels, dims.out_channels],
        Direction::Backward => [dims.out_channels, dims.in_channels],
    };
    let filters = Filters { w, direction, in_channels: dims.in_channels, from, to };
    let layout = PackedWeights::new(T::SIZE, O::KIND, from, to);
    let threads = threads();
    let count = T::KERNEL * T::KERNEL;
    let taps = workspace.inputs(threads, count * 16 * from.next_multiple_of(16));
    taken(threads, to.div_ceil(16), |thread, block| {
        let taps: Shared<f32> = taps[thread].cast();
        simd.run(
            #[inline(always)]
            move || {
                // SAFETY: each call writes the words of its own channels, with scratch of its own.
                unsafe {
                    gather::<S, T>(&filters, block * 16, taps.at(0));
                    for first in (block * 16..block * 16 + 16).step_by(S::LANES) {
                        let taps = taps.at(first - block * 16);
                        channels::<S, T, O>(&filters, layout, taps, first, packed);
                    }
                }
            },
        );
    });
}

/// Writes `[tap][channel they lead from][16 channels they lead to]`, zeros beyond the channels.
#[inline(always)]
unsafe fn gather<S: Simd, T: Tile>(filters: &Filters, first: usize, taps: *mut f32) {
    let Filters { w, direction, in_channels, from, to: to_channels } = *filters;
    let plane = from.next_multiple_of(16) * 16;
    let all = T::KERNEL * T::KERNEL;
    // SAFETY: within `[out_channels][taps][in_channels]` and the scratch.
    unsafe {
        match direction {
            Direction::Forward => {
                // 16 x 16 numbers at a time, which stay in the cache while they are transposed.
                for (i, tap) in
                    (0..from).step_by(16).flat_map(|i| (0..all).map(move |tap| (i, tap)))
                {
                    for o in 0..16 {
                        let to = taps.add(tap * plane + i * 16 + o);
                        let count = if first + o < to_channels { 16.min(from - i) } else { 0 };
                        let row =
                            w.at(((first + o).min(to_channels - 1) * all + tap) * in_channels + i);
                        for k in 0..count {
                            *to.add(k * 16) = *row.add(k);
                        }
                        for k in count..16 {
                            *to.add(k * 16) = 0.0;
                        }
                    }
                }
            }
            Direction::Backward => {
                for (tap, o) in (0..all).flat_map(|tap| (0..plane / 16).map(move |o| (tap, o))) {
                    for i in (0..16).step_by(S::LANES) {
                        let count =
                            if o < from { to_channels.saturating_sub(first + i) } else { 0 };
                        let at = (o.min(from - 1) * all + all - 1 - tap) * in_channels;
                        let numbers =
                            f32::load::<S>(w.at(at).add((first + i).min(to_channels)), count);
                        S::store(taps.add(tap * plane + o * 16 + i), S::LANES, numbers);
                    }
                }
            }
        }
    }
}

/// Packs what leads to as many channels as a vector has lanes.
#[inline(always)]
unsafe fn channels<S: Simd, T: Tile, O: Operand<S>>(
    filters: &Filters,
    layout: PackedWeights,
    taps: *const f32,
    first: usize,
    packed: Shared<u32>,
) {
    let from = filters.from.next_multiple_of(16);
    // SAFETY: within the scratch and the packed weights, whose panels and planes begin with a cache
    // line.
    unsafe {
        let mut by = [S::zero(); MOST_WEIGHTS];
        if O::KIND == OperandKind::Int16 {
            let scale = filter_scales::<S, T>(filters, taps);
            S::store(packed.at(T::WEIGHTS * layout.plane + first).cast(), S::LANES, scale);
            for (point, by) in by.iter_mut().enumerate().take(T::WEIGHTS) {
                *by = S::div(S::splat(weight_norm::<T>(point)), scale);
            }
        }
        let to = packed.at(first / PANEL * layout.panel + first % PANEL);
        for channel in (0..from).step_by(O::PACK) {
            let words = to.add(channel / O::PACK * PANEL);
            let mut parts = [S::zero(); MOST_WEIGHTS];
            if O::PACK > 1 {
                weight::<S, T>(
                    #[inline(always)]
                    |tap| S::load(taps.add((tap * from + channel) * 16), S::LANES),
                    #[inline(always)]
                    |point, lanes| parts[point] = O::scaled(lanes, by[point]),
                );
            }
            weight::<S, T>(
                #[inline(always)]
                |tap| S::load(taps.add((tap * from + channel + O::PACK - 1) * 16), S::LANES),
                #[inline(always)]
                |point, lanes| {
                    let part = O::scaled(lanes, by[point]);
                    let pair = if O::PACK > 1 { [parts[point], part] } else { [part; 2] };
                    S::stream(words.add(point * layout.plane).cast(), O::words(pair));
                },
            );
        }
    }
}

/// A scale for each filter, from the norms and largest values of its rows; `taps` are its
/// channels'.
#[inline(always)]
unsafe fn filter_scales<S: Simd, T: Tile>(filters: &Filters, taps: *const f32) -> S::Lanes {
    let from = filters.from.next_multiple_of(16);
    // SAFETY: within the scratch.
    unsafe {
        let mut squares = [S::zero(); MOST_WEIGHTS];
        let mut largest = S::zero();
        for channel in 0..filters.from {
            weight::<S, T>(
                #[inline(always)]
                |tap: usize| S::load(taps.add((tap * from + channel) * 16), S::LANES),
                #[inline(always)]
                |point, lanes| {
                    let lanes = S::mul(lanes, S::splat(weight_norm::<T>(point)));
                    squares[point] = S::fma(lanes, lanes, squares[point]);
                    largest = S::max(S::max(lanes, S::sub(S::zero(), lanes)), largest);
                },
            );
        }
        let (mut square, mut poison) = (S::zero(), S::zero());
        for point in squares {
            square = S::max(point, square);
            poison = S::fma(S::zero(), point, poison);
        }
        let norms = match filters.direction {
            Direction::Forward => BY_TILE,
            Direction::Backward => BY_ROW,
        };
        scales::<S>(S::add(square, poison), largest, norms.filter)
    }
}
