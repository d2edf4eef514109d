//! Weights transformed and laid out for the inner product: `[point][panel][depth][32]` words.

use std::arch::x86_64::*;

use netc::lower::winograd::depth;

use super::super::scalar::{Scalar, within};
use super::super::tile::Tile;
use super::dims::{Dims, PANEL, panels};
use super::transform::{POINTS, weight};
use crate::lower::kernels::pool::{Shared, parallel};

/// Packs `w`, `[out_channels][3][3][in_channels]`, for the forward direction.
///
/// # Safety
/// `w` and `packed` have the sizes of `dims`, and what `packed` holds besides stays zero.
pub(super) unsafe fn forward<E: Scalar, T: Tile>(
    evidence: E::Evidence,
    w: Shared<f32>,
    dims: &Dims,
    packed: Shared<u32>,
) {
    let dims = *dims;
    parallel(dims.out_channels.div_ceil(16), |block| {
        // SAFETY: each call writes the words of its own outputs.
        E::run(
            evidence,
            #[inline(always)]
            move || unsafe { outputs::<E, T>(w, &dims, packed, block * 16) },
        );
    });
}

/// Packs `w` for the gradient by the input: from outputs to inputs, the weights turned around.
///
/// # Safety
/// As for [`forward`].
pub(super) unsafe fn backward<E: Scalar, T: Tile>(
    evidence: E::Evidence,
    w: Shared<f32>,
    dims: &Dims,
    packed: Shared<u32>,
) {
    let dims = *dims;
    parallel(depth(dims.out_channels, E::PACK), |word| {
        // SAFETY: each call writes the words of its own outputs.
        E::run(
            evidence,
            #[inline(always)]
            move || unsafe { transposed::<E, T>(w, &dims, packed, word) },
        );
    });
}

#[inline(always)]
unsafe fn outputs<E: Scalar, T: Tile>(
    w: Shared<f32>,
    dims: &Dims,
    packed: Shared<u32>,
    first: usize,
) {
    let (in_channels, depth, panels) =
        (dims.in_channels, depth(dims.in_channels, E::PACK), panels(dims.out_channels));
    // SAFETY: the machine has the target features.
    let mut parts = [[unsafe { _mm512_setzero_ps() }; POINTS]; 2];
    for channel in (0..in_channels).step_by(16) {
        // Taps by input and output, so that lanes are outputs.
        let mut taps = [[[0.0f32; 16]; 16]; 9];
        for o in first..dims.out_channels.min(first + 16) {
            for (tap, taps) in taps.iter_mut().enumerate() {
                for i in channel..in_channels.min(channel + 16) {
                    // SAFETY: within `[out_channels][9][in_channels]`.
                    taps[i - channel][o - first] =
                        unsafe { *w.at((o * 9 + tap) * in_channels + i) };
                }
            }
        }
        for i in (0..16).step_by(E::PACK) {
            for (s, part) in parts.iter_mut().enumerate().take(E::PACK) {
                // SAFETY: each row has 16 numbers; the machine has the target features.
                unsafe {
                    let mut rows = [_mm512_setzero_ps(); 9];
                    for (row, taps) in rows.iter_mut().zip(&taps) {
                        *row = _mm512_loadu_ps(taps[i + s].as_ptr());
                    }
                    weight::<T>(rows, |point, lanes| part[point] = lanes);
                }
            }
            for point in 0..T::POINTS {
                let at = ((point * panels + first / PANEL) * depth + (channel + i) / E::PACK)
                    * PANEL
                    + first % PANEL;
                // SAFETY: within the packed weights.
                unsafe {
                    _mm512_storeu_si512(
                        packed.at(at).cast(),
                        E::words([parts[0][point], parts[1][point]]),
                    )
                };
            }
        }
    }
}

#[inline(always)]
unsafe fn transposed<E: Scalar, T: Tile>(
    w: Shared<f32>,
    dims: &Dims,
    packed: Shared<u32>,
    word: usize,
) {
    let (in_channels, depth, panels) =
        (dims.in_channels, depth(dims.out_channels, E::PACK), panels(dims.in_channels));
    // SAFETY: the machine has the target features.
    let mut parts = [[unsafe { _mm512_setzero_ps() }; POINTS]; 2];
    for channel in (0..in_channels).step_by(16) {
        for (s, part) in parts.iter_mut().enumerate().take(E::PACK) {
            let o = word * E::PACK + s;
            let mask = if o < dims.out_channels { within(in_channels, channel) } else { 0 };
            // SAFETY: the mask keeps to the weights; a mask of 0 reads nothing.
            unsafe {
                let mut taps = [_mm512_setzero_ps(); 9];
                for (tap, taps) in taps.iter_mut().enumerate() {
                    let at = (o.min(dims.out_channels - 1) * 9 + 8 - tap) * in_channels + channel;
                    *taps = f32::load(w.at(at), mask);
                }
                weight::<T>(taps, |point, lanes| part[point] = lanes);
            }
        }
        for point in 0..T::POINTS {
            let at = ((point * panels + channel / PANEL) * depth + word) * PANEL + channel % PANEL;
            // SAFETY: within the packed weights.
            unsafe {
                _mm512_storeu_si512(
                    packed.at(at).cast(),
                    E::words([parts[0][point], parts[1][point]]),
                )
            };
        }
    }
}
