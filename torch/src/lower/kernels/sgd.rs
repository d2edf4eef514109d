use std::arch::x86_64::*;

use tch::{TchError, Tensor};

use super::element::{Element, within};
use super::image::vector;
use super::pool::{Shared, parallel, share, threads};
use super::{Kernels, SgdStep};

impl Kernels {
    /// Steps one weight: fp32 tensors of one layout.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn descend(
        self,
        w: &Tensor,
        v: &Tensor,
        g: &Tensor,
        step: SgdStep,
    ) -> Result<(), TchError> {
        let count = w.numel();
        if w.dim() == 4 && (w.stride() != v.stride() || w.stride() != g.stride()) {
            return Err(TchError::Shape(
                "weight, velocity and gradient differ in their layout".into(),
            ));
        }
        let (w, v, g) = (vector(w, count)?, vector(v, count)?, vector(g, count)?);
        let blocks = count.div_ceil(16);
        let parts = if blocks < 1024 { 1 } else { threads() };
        parallel(parts, |i| {
            // SAFETY: dense tensors of so many numbers; each thread writes its own.
            unsafe { blocks_of(w, v, g, count, share(blocks, i, parts), step) };
        });
        Ok(())
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")]
unsafe fn blocks_of(
    w: Shared<f32>,
    v: Shared<f32>,
    g: Shared<f32>,
    count: usize,
    blocks: std::ops::Range<usize>,
    step: SgdStep,
) {
    let [rate, decay, momentum] =
        [-step.rate, -step.decay, step.momentum].map(|factor| _mm512_set1_ps(factor as f32));
    for at in blocks.map(|block| block * 16) {
        let mask = within(count, at);
        // SAFETY: the mask keeps to the numbers.
        unsafe {
            let weight = f32::load(w.at(at), mask);
            let change =
                _mm512_fmadd_ps(weight, decay, _mm512_mul_ps(f32::load(g.at(at), mask), rate));
            let velocity = _mm512_fmadd_ps(f32::load(v.at(at), mask), momentum, change);
            let moved =
                if step.nesterov { _mm512_fmadd_ps(velocity, momentum, change) } else { velocity };
            f32::store(v.at(at), mask, velocity);
            f32::store(w.at(at), mask, _mm512_add_ps(weight, moved));
        }
    }
}
