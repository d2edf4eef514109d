use std::arch::x86_64::*;

use super::super::element::Element;
use super::dims::{PANEL, ROWS};

/// `c = a b` for `ROWS` rows of `a` and a panel of `b`:
/// `c[i][j] = sum over k of a[i][k] * b[k][j]`.
///
/// # Safety
/// `a` holds rows of `depth` words at distances of `row`, `b` that many panels of words, `c` rows
/// of a panel of numbers at distances of `to_row`. The machine has the target features.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")]
pub(super) unsafe fn rows_by_panel<E: Element>(
    depth: usize,
    (a, row): (*const u32, usize),
    b: *const u32,
    (c, to_row): (*mut f32, usize),
) {
    let mut sums = [[_mm512_setzero_ps(); 2]; ROWS];
    for k in 0..depth {
        // SAFETY: the caller vouches for the sizes.
        unsafe {
            let right: [__m512i; 2] = [load(b.add(k * PANEL)), load(b.add(k * PANEL + 16))];
            for (i, sums) in sums.iter_mut().enumerate() {
                let left = _mm512_set1_epi32(*a.add(i * row + k) as i32);
                sums[0] = E::multiply_add(sums[0], left, right[0]);
                sums[1] = E::multiply_add(sums[1], left, right[1]);
            }
        }
    }
    for (i, sums) in sums.iter().enumerate() {
        // SAFETY: the caller vouches for the sizes.
        unsafe {
            _mm512_storeu_ps(c.add(i * to_row), sums[0]);
            _mm512_storeu_ps(c.add(i * to_row + 16), sums[1]);
        }
    }
}

/// `c = a^T b` for `ROWS` columns of `a` and a panel of `b`:
/// `c[i][j] = sum over k of a[k][i] * b[k][j]`, with `MORE` added to what is there.
///
/// # Safety
/// `a` holds `depth` blocks of 16 words, `b` that many panels of words, `c` `ROWS` rows of a panel.
/// The machine has the target features.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")]
pub(super) unsafe fn columns_by_panel<E: Element, const MORE: bool>(
    depth: usize,
    a: *const u32,
    b: *const u32,
    c: *mut f32,
) {
    let mut sums = [[_mm512_setzero_ps(); 2]; ROWS];
    for (i, sums) in sums.iter_mut().enumerate().filter(|_| MORE) {
        // SAFETY: the caller vouches for the sizes.
        *sums =
            unsafe { [_mm512_loadu_ps(c.add(i * PANEL)), _mm512_loadu_ps(c.add(i * PANEL + 16))] };
    }
    for k in 0..depth {
        // SAFETY: the caller vouches for the sizes.
        unsafe {
            let right: [__m512i; 2] = [load(b.add(k * PANEL)), load(b.add(k * PANEL + 16))];
            for (i, sums) in sums.iter_mut().enumerate() {
                let left = _mm512_set1_epi32(*a.add(k * 16 + i) as i32);
                sums[0] = E::multiply_add(sums[0], left, right[0]);
                sums[1] = E::multiply_add(sums[1], left, right[1]);
            }
        }
    }
    for (i, sums) in sums.iter().enumerate() {
        // SAFETY: the caller vouches for the sizes.
        unsafe {
            _mm512_storeu_ps(c.add(i * PANEL), sums[0]);
            _mm512_storeu_ps(c.add(i * PANEL + 16), sums[1]);
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn load(from: *const u32) -> __m512i {
    // SAFETY: the caller vouches for 16 words.
    unsafe { _mm512_loadu_si512(from.cast()) }
}
