use std::arch::x86_64::*;

use crate::lower::kernels::evidence::{Avx512, Avx512Bf16};

/// Sixteen fp32 numbers.
pub(super) type Lanes = __m512;

/// A number type of activations, with the instructions that it is computed with.
///
/// The target features of a function cannot depend on its type parameters. So what is generic has
/// none and is inlined, closures included, into [`run`](Scalar::run), which has them; what is not
/// inlined there calls each intrinsic as a function.
///
/// Products are summed over pairs of words of 32 bits: a word holds [`PACK`](Scalar::PACK)
/// neighbours along the dimension that is summed over.
pub(super) trait Scalar: Copy + Send + Sync + 'static {
    /// Numbers in a word.
    const PACK: usize;

    /// Shows that the processor has the instructions.
    type Evidence: Copy + Send + Sync;

    /// Does work that is compiled for the instructions.
    fn run<R>(evidence: Self::Evidence, work: impl FnOnce() -> R) -> R;

    /// As fp32.
    fn single(self) -> f32;

    /// The numbers of `mask` as fp32, zeros elsewhere.
    unsafe fn load(from: *const Self, mask: __mmask16) -> Lanes;

    /// Rounds to nearest and writes the numbers of `mask`.
    unsafe fn store(to: *mut Self, mask: __mmask16, lanes: Lanes);

    /// Words from the first `PACK` of these, lane by lane.
    unsafe fn words(parts: [Lanes; 2]) -> __m512i;

    /// `sum` and the products of the words, lane by lane, in fp32.
    unsafe fn multiply_add(sum: Lanes, a: __m512i, b: __m512i) -> Lanes;
}

/// bfloat16, as bits.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub(super) struct Bf16(u16);

impl Scalar for Bf16 {
    const PACK: usize = 2;

    type Evidence = Avx512Bf16;

    #[inline(always)]
    fn run<R>(_: Avx512Bf16, work: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,fma,avx512bf16")]
        unsafe fn compiled<R>(work: impl FnOnce() -> R) -> R {
            work()
        }
        // SAFETY: the processor has these features, as the evidence shows.
        unsafe { compiled(work) }
    }

    #[inline(always)]
    fn single(self) -> f32 {
        f32::from_bits(u32::from(self.0) << 16)
    }

    #[inline(always)]
    unsafe fn load(from: *const Bf16, mask: __mmask16) -> Lanes {
        // SAFETY: the caller vouches for the lanes of the mask and for the target features.
        unsafe {
            let bits = match mask {
                0xffff => _mm256_loadu_si256(from.cast()),
                _ => _mm256_maskz_loadu_epi16(mask, from.cast()),
            };
            _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16))
        }
    }

    #[inline(always)]
    unsafe fn store(to: *mut Bf16, mask: __mmask16, lanes: Lanes) {
        // SAFETY: as in `load`; both types are 256 bits of the same layout.
        unsafe {
            let bits: __m256i = std::mem::transmute(_mm512_cvtneps_pbh(lanes));
            match mask {
                0xffff => _mm256_storeu_si256(to.cast(), bits),
                _ => _mm256_mask_storeu_epi16(to.cast(), mask, bits),
            }
        }
    }

    #[inline(always)]
    unsafe fn words(parts: [Lanes; 2]) -> __m512i {
        // SAFETY: the caller vouches for the target features; both types are 512 bits of the same
        // layout.
        unsafe {
            let order = _mm512_set_epi16(
                31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5,
                20, 4, 19, 3, 18, 2, 17, 1, 16, 0,
            );
            let halves: __m512i = std::mem::transmute(_mm512_cvtne2ps_pbh(parts[1], parts[0]));
            _mm512_permutexvar_epi16(order, halves)
        }
    }

    #[inline(always)]
    unsafe fn multiply_add(sum: Lanes, a: __m512i, b: __m512i) -> Lanes {
        // SAFETY: as in `words`.
        unsafe {
            let [a, b]: [__m512bh; 2] = std::mem::transmute([a, b]);
            _mm512_dpbf16_ps(sum, a, b)
        }
    }
}

impl Scalar for f32 {
    const PACK: usize = 1;

    type Evidence = Avx512;

    #[inline(always)]
    fn run<R>(_: Avx512, work: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,fma")]
        unsafe fn compiled<R>(work: impl FnOnce() -> R) -> R {
            work()
        }
        // SAFETY: the processor has these features, as the evidence shows.
        unsafe { compiled(work) }
    }

    #[inline(always)]
    fn single(self) -> f32 {
        self
    }

    #[inline(always)]
    unsafe fn load(from: *const f32, mask: __mmask16) -> Lanes {
        // SAFETY: the caller vouches for the lanes of the mask and for the target features.
        unsafe {
            match mask {
                0xffff => _mm512_loadu_ps(from),
                _ => _mm512_maskz_loadu_ps(mask, from),
            }
        }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, mask: __mmask16, lanes: Lanes) {
        // SAFETY: as in `load`.
        unsafe {
            match mask {
                0xffff => _mm512_storeu_ps(to, lanes),
                _ => _mm512_mask_storeu_ps(to, mask, lanes),
            }
        }
    }

    #[inline(always)]
    unsafe fn words(parts: [Lanes; 2]) -> __m512i {
        // SAFETY: the caller vouches for the target features.
        unsafe { _mm512_castps_si512(parts[0]) }
    }

    #[inline(always)]
    unsafe fn multiply_add(sum: Lanes, a: __m512i, b: __m512i) -> Lanes {
        // SAFETY: as in `words`.
        unsafe { _mm512_fmadd_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), sum) }
    }
}

/// Lanes from `channel` that are within `count`.
#[inline(always)]
pub(super) fn within(count: usize, channel: usize) -> __mmask16 {
    match count.saturating_sub(channel) {
        0 => 0,
        rest @ 1..16 => (1 << rest) - 1,
        _ => 0xffff,
    }
}
