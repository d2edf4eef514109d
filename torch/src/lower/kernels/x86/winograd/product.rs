use std::arch::x86_64::*;

use super::super::scalar::Scalar;
use super::dims::{PANEL, ROWS};

/// Rows at equal distances, in words or numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<P> {
    pub at: P,
    pub distance: usize,
}

/// `c = a b` for `ROWS` rows of `a` and a panel of `b`:
/// `c[i][j] = sum over k of a[i][k] * b[k][j]`.
///
/// # Safety
/// `a` holds rows of `depth` words, `b` that many panels of words, `c` rows of a panel of numbers.
#[inline(always)]
pub(super) unsafe fn rows_by_panel<E: Scalar>(
    evidence: E::Evidence,
    depth: usize,
    a: Rows<*const u32>,
    b: *const u32,
    c: Rows<*mut f32>,
) {
    // SAFETY: the caller vouches for the sizes, the evidence for the target features.
    E::run(
        evidence,
        #[inline(always)]
        move || unsafe {
            let mut sums = [[_mm512_setzero_ps(); 2]; ROWS];
            for k in 0..depth {
                let right = [load(b.add(k * PANEL)), load(b.add(k * PANEL + 16))];
                for (i, sums) in sums.iter_mut().enumerate() {
                    let left = _mm512_set1_epi32(*a.at.add(i * a.distance + k) as i32);
                    sums[0] = E::multiply_add(sums[0], left, right[0]);
                    sums[1] = E::multiply_add(sums[1], left, right[1]);
                }
            }
            for (i, sums) in sums.iter().enumerate() {
                _mm512_storeu_ps(c.at.add(i * c.distance), sums[0]);
                _mm512_storeu_ps(c.at.add(i * c.distance + 16), sums[1]);
            }
        },
    );
}

/// `c = a^T b` for `ROWS` columns of `a` and a panel of `b`:
/// `c[i][j] = sum over k of a[k][i] * b[k][j]`, with `MORE` added to what is there.
///
/// # Safety
/// `a` holds `depth` blocks of 16 words, `b` that many panels of words, `c` `ROWS` rows of a panel.
#[inline(always)]
pub(super) unsafe fn columns_by_panel<E: Scalar, const MORE: bool>(
    evidence: E::Evidence,
    depth: usize,
    a: *const u32,
    b: *const u32,
    c: *mut f32,
) {
    // SAFETY: as in `rows_by_panel`.
    E::run(
        evidence,
        #[inline(always)]
        move || unsafe {
            let mut sums = [[_mm512_setzero_ps(); 2]; ROWS];
            for (i, sums) in sums.iter_mut().enumerate().filter(|_| MORE) {
                *sums = [_mm512_loadu_ps(c.add(i * PANEL)), _mm512_loadu_ps(c.add(i * PANEL + 16))];
            }
            for k in 0..depth {
                let right = [load(b.add(k * PANEL)), load(b.add(k * PANEL + 16))];
                for (i, sums) in sums.iter_mut().enumerate() {
                    let left = _mm512_set1_epi32(*a.add(k * 16 + i) as i32);
                    sums[0] = E::multiply_add(sums[0], left, right[0]);
                    sums[1] = E::multiply_add(sums[1], left, right[1]);
                }
            }
            for (i, sums) in sums.iter().enumerate() {
                _mm512_storeu_ps(c.add(i * PANEL), sums[0]);
                _mm512_storeu_ps(c.add(i * PANEL + 16), sums[1]);
            }
        },
    );
}

#[inline(always)]
unsafe fn load(from: *const u32) -> __m512i {
    // SAFETY: the caller vouches for 16 words and for the target features.
    unsafe { _mm512_loadu_si512(from.cast()) }
}
