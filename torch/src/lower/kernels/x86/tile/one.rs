use netc::lower::winograd::TileSize;

use super::super::simd::Simd;
use super::{MOST, Tile, WeightGradTile};

/// A pixel and a weight: all transforms leave them as they are.
#[derive(Debug)]
pub(in super::super) struct One;

const ALONE: [f32; MOST] = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];

impl Tile for One {
    const SIZE: TileSize = TileSize::One;
    const B_NORMS: [f32; MOST] = ALONE;
    const B_PEAK: f32 = 1.0;

    type Back = One;
    type Points<V: Copy> = [V; 1];

    #[inline(always)]
    unsafe fn input<S: Simd>(d: [S::Lanes; MOST]) -> [S::Lanes; MOST] {
        d
    }

    #[inline(always)]
    unsafe fn output<S: Simd>(m: [S::Lanes; MOST]) -> [S::Lanes; MOST] {
        m
    }

    #[inline(always)]
    unsafe fn weight<S: Simd>(w: [S::Lanes; 3]) -> [S::Lanes; MOST] {
        // SAFETY: as for the function.
        let zero = unsafe { S::zero() };
        [w[0], zero, zero, zero, zero, zero, zero, zero, zero]
    }
}

impl WeightGradTile for One {
    const A_NORMS: [f32; MOST] = ALONE;

    #[inline(always)]
    unsafe fn output_gradient<S: Simd>(y: [S::Lanes; MOST]) -> [S::Lanes; MOST] {
        y
    }

    #[inline(always)]
    unsafe fn weight_gradient<S: Simd>(u: [S::Lanes; MOST]) -> [S::Lanes; 3] {
        [u[0], u[1], u[2]]
    }
}
