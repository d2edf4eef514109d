use std::arch::x86_64::*;
use std::ops::Range;

use super::scalar::{Scalar, within};
use crate::lower::kernels::evidence::Avx512;
use crate::lower::kernels::pool::{Shared, parallel, share, threads};
use crate::lower::kernels::terms::SgdStep;

/// A weight, its velocity and its gradient, so many numbers each.
#[derive(Debug, Clone, Copy)]
pub(in crate::lower::kernels) struct OneWeight {
    pub w: Shared<f32>,
    pub v: Shared<f32>,
    pub g: Shared<f32>,
    pub count: usize,
}

/// # Safety
/// Each has so many numbers.
pub(in crate::lower::kernels) unsafe fn descend(evidence: Avx512, one: OneWeight, step: SgdStep) {
    let blocks = one.count.div_ceil(16);
    let parts = if blocks < 1024 { 1 } else { threads() };
    parallel(parts, |i| {
        let mine = share(blocks, i, parts);
        // SAFETY: each thread writes its own numbers.
        f32::run(
            evidence,
            #[inline(always)]
            move || unsafe { blocks_of(one, mine, step) },
        );
    });
}

#[inline(always)]
unsafe fn blocks_of(one: OneWeight, blocks: Range<usize>, step: SgdStep) {
    let OneWeight { w, v, g, count } = one;
    // SAFETY: the mask keeps to the numbers.
    unsafe {
        let rate = _mm512_set1_ps(-step.rate as f32);
        let decay = _mm512_set1_ps(-step.decay as f32);
        let momentum = _mm512_set1_ps(step.momentum as f32);
        for at in blocks.map(|block| block * 16) {
            let mask = within(count, at);
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
