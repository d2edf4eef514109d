use std::arch::x86_64::*;

use super::simd::Simd;
use crate::lower::kernels::evidence::{Avx512, Avx512Bf16};

/// The lanes below a count.
#[inline(always)]
fn below(count: usize) -> __mmask16 {
    match count {
        rest @ 0..16 => (1 << rest) - 1,
        _ => 0xffff,
    }
}

/// What is the same with and without instructions for bf16.
macro_rules! simd512 {
    ($evidence:ty, $features:literal, $narrow:expr, $pairs:expr) => {
        impl Simd for $evidence {
            const LANES: usize = 16;

            type Lanes = __m512;

            type Mask = __mmask16;

            #[inline(always)]
            fn run<R>(self, work: impl FnOnce() -> R) -> R {
                #[target_feature(enable = $features)]
                unsafe fn compiled<R>(work: impl FnOnce() -> R) -> R {
                    work()
                }
                // SAFETY: the processor has these features, as the evidence shows.
                unsafe { compiled(work) }
            }

            #[inline(always)]
            unsafe fn splat(number: f32) -> __m512 {
                // SAFETY: within `run`, here and in all that follow.
                unsafe { _mm512_set1_ps(number) }
            }

            #[inline(always)]
            unsafe fn load(from: *const f32, count: usize) -> __m512 {
                // SAFETY: see `splat`; the mask keeps to the numbers.
                unsafe {
                    match count {
                        0..16 => _mm512_maskz_loadu_ps(below(count), from),
                        _ => _mm512_loadu_ps(from),
                    }
                }
            }

            #[inline(always)]
            unsafe fn store(to: *mut f32, count: usize, lanes: __m512) {
                // SAFETY: as in `load`.
                unsafe {
                    match count {
                        0..16 => _mm512_mask_storeu_ps(to, below(count), lanes),
                        _ => _mm512_storeu_ps(to, lanes),
                    }
                }
            }

            #[inline(always)]
            unsafe fn load_bf16(from: *const u16, count: usize) -> __m512 {
                // SAFETY: as in `load`.
                unsafe {
                    let bits = match count {
                        0..16 => _mm256_maskz_loadu_epi16(below(count), from.cast()),
                        _ => _mm256_loadu_si256(from.cast()),
                    };
                    _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16))
                }
            }

            #[inline(always)]
            unsafe fn store_bf16(to: *mut u16, count: usize, lanes: __m512) {
                // SAFETY: as in `load`.
                unsafe {
                    let bits = $narrow(lanes);
                    match count {
                        0..16 => _mm256_mask_storeu_epi16(to.cast(), below(count), bits),
                        _ => _mm256_storeu_si256(to.cast(), bits),
                    }
                }
            }

            #[inline(always)]
            unsafe fn add(a: __m512, b: __m512) -> __m512 {
                // SAFETY: see `splat`.
                unsafe { _mm512_add_ps(a, b) }
            }

            #[inline(always)]
            unsafe fn sub(a: __m512, b: __m512) -> __m512 {
                // SAFETY: see `splat`.
                unsafe { _mm512_sub_ps(a, b) }
            }

            #[inline(always)]
            unsafe fn mul(a: __m512, b: __m512) -> __m512 {
                // SAFETY: see `splat`.
                unsafe { _mm512_mul_ps(a, b) }
            }

            #[inline(always)]
            unsafe fn div(a: __m512, b: __m512) -> __m512 {
                // SAFETY: see `splat`.
                unsafe { _mm512_div_ps(a, b) }
            }

            #[inline(always)]
            unsafe fn max(a: __m512, b: __m512) -> __m512 {
                // SAFETY: see `splat`.
                unsafe { _mm512_max_ps(a, b) }
            }

            #[inline(always)]
            unsafe fn min(a: __m512, b: __m512) -> __m512 {
                // SAFETY: see `splat`.
                unsafe { _mm512_min_ps(a, b) }
            }

            #[inline(always)]
            unsafe fn sqrt(a: __m512) -> __m512 {
                // SAFETY: see `splat`.
                unsafe { _mm512_sqrt_ps(a) }
            }

            #[inline(always)]
            unsafe fn fma(a: __m512, b: __m512, c: __m512) -> __m512 {
                // SAFETY: see `splat`.
                unsafe { _mm512_fmadd_ps(a, b, c) }
            }

            #[inline(always)]
            unsafe fn shifted(a: __m512, by: __m512) -> __m512 {
                // SAFETY: see `splat`.
                unsafe {
                    let exponent = _mm512_slli_epi32(_mm512_castps_si512(by), 23);
                    _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), exponent))
                }
            }

            #[inline(always)]
            unsafe fn store_low_halves(to: *mut u16, lanes: __m512) {
                // SAFETY: see `splat`.
                unsafe {
                    let bits = _mm512_cvtepi32_epi16(_mm512_castps_si512(lanes));
                    _mm256_storeu_si256(to.cast(), bits);
                }
            }

            #[inline(always)]
            unsafe fn low_pairs(first: __m512, second: __m512) -> __m512 {
                // SAFETY: see `splat`.
                unsafe {
                    let second = _mm512_slli_epi32(_mm512_castps_si512(second), 16);
                    let words =
                        _mm512_mask_blend_epi16(0xaaaa_aaaa, _mm512_castps_si512(first), second);
                    _mm512_castsi512_ps(words)
                }
            }

            #[inline(always)]
            unsafe fn bf16_pairs(first: __m512, second: __m512) -> __m512 {
                // SAFETY: see `splat`.
                unsafe { _mm512_castsi512_ps($pairs(first, second)) }
            }

            #[inline(always)]
            unsafe fn stream_bf16(to: *mut u16, lanes: __m512) {
                // SAFETY: see `splat`; the caller vouches for the alignment.
                unsafe { _mm256_stream_si256(to.cast(), $narrow(lanes)) }
            }

            #[inline(always)]
            unsafe fn stream(to: *mut f32, lanes: __m512) {
                // SAFETY: see `splat`.
                unsafe { _mm512_stream_ps(to, lanes) }
            }

            #[inline(always)]
            fn all() -> __mmask16 {
                0xffff
            }

            #[inline(always)]
            unsafe fn above(a: __m512, b: __m512) -> __mmask16 {
                // SAFETY: see `splat`.
                unsafe { _mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b) }
            }

            #[inline(always)]
            unsafe fn equal(a: __m512, b: __m512) -> __mmask16 {
                // SAFETY: see `splat`.
                unsafe { _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(a, b) }
            }

            #[inline(always)]
            unsafe fn both(a: __mmask16, b: __mmask16) -> __mmask16 {
                a & b
            }

            #[inline(always)]
            unsafe fn without(a: __mmask16, b: __mmask16) -> __mmask16 {
                a & !b
            }

            #[inline(always)]
            unsafe fn keep(mask: __mmask16, lanes: __m512) -> __m512 {
                // SAFETY: see `splat`.
                unsafe { _mm512_maskz_mov_ps(mask, lanes) }
            }
        }
    };
}

