use std::ops::Range;

use super::simd::Simd;
use crate::lower::kernels::evidence::Tier;
use crate::lower::kernels::pool::{Shared, taken, threads};
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
pub(in crate::lower::kernels) unsafe fn descend(tier: Tier, one: OneWeight, step: SgdStep) {
    // SAFETY: the caller vouches for the numbers.
    unsafe {
        match tier {
            Tier::Avx2(simd) => descend_as(simd, one, step),
            Tier::Avx512(simd) | Tier::Avx512Bf16(simd, _) => descend_as(simd, one, step),
        }
    }
}

/// Numbers that a thread takes at once.
const CHUNK: usize = 16_384;

unsafe fn descend_as<S: Simd>(simd: S, one: OneWeight, step: SgdStep) {
    taken(threads(), one.count.div_ceil(CHUNK), |_, chunk| {
        let numbers = chunk * CHUNK..one.count.min((chunk + 1) * CHUNK);
        // SAFETY: each call writes its own numbers.
        simd.run(
            #[inline(always)]
            move || unsafe { numbers_of::<S>(one, numbers, step) },
        );
    });
}

#[inline(always)]
unsafe fn numbers_of<S: Simd>(one: OneWeight, numbers: Range<usize>, step: SgdStep) {
    let OneWeight { w, v, g, .. } = one;
    // SAFETY: the count keeps to the numbers.
    unsafe {
        let rate = S::splat(-step.rate as f32);
        let decay = S::splat(-step.decay as f32);
        let momentum = S::splat(step.momentum as f32);
        for at in numbers.clone().step_by(S::LANES) {
            let count = numbers.end - at;
            let weight = S::load(w.at(at), count);
            let change = S::fma(weight, decay, S::mul(S::load(g.at(at), count), rate));
            let velocity = S::fma(S::load(v.at(at), count), momentum, change);
            let moved = if step.nesterov { S::fma(velocity, momentum, change) } else { velocity };
            S::store(v.at(at), count, velocity);
            S::store(w.at(at), count, S::add(weight, moved));
        }
    }
}
