//! Two sums for each channel, in fp64.

use std::arch::x86_64::*;
use std::ops::Range;

use super::super::scalar::{Lanes, Scalar};
use crate::lower::kernels::pool::{Shared, parallel, share, threads};

/// Rows that are summed in fp32 before the sum goes into an fp64 one.
pub(super) const RUN: usize = 128;

/// Two sums for each channel, of each thread's share in turn, so that the same number of threads
/// gives the same bits.
pub(super) fn summed<F>(units: usize, channels: usize, add: F) -> Vec<f64>
where
    F: Fn(Range<usize>, Shared<f64>) + Sync,
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

/// Adds 16 lanes to fp64 sums.
///
/// # Safety
/// There is a sum for each lane of the mask. The machine has the target features.
#[inline(always)]
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
