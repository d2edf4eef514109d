//! Vectors of fp32 numbers, as wide as a processor has them.

/// 1.5 * 2^23: added to a number of at most 2^22, it leaves the nearest integer in the low bits.
pub(super) const MAGIC: f32 = 12_582_912.0;

/// The vector instructions of a processor; a value shows that this processor has them.
///
/// The target features of a function cannot depend on its type parameters. So what is generic has
/// none and is inlined, closures included, into [`run`](Simd::run), which has them.
///
/// # Safety
/// All `unsafe` functions are called within `run`. Pointers are valid for as many numbers as are
/// read or written: `count` of them, at most [`LANES`](Simd::LANES).
pub(super) trait Simd: Copy + Send + Sync + 'static {
    /// Numbers of a vector.
    const LANES: usize;

    /// So many fp32 numbers.
    type Lanes: Copy;

    /// Some of the lanes.
    type Mask: Copy;

    /// Does work that is compiled for the instructions.
    fn run<R>(self, work: impl FnOnce() -> R) -> R;

    unsafe fn splat(number: f32) -> Self::Lanes;

    /// The first `count` numbers, zeros beyond.
    unsafe fn load(from: *const f32, count: usize) -> Self::Lanes;
    unsafe fn store(to: *mut f32, count: usize, lanes: Self::Lanes);
    /// The first `count` numbers of bf16, zeros beyond.
    unsafe fn load_bf16(from: *const u16, count: usize) -> Self::Lanes;
    /// Rounds to nearest, ties to even.
    unsafe fn store_bf16(to: *mut u16, count: usize, lanes: Self::Lanes);

    unsafe fn add(a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    unsafe fn sub(a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    unsafe fn mul(a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    unsafe fn div(a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// `b` where one is NaN.
    unsafe fn max(a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// `b` where one is NaN.
    unsafe fn min(a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    unsafe fn sqrt(a: Self::Lanes) -> Self::Lanes;
    /// `a b + c`, rounded once.
    unsafe fn fma(a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes;

    /// `a 2^n`, where `n` is the integer in the low 8 bits of `by`; the result must be normal.
    unsafe fn shifted(a: Self::Lanes, by: Self::Lanes) -> Self::Lanes;

    /// The low 16 bits of each lane.
    unsafe fn store_low_halves(to: *mut u16, lanes: Self::Lanes);
    /// A word of each lane: the low 16 bits of `first`, and above them those of `second`.
    unsafe fn low_pairs(first: Self::Lanes, second: Self::Lanes) -> Self::Lanes;
    /// A word of each lane: `first` as bf16, and above it `second`.
    unsafe fn bf16_pairs(first: Self::Lanes, second: Self::Lanes) -> Self::Lanes;
    /// Writes a whole vector past the caches, to where a vector is aligned. Others may read it once
    /// the [work](crate::lower::kernels::pool) of this thread is done.
    unsafe fn stream(to: *mut f32, lanes: Self::Lanes);
    /// The same as bf16, rounded to nearest, to where half a vector is aligned.
    unsafe fn stream_bf16(to: *mut u16, lanes: Self::Lanes);

    /// All lanes.
    fn all() -> Self::Mask;
    unsafe fn above(a: Self::Lanes, b: Self::Lanes) -> Self::Mask;
    unsafe fn equal(a: Self::Lanes, b: Self::Lanes) -> Self::Mask;
    unsafe fn both(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// Those of `a` that are not in `b`.
    unsafe fn without(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// Zeros elsewhere.
    unsafe fn keep(mask: Self::Mask, lanes: Self::Lanes) -> Self::Lanes;

    /// Fetches a cache line, if the process has that memory.
    #[inline(always)]
    fn prefetch<T>(from: *const T) {
        // SAFETY: all of these processors have SSE, and any address is allowed.
        unsafe {
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(from.cast());
        }
    }

    #[inline(always)]
    unsafe fn zero() -> Self::Lanes {
        // SAFETY: as for the function.
        unsafe { Self::splat(0.0) }
    }

    /// `x` between these bounds, NaN where it is.
    #[inline(always)]
    unsafe fn clamp([lower, upper]: [Self::Lanes; 2], x: Self::Lanes) -> Self::Lanes {
        // SAFETY: as for the function.
        unsafe { Self::min(upper, Self::max(lower, x)) }
    }

    /// The sum and the largest of all lanes.
    #[inline(always)]
    unsafe fn reduce(lanes: Self::Lanes) -> [f32; 2] {
        let mut numbers = [0.0f32; 16];
        // SAFETY: there is room for the widest vector.
        unsafe { Self::store(numbers.as_mut_ptr(), Self::LANES, lanes) };
        let numbers = &numbers[..Self::LANES];
        [numbers.iter().sum(), numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max)]
    }
}
