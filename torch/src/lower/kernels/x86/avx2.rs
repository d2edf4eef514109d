use std::arch::x86_64::*;

use super::simd::Simd;
use crate::lower::kernels::evidence::Avx2;

/// The lanes below a count, as sign bits.
#[inline(always)]
unsafe fn below(count: usize) -> __m256i {
    // SAFETY: the caller vouches for the target features.
    unsafe {
        let count = _mm256_set1_epi32(count.min(8) as i32);
        _mm256_cmpgt_epi32(count, _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
    }
}

impl Simd for Avx2 {
    const LANES: usize = 8;

    type Lanes = __m256;

    type Mask = __m256;

    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "avx2,fma")]
        unsafe fn compiled<R>(work: impl FnOnce() -> R) -> R {
            work()
        }
        // SAFETY: the processor has these features, as the evidence shows.
        unsafe { compiled(work) }
    }

    #[inline(always)]
    unsafe fn splat(number: f32) -> __m256 {
        // SAFETY: within `run`, here and in all that follow.
        unsafe { _mm256_set1_ps(number) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32, count: usize) -> __m256 {
        // SAFETY: see `splat`; the mask keeps to the numbers.
        unsafe {
            match count {
                0..8 => _mm256_maskload_ps(from, below(count)),
                _ => _mm256_loadu_ps(from),
            }
        }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, count: usize, lanes: __m256) {
        // SAFETY: as in `load`.
        unsafe {
            match count {
                0..8 => _mm256_maskstore_ps(to, below(count), lanes),
                _ => _mm256_storeu_ps(to, lanes),
            }
        }
    }

    #[inline(always)]
    unsafe fn load_bf16(from: *const u16, count: usize) -> __m256 {
        let mut some = [0u16; 8];
        // SAFETY: see `splat`; only `count` numbers are copied where they are fewer than 8.
        unsafe {
            let from = match count {
                0..8 => {
                    std::ptr::copy_nonoverlapping(from, some.as_mut_ptr(), count);
                    some.as_ptr()
                }
                _ => from,
            };
            let bits = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.cast()));
            _mm256_castsi256_ps(_mm256_slli_epi32(bits, 16))
        }
    }

    #[inline(always)]
    unsafe fn store_bf16(to: *mut u16, count: usize, lanes: __m256) {
        let mut some = [0u16; 8];
        // SAFETY: as in `load_bf16`.
        unsafe {
            let bits = low_halves(_mm256_srli_epi32(rounded(lanes), 16));
            match count {
                0..8 => {
                    _mm_storeu_si128(some.as_mut_ptr().cast(), bits);
                    std::ptr::copy_nonoverlapping(some.as_ptr(), to, count);
                }
                _ => _mm_storeu_si128(to.cast(), bits),
            }
        }
    }

    #[inline(always)]
    unsafe fn add(a: __m256, b: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn sub(a: __m256, b: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn mul(a: __m256, b: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn div(a: __m256, b: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe { _mm256_div_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn max(a: __m256, b: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe { _mm256_max_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn min(a: __m256, b: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe { _mm256_min_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn sqrt(a: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe { _mm256_sqrt_ps(a) }
    }

    #[inline(always)]
    unsafe fn fma(a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn shifted(a: __m256, by: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe {
            let exponent = _mm256_slli_epi32(_mm256_castps_si256(by), 23);
            _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), exponent))
        }
    }

    #[inline(always)]
    unsafe fn store_low_halves(to: *mut u16, lanes: __m256) {
        // SAFETY: see `splat`.
        unsafe { _mm_storeu_si128(to.cast(), low_halves(_mm256_castps_si256(lanes))) }
    }

    #[inline(always)]
    unsafe fn low_pairs(first: __m256, second: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe {
            let second = _mm256_slli_epi32(_mm256_castps_si256(second), 16);
            let words = _mm256_blend_epi16::<0xaa>(_mm256_castps_si256(first), second);
            _mm256_castsi256_ps(words)
        }
    }

    #[inline(always)]
    unsafe fn bf16_pairs(first: __m256, second: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe {
            let first = _mm256_srli_epi32(rounded(first), 16);
            _mm256_castsi256_ps(_mm256_blend_epi16::<0xaa>(first, rounded(second)))
        }
    }

    #[inline(always)]
    unsafe fn stream_bf16(to: *mut u16, lanes: __m256) {
        // SAFETY: see `splat`; the caller vouches for the alignment.
        unsafe {
            let bits = low_halves(_mm256_srli_epi32(rounded(lanes), 16));
            _mm_stream_si128(to.cast(), bits);
        }
    }

    #[inline(always)]
    unsafe fn stream(to: *mut f32, lanes: __m256) {
        // SAFETY: see `splat`.
        unsafe { _mm256_stream_ps(to, lanes) }
    }

    #[inline(always)]
    fn all() -> __m256 {
        // SAFETY: any bits are numbers.
        unsafe { std::mem::transmute([u32::MAX; 8]) }
    }

    #[inline(always)]
    unsafe fn above(a: __m256, b: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe { _mm256_cmp_ps::<_CMP_GT_OQ>(a, b) }
    }

    #[inline(always)]
    unsafe fn equal(a: __m256, b: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe { _mm256_cmp_ps::<_CMP_EQ_OQ>(a, b) }
    }

    #[inline(always)]
    unsafe fn both(a: __m256, b: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe { _mm256_and_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn without(a: __m256, b: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe { _mm256_andnot_ps(b, a) }
    }

    #[inline(always)]
    unsafe fn keep(mask: __m256, lanes: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe { _mm256_and_ps(mask, lanes) }
    }
}

/// The low 16 bits of each lane.
#[inline(always)]
unsafe fn low_halves(lanes: __m256i) -> __m128i {
    // SAFETY: the caller vouches for the target features.
    unsafe {
        let order = _mm256_setr_epi8(
            0, 1, 4, 5, 8, 9, 12, 13, -1, -1, -1, -1, -1, -1, -1, -1, //
            0, 1, 4, 5, 8, 9, 12, 13, -1, -1, -1, -1, -1, -1, -1, -1,
        );
        let packed = _mm256_permute4x64_epi64::<0b1000>(_mm256_shuffle_epi8(lanes, order));
        _mm256_castsi256_si128(packed)
    }
}

/// Lanes whose high 16 bits are the nearest bf16, ties to even; NaN stays NaN.
#[inline(always)]
unsafe fn rounded(lanes: __m256) -> __m256i {
    // SAFETY: the caller vouches for the target features.
    unsafe {
        let bits = _mm256_castps_si256(lanes);
        let even = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
        let near = _mm256_add_epi32(bits, _mm256_add_epi32(even, _mm256_set1_epi32(0x7fff)));
        let nan = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_UNORD_Q>(lanes, lanes));
        let quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x40_0000));
        _mm256_blendv_epi8(near, quiet, nan)
    }
}
