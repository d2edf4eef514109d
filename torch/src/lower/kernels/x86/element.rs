use super::simd::Simd;

/// A number type of images.
pub(super) trait Element: Copy + Send + Sync + 'static {
    /// As fp32.
    fn single(self) -> f32;

    /// The first `count` numbers as fp32, zeros beyond.
    ///
    /// # Safety
    /// As for [`Simd`].
    unsafe fn load<S: Simd>(from: *const Self, count: usize) -> S::Lanes;

    /// Rounds to nearest and writes the first `count` numbers.
    ///
    /// # Safety
    /// As for [`Simd`].
    unsafe fn store<S: Simd>(to: *mut Self, count: usize, lanes: S::Lanes);

    /// As [`store`](Element::store), or as [`stream`](Element::stream).
    ///
    /// # Safety
    /// As for [`Simd`].
    #[inline(always)]
    unsafe fn write<S: Simd>(past: bool, to: *mut Self, count: usize, lanes: S::Lanes) {
        // SAFETY: as for the function.
        unsafe {
            match past {
                true => Self::stream::<S>(to, lanes),
                false => Self::store::<S>(to, count, lanes),
            }
        }
    }

    /// Rounds to nearest and writes a whole vector past the caches, to where it is aligned. Others
    /// may read it once the work of this thread is done.
    ///
    /// # Safety
    /// As for [`Simd`].
    unsafe fn stream<S: Simd>(to: *mut Self, lanes: S::Lanes);
}

/// bfloat16, as bits.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub(super) struct Bf16(u16);

impl Element for Bf16 {
    #[inline(always)]
    fn single(self) -> f32 {
        f32::from_bits(u32::from(self.0) << 16)
    }

    #[inline(always)]
    unsafe fn load<S: Simd>(from: *const Bf16, count: usize) -> S::Lanes {
        // SAFETY: as for the function.
        unsafe { S::load_bf16(from.cast(), count) }
    }

    #[inline(always)]
    unsafe fn store<S: Simd>(to: *mut Bf16, count: usize, lanes: S::Lanes) {
        // SAFETY: as for the function.
        unsafe { S::store_bf16(to.cast(), count, lanes) }
    }

    #[inline(always)]
    unsafe fn stream<S: Simd>(to: *mut Bf16, lanes: S::Lanes) {
        // SAFETY: as for the function.
        unsafe { S::stream_bf16(to.cast(), lanes) }
    }
}

impl Element for f32 {
    #[inline(always)]
    fn single(self) -> f32 {
        self
    }

    #[inline(always)]
    unsafe fn load<S: Simd>(from: *const f32, count: usize) -> S::Lanes {
        // SAFETY: as for the function.
        unsafe { S::load(from, count) }
    }

    #[inline(always)]
    unsafe fn store<S: Simd>(to: *mut f32, count: usize, lanes: S::Lanes) {
        // SAFETY: as for the function.
        unsafe { S::store(to, count, lanes) }
    }

    #[inline(always)]
    unsafe fn stream<S: Simd>(to: *mut f32, lanes: S::Lanes) {
        // SAFETY: as for the function.
        unsafe { S::stream(to, lanes) }
    }
}
