//! Two sums for each channel, in fp64.

use std::ops::Range;

use super::super::simd::Simd;
use crate::lower::kernels::pool::{PARTS, Shared, share, taken, threads};

/// Rows that are summed in fp32 before the sum goes into an fp64 one.
pub(super) const RUN: usize = 128;

/// Two sums for each channel, of each part in turn, so that any number of threads gives the same
/// bits.
pub(super) fn summed<F>(units: usize, channels: usize, add: F) -> Vec<f64>
where
    F: Fn(Range<usize>, Shared<f64>) + Sync,
{
    let count = PARTS.min(units);
    let mut parts = vec![0.0f64; count * 2 * channels];
    let all = Shared::of(&mut parts);
    taken(threads(), count, |_, part| {
        // SAFETY: a place for each part.
        add(share(units, part, count), Shared::at_pointer(unsafe { all.at(part * 2 * channels) }));
    });
    let mut sums = vec![0.0f64; 2 * channels];
    for part in parts.chunks(2 * channels) {
        sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    sums
}

/// Adds the first `count` lanes to fp64 sums.
///
/// # Safety
/// There is a sum for each of them. As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn add_to<S: Simd>(sums: *mut f64, count: usize, lanes: S::Lanes) {
    let mut numbers = [0.0f32; 16];
    // SAFETY: as for the function.
    unsafe {
        S::store(numbers.as_mut_ptr(), S::LANES, lanes);
        for (i, number) in numbers.iter().enumerate().take(S::LANES.min(count)) {
            *sums.add(i) += f64::from(*number);
        }
    }
}