simd512!(Avx512, "avx512f,avx512bw,avx512vl,avx512dq,fma", rounded, rounded_pairs);
simd512!(
    Avx512Bf16,
    "avx512f,avx512bw,avx512vl,avx512dq,fma,avx512bf16",
    converted,
    converted_pairs
);

/// bf16 numbers by the instruction.
#[inline(always)]
unsafe fn converted(lanes: __m512) -> __m256i {
    // SAFETY: the caller vouches for the target features; both types are 256 bits of one layout.
    unsafe { std::mem::transmute(_mm512_cvtneps_pbh(lanes)) }
}

/// bf16 numbers by integers: half of the last place that stays is added, or the number below it
/// where the last place is even; NaN stays NaN.
#[inline(always)]
unsafe fn rounded(lanes: __m512) -> __m256i {
    // SAFETY: the caller vouches for the target features.
    unsafe {
        let bits = _mm512_castps_si512(lanes);
        let even = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
        let near = _mm512_add_epi32(bits, _mm512_add_epi32(even, _mm512_set1_epi32(0x7fff)));
        let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(lanes, lanes);
        let kept = _mm512_mask_or_epi32(near, nan, bits, _mm512_set1_epi32(0x40_0000));
        _mm512_cvtepi32_epi16(_mm512_srli_epi32(kept, 16))
    }
}

/// Words of two bf16 numbers by the instruction.
#[inline(always)]
unsafe fn converted_pairs(first: __m512, second: __m512) -> __m512i {
    // SAFETY: the caller vouches for the target features; both types are 512 bits of one layout.
    unsafe {
        let order = _mm512_set_epi16(
            31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20,
            4, 19, 3, 18, 2, 17, 1, 16, 0,
        );
        let halves: __m512i = std::mem::transmute(_mm512_cvtne2ps_pbh(second, first));
        _mm512_permutexvar_epi16(order, halves)
    }
}

/// The same by integers.
#[inline(always)]
unsafe fn rounded_pairs(first: __m512, second: __m512) -> __m512i {
    // SAFETY: the caller vouches for the target features.
    unsafe {
        let [first, second] = [first, second].map(|part| _mm512_cvtepu16_epi32(rounded(part)));
        _mm512_or_si512(first, _mm512_slli_epi32(second, 16))
    }
}
