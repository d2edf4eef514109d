//! The instructions that multiply and add words: one fp32 number, two of bf16, or two of int16.

use std::arch::asm;
use std::arch::x86_64::*;

use super::super::simd::Simd;
use crate::lower::kernels::evidence::{Avx2, Avx512, Avx512Bf16};

/// Sums of products of words, in as many lanes as a vector has.
///
/// # Safety
/// The processor has the instructions; pointers are valid for what is read.
pub(super) trait Dot: Copy + 'static {
    /// The vectors that the sums become.
    type S: Simd;
    /// Words.
    type Words: Copy;
    /// Sums: fp32, or integers of 32 bits, which may wrap on the way to a sum that does not.
    type Sums: Copy;
    /// Rows of the register tile, of two vectors each.
    const ROWS: usize;

    /// Does work that is compiled for the instructions.
    unsafe fn run<R>(work: impl FnOnce() -> R) -> R;
    unsafe fn zero() -> Self::Sums;
    /// A vector of words.
    unsafe fn load(from: *const u32) -> Self::Words;
    /// A word in all lanes.
    unsafe fn same(from: *const u32) -> Self::Words;
    unsafe fn add(sums: Self::Sums, a: Self::Words, b: Self::Words) -> Self::Sums;
    /// The sums as fp32.
    unsafe fn real(sums: Self::Sums) -> <Self::S as Simd>::Lanes;
}

macro_rules! dot {
    (
        $(#[$doc:meta])*
        $name:ident: $features:literal, $simd:ty, $rows:literal rows,
        $words:ty: $load:expr, $same:expr;
        $sums:ty: $zero:expr, $add:expr, $real:expr
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(super) struct $name;

        impl Dot for $name {
            type S = $simd;
            type Words = $words;
            type Sums = $sums;
            const ROWS: usize = $rows;

            #[inline(always)]
            unsafe fn run<R>(work: impl FnOnce() -> R) -> R {
                #[target_feature(enable = $features)]
                unsafe fn compiled<R>(work: impl FnOnce() -> R) -> R {
                    work()
                }
                // SAFETY: the caller vouches for the features, here and below.
                unsafe { compiled(work) }
            }

            #[inline(always)]
            unsafe fn zero() -> $sums {
                // SAFETY: see `run`.
                unsafe { $zero() }
            }

            #[inline(always)]
            unsafe fn load(from: *const u32) -> $words {
                // SAFETY: see `run`.
                unsafe { $load(from.cast()) }
            }

            #[inline(always)]
            unsafe fn same(from: *const u32) -> $words {
                // SAFETY: see `run`.
                unsafe { $same(from.cast::<i32>().read()) }
            }

            #[inline(always)]
            unsafe fn add(sums: $sums, a: $words, b: $words) -> $sums {
                let add = $add;
                // SAFETY: see `run`.
                unsafe { add(sums, a, b) }
            }

            #[inline(always)]
            unsafe fn real(sums: $sums) -> <$simd as Simd>::Lanes {
                // SAFETY: see `run`.
                #[allow(unused_unsafe)]
                unsafe {
                    $real(sums)
                }
            }
        }
    };
}

macro_rules! unsafe_fn {
    (|$($name:ident: $type:ty),*| -> $out:ty $body:block) => {{
        #[inline(always)]
        unsafe fn function($($name: $type),*) -> $out {
            // SAFETY: the caller vouches for the features.
            unsafe { $body }
        }
        function
    }};
}

dot! {
    /// fp32 by AVX2.
    Fp32Avx2: "avx2,fma", Avx2, 6 rows,
    __m256i: _mm256_loadu_si256, _mm256_set1_epi32;
    __m256: _mm256_setzero_ps,
        unsafe_fn!(|sums: __m256, a: __m256i, b: __m256i| -> __m256 {
            _mm256_fmadd_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), sums)
        }),
        std::convert::identity
}

dot! {
    /// int16 by AVX2: a product of pairs, then a sum.
    Int16Avx2: "avx2,fma", Avx2, 6 rows,
    __m256i: _mm256_loadu_si256, _mm256_set1_epi32;
    __m256i: _mm256_setzero_si256,
        unsafe_fn!(|sums: __m256i, a: __m256i, b: __m256i| -> __m256i {
            _mm256_add_epi32(sums, _mm256_madd_epi16(a, b))
        }),
        _mm256_cvtepi32_ps
}

