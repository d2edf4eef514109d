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

/// [Sums of an output](crate::lower::kernels::output_sums) that pixels are added to, of a vector of
/// channels.
#[derive(Debug)]
pub(super) struct PixelSums<S: Simd> {
    to: [*mut f32; 3],
    pivot: S::Lanes,
    sum: S::Lanes,
    square: S::Lanes,
}

/// # Safety
/// There is room for a whole vector in each row. As for [`Simd`].
impl<S: Simd> PixelSums<S> {
    /// Those so far; with a pixel those of a block that begins with it.
    #[inline(always)]
    pub(super) unsafe fn of(to: [*mut f32; 3], first: Option<S::Lanes>) -> PixelSums<S> {
        // SAFETY: as for the type, here and below.
        unsafe {
            let [pivot, sum, square] = match first {
                Some(pivot) => [pivot, S::zero(), S::zero()],
                None => to.map(|row| S::load(row, S::LANES)),
            };
            PixelSums { to, pivot, sum, square }
        }
    }

    #[inline(always)]
    pub(super) unsafe fn add(&mut self, pixel: S::Lanes) {
        // SAFETY: see above.
        unsafe {
            let value = S::sub(pixel, self.pivot);
            self.sum = S::add(self.sum, value);
            self.square = S::fma(value, value, self.square);
        }
    }

    #[inline(always)]
    pub(super) unsafe fn store(self) {
        // SAFETY: see above.
        unsafe {
            for (row, lanes) in self.to.into_iter().zip([self.pivot, self.sum, self.square]) {
                S::store(row, S::LANES, lanes);
            }
        }
    }
}
