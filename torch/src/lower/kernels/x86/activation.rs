//! Activation functions and their derivatives, on vectors.

use netc::lower::schedule::CpuActivation;

use super::simd::{MAGIC, Simd};

/// The activation of `x`.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn value<S: Simd>(of: CpuActivation, x: S::Lanes) -> S::Lanes {
    // SAFETY: as for the function, here and in all that follow.
    unsafe {
        match of {
            CpuActivation::Elu { alpha, scale } => {
                let zero = S::zero();
                let below = S::max(zero, S::sub(zero, x));
                let power = exp::<S>(S::mul(below, S::splat(-1.0 / scale)));
                let below = S::mul(S::splat(alpha), S::sub(power, S::splat(1.0)));
                S::add(S::max(zero, x), below)
            }
            CpuActivation::Gelu => S::mul(x, normal::<S>(x)[0]),
            CpuActivation::Silu => S::mul(x, sigmoid::<S>(x)),
        }
    }
}

/// Its derivative at `x`.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn slope<S: Simd>(of: CpuActivation, x: S::Lanes) -> S::Lanes {
    // SAFETY: see `value`.
    unsafe {
        let one = S::splat(1.0);
        match of {
            CpuActivation::Elu { alpha, scale } => {
                let above = S::above(x, S::zero());
                let power = exp::<S>(S::mul(x, S::splat(1.0 / scale)));
                let below = S::mul(S::splat(alpha / scale), power);
                let below = S::keep(S::without(S::all(), above), below);
                S::add(S::keep(above, one), below)
            }
            CpuActivation::Gelu => {
                let [distribution, density] = normal::<S>(x);
                S::fma(x, density, distribution)
            }
            CpuActivation::Silu => {
                let y = sigmoid::<S>(x);
                S::mul(y, S::fma(x, S::sub(one, y), one))
            }
        }
    }
}

/// exp(x), to about one unit in the last place; x below -87 counts as that, and above 88 as that.
/// x = n ln 2 + r, and a polynomial of r (Cephes, `expf`).
#[inline(always)]
unsafe fn exp<S: Simd>(x: S::Lanes) -> S::Lanes {
    // SAFETY: see `value`.
    unsafe {
        // Where x is NaN, the second operand comes out.
        let x = S::max(S::splat(-87.0), x);
        let x = S::sub(S::zero(), S::max(S::splat(-88.0), S::sub(S::zero(), x)));
        let shifted = S::fma(x, S::splat(std::f32::consts::LOG2_E), S::splat(MAGIC));
        let n = S::sub(shifted, S::splat(MAGIC));
        let r = S::fma(n, S::splat(-355.0 / 512.0), x);
        let r = S::fma(n, S::splat(2.121_944_4e-4), r);
        let mut sum = S::splat(1.987_569_2e-4);
        for factor in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
            sum = S::fma(sum, r, S::splat(factor));
        }
        let sum = S::fma(sum, S::mul(r, r), S::add(r, S::splat(1.0)));
        S::shifted(sum, shifted)
    }
}

/// 1 / (1 + exp(-x)).
#[inline(always)]
unsafe fn sigmoid<S: Simd>(x: S::Lanes) -> S::Lanes {
    // SAFETY: see `value`.
    unsafe {
        let one = S::splat(1.0);
        S::div(one, S::add(one, exp::<S>(S::sub(S::zero(), x))))
    }
}

/// The distribution function of the normal distribution and its density, with errors below 1e-7
/// (Abramowitz and Stegun, "Handbook of Mathematical Functions", 1964, 7.1.26).
#[inline(always)]
unsafe fn normal<S: Simd>(x: S::Lanes) -> [S::Lanes; 2] {
    // SAFETY: see `value`.
    unsafe {
        let one = S::splat(1.0);
        let size = S::max(x, S::sub(S::zero(), x));
        let power = exp::<S>(S::mul(S::mul(x, x), S::splat(-0.5)));
        let t = S::fma(size, S::splat(0.327_591_1 * std::f32::consts::FRAC_1_SQRT_2), one);
        let t = S::div(one, t);
        let mut sum = S::splat(1.061_405_4);
        for factor in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
            sum = S::fma(sum, t, S::splat(factor));
        }
        // What the distribution has beyond |x|.
        let beyond = S::mul(S::mul(S::splat(0.5), power), S::mul(sum, t));
        let above = S::above(x, S::zero());
        let from = S::keep(above, S::sub(one, S::add(beyond, beyond)));
        const DENSITY: f32 = 0.398_942_3;
        [S::add(from, beyond), S::mul(S::splat(DENSITY), power)]
    }
}