dot! {
    /// int16 by AVX-VNNI.
    Int16AvxVnni: "avx2,fma,avxvnni", Avx2, 6 rows,
    __m256i: _mm256_loadu_si256, _mm256_set1_epi32;
    __m256i: _mm256_setzero_si256,
        unsafe_fn!(|sums: __m256i, a: __m256i, b: __m256i| -> __m256i {
            add_pairs_256(sums, a, b)
        }),
        _mm256_cvtepi32_ps
}

dot! {
    /// fp32 by AVX-512.
    Fp32Avx512: "avx512f,avx512bw,avx512vl,avx512dq,fma", Avx512, 8 rows,
    __m512i: _mm512_loadu_si512, _mm512_set1_epi32;
    __m512: _mm512_setzero_ps,
        unsafe_fn!(|sums: __m512, a: __m512i, b: __m512i| -> __m512 {
            _mm512_fmadd_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), sums)
        }),
        std::convert::identity
}

dot! {
    /// int16 by AVX-512: a product of pairs, then a sum.
    Int16Avx512: "avx512f,avx512bw,avx512vl,avx512dq,fma", Avx512, 8 rows,
    __m512i: _mm512_loadu_si512, _mm512_set1_epi32;
    __m512i: _mm512_setzero_si512,
        unsafe_fn!(|sums: __m512i, a: __m512i, b: __m512i| -> __m512i {
            _mm512_add_epi32(sums, _mm512_madd_epi16(a, b))
        }),
        _mm512_cvtepi32_ps
}

dot! {
    /// int16 by AVX512-VNNI.
    Int16Avx512Vnni: "avx512f,avx512bw,avx512vl,avx512dq,fma,avx512vnni", Avx512, 8 rows,
    __m512i: _mm512_loadu_si512, _mm512_set1_epi32;
    __m512i: _mm512_setzero_si512,
        unsafe_fn!(|sums: __m512i, a: __m512i, b: __m512i| -> __m512i {
            add_pairs_512(sums, a, b)
        }),
        _mm512_cvtepi32_ps
}

dot! {
    /// bf16 by AVX512-BF16.
    Bf16Avx512: "avx512f,avx512bw,avx512vl,avx512dq,fma,avx512bf16", Avx512Bf16, 8 rows,
    __m512i: _mm512_loadu_si512, _mm512_set1_epi32;
    __m512: _mm512_setzero_ps,
        unsafe_fn!(|sums: __m512, a: __m512i, b: __m512i| -> __m512 {
            _mm512_dpbf16_ps(sums, std::mem::transmute::<__m512i, __m512bh>(a), std::mem::transmute::<__m512i, __m512bh>(b))
        }),
        std::convert::identity
}

/// One instruction. For its intrinsic LLVM 22 emits `vpmaddwd` and `vpaddd`, unless it tunes for a
/// processor that it knows; products take a third longer with these.
macro_rules! add_pairs {
    ($name:ident, $features:literal, $vector:ty, $register:ident, $instruction:literal) => {
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn $name(mut sums: $vector, a: $vector, b: $vector) -> $vector {
            // SAFETY: the processor has the instruction, which touches these registers alone.
            unsafe {
                asm!(
                    $instruction,
                    inout($register) sums,
                    in($register) a,
                    in($register) b,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            sums
        }
    };
}

add_pairs!(add_pairs_256, "avx2,avxvnni", __m256i, ymm_reg, "{{vex}} vpdpwssd {0}, {1}, {2}");
add_pairs!(add_pairs_512, "avx512f,avx512vnni", __m512i, zmm_reg, "vpdpwssd {0}, {1}, {2}");

/// The instructions of each vector width.
pub(super) trait Dots: Simd {
    type Fp32: Dot;
    type Int16: Dot;
    /// With VNNI.
    type Int16Vnni: Dot;
}

impl Dots for Avx2 {
    type Fp32 = Fp32Avx2;
    type Int16 = Int16Avx2;
    type Int16Vnni = Int16AvxVnni;
}

impl Dots for Avx512 {
    type Fp32 = Fp32Avx512;
    type Int16 = Int16Avx512;
    type Int16Vnni = Int16Avx512Vnni;
}

impl Dots for Avx512Bf16 {
    type Fp32 = Fp32Avx512;
    type Int16 = Int16Avx512;
    type Int16Vnni = Int16Avx512Vnni;
}
