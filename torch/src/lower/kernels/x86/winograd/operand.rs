//! What is multiplied: transformed inputs, gradients and weights as words.

use netc::lower::winograd::Operand as OperandKind;

use super::super::simd::{MAGIC, Simd};
use super::dot::{Bf16Avx512, Dot, Dots};
use super::product::Products;
use crate::lower::kernels::evidence::Avx512Bf16;

/// The numbers of a word.
pub(super) trait Operand<S: Simd>: 'static {
    const KIND: OperandKind;
    /// Numbers in a word, neighbours along the dimension that is summed over.
    const PACK: usize = Self::KIND.pack();
    /// What multiplies words that nothing has scaled.
    type Plain: Dot;

    /// Transformed numbers as [`words`](Operand::words) and [`store`](Operand::store) take them:
    /// those of integers times `by`.
    ///
    /// # Safety
    /// As for [`Simd`].
    #[inline(always)]
    unsafe fn scaled(lanes: S::Lanes, _by: S::Lanes) -> S::Lanes {
        lanes
    }

    /// The products on a processor with or without VNNI.
    fn products(vnni: bool) -> Products;

    /// Writes lanes that are neighbours along the dimension that is summed over, from the number
    /// `at` of the words.
    ///
    /// # Safety
    /// As for [`Simd`].
    unsafe fn store(words: *mut u32, at: usize, lanes: S::Lanes);

    /// A word of each lane, from the first [`PACK`](Operand::PACK) of two.
    ///
    /// # Safety
    /// As for [`Simd`].
    unsafe fn words(parts: [S::Lanes; 2]) -> S::Lanes;
}

/// A fp32 number.
#[derive(Debug)]
pub(super) struct Fp32;

/// Two of bf16.
#[derive(Debug)]
pub(super) struct Bf16Pair;

/// Two integers of 16 bits, the low halves of lanes to which [`MAGIC`] was added.
#[derive(Debug)]
pub(super) struct Int16Pair;

impl<S: Dots> Operand<S> for Fp32 {
    const KIND: OperandKind = OperandKind::Fp32;
    type Plain = S::Fp32;

    fn products(_vnni: bool) -> Products {
        Products::by::<S::Fp32>()
    }

    #[inline(always)]
    unsafe fn store(words: *mut u32, at: usize, lanes: S::Lanes) {
        // SAFETY: as for the function.
        unsafe { S::store(words.add(at).cast(), S::LANES, lanes) }
    }

    #[inline(always)]
    unsafe fn words([first, _]: [S::Lanes; 2]) -> S::Lanes {
        first
    }
}

impl Operand<Avx512Bf16> for Bf16Pair {
    const KIND: OperandKind = OperandKind::Bf16;
    type Plain = Bf16Avx512;

    fn products(_vnni: bool) -> Products {
        Products::by::<Bf16Avx512>()
    }

    #[inline(always)]
    unsafe fn store(words: *mut u32, at: usize, lanes: <Avx512Bf16 as Simd>::Lanes) {
        // SAFETY: as for the function.
        unsafe { Avx512Bf16::store_bf16(words.cast::<u16>().add(at), Avx512Bf16::LANES, lanes) }
    }

    #[inline(always)]
    unsafe fn words(
        [first, second]: [<Avx512Bf16 as Simd>::Lanes; 2],
    ) -> <Avx512Bf16 as Simd>::Lanes {
        // SAFETY: as for the function.
        unsafe { Avx512Bf16::bf16_pairs(first, second) }
    }
}

impl<S: Dots> Operand<S> for Int16Pair {
    const KIND: OperandKind = OperandKind::Int16;
    type Plain = S::Int16;

    #[inline(always)]
    unsafe fn scaled(lanes: S::Lanes, by: S::Lanes) -> S::Lanes {
        // SAFETY: as for the function.
        unsafe { S::fma(lanes, by, S::splat(MAGIC)) }
    }

    fn products(vnni: bool) -> Products {
        if vnni { Products::by::<S::Int16Vnni>() } else { Products::by::<S::Int16>() }
    }

    #[inline(always)]
    unsafe fn store(words: *mut u32, at: usize, lanes: S::Lanes) {
        // SAFETY: as for the function.
        unsafe { S::store_low_halves(words.cast::<u16>().add(at), lanes) }
    }

    #[inline(always)]
    unsafe fn words([first, second]: [S::Lanes; 2]) -> S::Lanes {
        // SAFETY: as for the function.
        unsafe { S::low_pairs(first, second) }
    }
}
