use std::arch::x86_64::*;

use super::super::element::{Element, Lanes, within};
use super::super::pool::{Shared, parallel, share, threads};

/// Rows that are summed in fp32 before the sum goes into an fp64 one.
pub(super) const RUN: usize = 128;

/// Two sums for each channel, of each thread's share in turn, so that the same number of threads
/// gives the same bits.
pub(super) fn sums<F>(units: usize, channels: usize, add: F) -> Vec<f64>
where
    F: Fn(std::ops::Range<usize>, Shared<f64>) + Sync,
{
    let threads = threads();
    let mut parts = vec![0.0f64; threads * 2 * channels];
    let all = Shared::of(&mut parts);
    parallel(threads, |thread| {
        // SAFETY: a place for each thread.
        add(
            share(units, thread, threads),
            Shared::at_pointer(unsafe { all.at(thread * 2 * channels) }),
        );
    });
    let (first, others) = parts.split_at_mut(2 * channels);
    for part in others.chunks(2 * channels) {
        first.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    parts.truncate(2 * channels);
    parts
}

/// The first row's number of a channel.
///
/// # Safety
/// The channel is one of the image's, whose type this is. The machine has the target features.
pub(super) unsafe fn first<E: Element>(x: Shared<E>, channel: usize) -> f32 {
    let mut lanes = [0.0f32; 16];
    // SAFETY: the caller vouches for the channel.
    unsafe { store(&mut lanes, x.at(channel)) };
    lanes[0]
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")]
unsafe fn store<E: Element>(to: &mut [f32; 16], from: *const E) {
    // SAFETY: the caller vouches for one number.
    unsafe { f32::store(to.as_mut_ptr(), 0xffff, E::load(from, 1)) }
}

/// Adds 16 lanes to fp64 sums.
///
/// # Safety
/// There is a sum for each lane of the mask. The machine has the target features.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")]
pub(super) unsafe fn add_to(sums: *mut f64, mask: __mmask16, lanes: Lanes) {
    let mut numbers = [0.0f32; 16];
    // SAFETY: the caller vouches for the lanes of the mask.
    unsafe {
        f32::store(numbers.as_mut_ptr(), 0xffff, lanes);
        for (i, number) in numbers.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 1) {
            *sums.add(i) += f64::from(*number);
        }
    }
}

/// The sums of `x - pivot` and of its squares; the pivot is the first row.
///
/// # Safety
/// `x` holds the rows, `to` two sums for each channel. The machine has the target features.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")]
pub(super) unsafe fn sum_rows<E: Element>(
    x: Shared<E>,
    channels: usize,
    rows: std::ops::Range<usize>,
    to: Shared<f64>,
) {
    let zero = _mm512_setzero_ps();
    for first in rows.clone().step_by(RUN) {
        for channel in (0..channels).step_by(64) {
            let masks: [__mmask16; 4] = std::array::from_fn(|i| within(channels, channel + 16 * i));
            let (mut sums, mut squares) = ([zero; 4], [zero; 4]);
            // SAFETY: the masks keep to the channels of the rows.
            unsafe {
                let pivots: [Lanes; 4] =
                    std::array::from_fn(|i| E::load(x.at(channel + 16 * i), masks[i]));
                for row in first..rows.end.min(first + RUN) {
                    for i in 0..4 {
                        let value = E::load(x.at(row * channels + channel + 16 * i), masks[i]);
                        let value = _mm512_sub_ps(value, pivots[i]);
                        sums[i] = _mm512_add_ps(sums[i], value);
                        squares[i] = _mm512_fmadd_ps(value, value, squares[i]);
                    }
                }
                for i in (0..4).filter(|i| masks[*i] != 0) {
                    add_to(to.at(channel + 16 * i), masks[i], sums[i]);
                    add_to(to.at(channels + channel + 16 * i), masks[i], squares[i]);
                }
            }
        }
    }
}
