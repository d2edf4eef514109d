//! Sums in fp64.

use std::ops::Range;

use super::simd::Simd;
use crate::lower::kernels::pool::{PARTS, Shared, share, taken, threads};

/// Rows that are summed in fp32 before the sum goes into an fp64 one.
pub(super) const RUN: usize = 128;

/// So many sums over `units`, of each part in turn, so that any number of threads gives the same
/// bits.
pub(super) fn summed<F>(units: usize, sums: usize, add: F) -> Vec<f64>
where
    F: Fn(Range<usize>, Shared<f64>) + Sync,
{
    let count = PARTS.min(units);
    let mut parts = vec![0.0f64; count * sums];
    let all = Shared::of(&mut parts);
    taken(threads(), count, |_, part| {
        // SAFETY: a place for each part.
        add(share(units, part, count), Shared::at_pointer(unsafe { all.at(part * sums) }));
    });
    let mut total = vec![0.0f64; sums];
    for part in parts.chunks(sums) {
        total.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    total
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

/// Adds neighbouring pixels to [sums of an output](crate::lower::kernels::output_sums), of which
/// the first pixel is the pivot.
///
/// # Safety
/// There is room for a whole vector in each row. As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn add_pixels<S: Simd>(
    [pivots, sums, squares]: [*mut f32; 3],
    is_first: bool,
    pixels: impl ExactSizeIterator<Item = S::Lanes> + Clone,
) {
    // SAFETY: as for the function.
    unsafe {
        if let Some(first) = pixels.clone().next().filter(|_| is_first) {
            S::store(pivots, S::LANES, first);
            S::store(sums, S::LANES, S::zero());
            S::store(squares, S::LANES, S::zero());
        }
        let pivot = S::load(pivots, S::LANES);
        let (mut sum, mut square) = (S::load(sums, S::LANES), S::load(squares, S::LANES));
        for pixel in pixels {
            let value = S::sub(pixel, pivot);
            sum = S::add(sum, value);
            square = S::fma(value, value, square);
        }
        S::store(sums, S::LANES, sum);
        S::store(squares, S::LANES, square);
    }
}
