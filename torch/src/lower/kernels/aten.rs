//! Operations of libtorch that tch has no binding for.

use std::ffi::c_char;

use netc::graph::op::Conv;
use tch::{TchError, Tensor};

use crate::native::message;

pub(super) type Pointer = *mut torch_sys::C_tensor;

unsafe extern "C" {
    fn netc_convolution_backward(
        gradient: Pointer,
        input: Pointer,
        weight: Pointer,
        stride: *const i64,
        pad: *const i64,
        dilation: *const i64,
        groups: i64,
        wanted: *const bool,
        out: *mut Pointer,
    ) -> *mut c_char;

    fn netc_batch_norm_backward(
        gradient: Pointer,
        input: Pointer,
        weight: Pointer,
        running_mean: Pointer,
        running_var: Pointer,
        mean: Pointer,
        inverse: Pointer,
        eps: f64,
        out: *mut Pointer,
    ) -> *mut c_char;

    fn netc_draw(to: Pointer, distribution: i64, p: f64, seed: i64) -> *mut c_char;

    fn netc_build() -> *mut c_char;

    fn netc_prepare();

    fn netc_deterministic();
}

/// Has cuDNN time its algorithms once for each shape, and libtorch compute fp32 in fp32, not TF32.
pub fn prepare() {
    // SAFETY: it sets flags of libtorch.
    unsafe { netc_prepare() }
}

/// Has libtorch take algorithms that give the same bits each time, and refuse ops that have none.
pub fn deterministic() {
    // SAFETY: it sets flags of libtorch.
    unsafe { netc_deterministic() }
}

/// How the libtorch at hand was built, as it says itself, its version included.
pub fn build() -> String {
    // SAFETY: the text is null or made by `malloc` for the caller.
    unsafe { message::taken(netc_build()) }.unwrap_or_default()
}

/// What random numbers follow.
#[derive(Debug, Clone, Copy)]
pub enum Distribution {
    /// 1 with this probability, else 0.
    Bernoulli(f64),
    /// From 0 to 1.
    Uniform,
    /// With mean 0 and variance 1.
    Normal,
}

/// Fills a tensor with random numbers, which the seed alone decides, whatever other threads draw.
///
/// # Errors
/// What libtorch refuses.
pub fn draw(to: &Tensor, from: Distribution, seed: i64) -> Result<(), TchError> {
    let (distribution, p) = match from {
        Distribution::Bernoulli(p) => (0, p),
        Distribution::Uniform => (1, 0.0),
        Distribution::Normal => (2, 0.0),
    };
    // SAFETY: the tensor outlives the call.
    unsafe { checked(netc_draw(pointer(to), distribution, p, seed)) }
}

/// The gradients of a convolution by input, weight and bias, those that are wanted.
///
/// # Errors
/// What libtorch refuses.
pub fn convolution_backward(
    op: &Conv,
    [gradient, input, weight]: [&Tensor; 3],
    wanted: [bool; 3],
) -> Result<[Option<Tensor>; 3], TchError> {
    let pair = |sizes: [u64; 2]| sizes.map(|size| i64::try_from(size).unwrap_or(i64::MAX));
    let (stride, pad, dilation) = (pair(op.stride), pair(op.pad), pair(op.dilation));
    let groups = i64::try_from(op.groups).unwrap_or(i64::MAX);
    let mut out = [std::ptr::null_mut(); 3];
    // SAFETY: tensors and arrays outlive the call, which writes each tensor that is wanted to its
    // place.
    unsafe {
        checked(netc_convolution_backward(
            pointer(gradient),
            pointer(input),
            pointer(weight),
            stride.as_ptr(),
            pad.as_ptr(),
            dilation.as_ptr(),
            groups,
            wanted.as_ptr(),
            out.as_mut_ptr(),
        ))?;
        Ok(out.map(|tensor| (!tensor.is_null()).then(|| Tensor::from_ptr(tensor))))
    }
}

/// The gradients of batch normalisation while training by input, weight and bias. `owned` are
/// weight, running mean and variance, `saved` the mean and 1 / sqrt(var + eps) of the batch.
///
/// # Errors
/// What libtorch refuses.
pub fn batch_norm_backward(
    [gradient, input]: [&Tensor; 2],
    owned: [&Tensor; 3],
    saved: [&Tensor; 2],
    eps: f64,
) -> Result<[Tensor; 3], TchError> {
    let mut out = [std::ptr::null_mut(); 3];
    // SAFETY: the tensors outlive the call, which writes all three if it does not fail.
    unsafe {
        checked(netc_batch_norm_backward(
            pointer(gradient),
            pointer(input),
            pointer(owned[0]),
            pointer(owned[1]),
            pointer(owned[2]),
            pointer(saved[0]),
            pointer(saved[1]),
            eps,
            out.as_mut_ptr(),
        ))?;
        Ok(out.map(|tensor| Tensor::from_ptr(tensor)))
    }
}

pub(super) fn pointer(tensor: &Tensor) -> Pointer {
    tensor.as_ptr().cast_mut()
}

/// # Safety
/// `message` is null or a string that `malloc` made and nobody else frees.
pub(in crate::lower) unsafe fn checked(message: *mut c_char) -> Result<(), TchError> {
    // SAFETY: the caller vouches for it.
    unsafe { message::checked(message) }.map_err(TchError::Torch)
}
