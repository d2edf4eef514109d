//! The transforms of Winograd's convolution with 3 x 3 weights (Lavin and Gray, "Fast Algorithms
//! for Convolutional Neural Networks", 2015), one dimension at a time: y = A^T [(G w) * (B^T d)].
//! F(2) interpolates at 0, 1, -1, F(4) also at 2, -2.

use std::arch::x86_64::*;

use netc::lower::winograd::TileSize;

use super::scalar::Lanes;

/// The largest tile of an input.
pub(super) const MOST: usize = 6;

/// How many outputs a tile has in each direction, and its transforms. Of the arrays only the first
/// [`M`](Tile::M), [`N`](Tile::N) or 3 count. The methods are inlined into what has the target
/// features.
pub(super) trait Tile {
    const SIZE: TileSize;
    /// Outputs of a tile, in each direction.
    const M: usize = Self::SIZE.outputs();
    /// Inputs of a tile, in each direction.
    const N: usize = Self::M + 2;
    /// Points of the transformed tile.
    const POINTS: usize = Self::N * Self::N;

    /// B^T d.
    unsafe fn input(d: [Lanes; MOST]) -> [Lanes; MOST];
    /// A^T m.
    unsafe fn output(m: [Lanes; MOST]) -> [Lanes; MOST];
    /// A y, the transpose of `output`.
    unsafe fn output_gradient(y: [Lanes; MOST]) -> [Lanes; MOST];
    /// G w.
    unsafe fn weight(w: [Lanes; 3]) -> [Lanes; MOST];
    /// G^T u, the transpose of `weight`.
    unsafe fn weight_gradient(u: [Lanes; MOST]) -> [Lanes; 3];
}

/// F(2 x 2, 3 x 3): 16 products for 4 outputs, 2.25 times fewer than the plain sum.
#[derive(Debug)]
pub(super) struct F2;

/// F(4 x 4, 3 x 3): 36 products for 16 outputs, 4 times fewer.
#[derive(Debug)]
pub(super) struct F4;

macro_rules! lanes {
    (add $a:expr, $b:expr) => {
        _mm512_add_ps($a, $b)
    };
    (sub $a:expr, $b:expr) => {
        _mm512_sub_ps($a, $b)
    };
    (mul $k:literal, $a:expr) => {
        _mm512_mul_ps(_mm512_set1_ps($k), $a)
    };
    // k a + b
    (fma $k:literal, $a:expr, $b:expr) => {
        _mm512_fmadd_ps(_mm512_set1_ps($k), $a, $b)
    };
}

impl Tile for F2 {
    const SIZE: TileSize = TileSize::Two;

    #[inline(always)]
    unsafe fn input(d: [Lanes; MOST]) -> [Lanes; MOST] {
        // SAFETY: the caller vouches for the target features, here and in all that follow.
        unsafe {
            let zero = _mm512_setzero_ps();
            [
                lanes!(sub d[0], d[2]),
                lanes!(add d[1], d[2]),
                lanes!(sub d[2], d[1]),
                lanes!(sub d[1], d[3]),
                zero,
                zero,
            ]
        }
    }

    #[inline(always)]
    unsafe fn output(m: [Lanes; MOST]) -> [Lanes; MOST] {
        // SAFETY: see `input`.
        unsafe {
            let zero = _mm512_setzero_ps();
            let first = lanes!(add m[0], lanes!(add m[1], m[2]));
            let second = lanes!(sub lanes!(sub m[1], m[2]), m[3]);
            [first, second, zero, zero, zero, zero]
        }
    }

    #[inline(always)]
    unsafe fn output_gradient(y: [Lanes; MOST]) -> [Lanes; MOST] {
        // SAFETY: see `input`.
        unsafe {
            let zero = _mm512_setzero_ps();
            [
                y[0],
                lanes!(add y[0], y[1]),
                lanes!(sub y[0], y[1]),
                lanes!(sub zero, y[1]),
                zero,
                zero,
            ]
        }
    }

    #[inline(always)]
    unsafe fn weight(w: [Lanes; 3]) -> [Lanes; MOST] {
        // SAFETY: see `input`.
        unsafe {
            let zero = _mm512_setzero_ps();
            let even = lanes!(mul 0.5, lanes!(add w[0], w[2]));
            [w[0], lanes!(fma 0.5, w[1], even), lanes!(fma - 0.5, w[1], even), w[2], zero, zero]
        }
    }

    #[inline(always)]
    unsafe fn weight_gradient(u: [Lanes; MOST]) -> [Lanes; 3] {
        // SAFETY: see `input`.
        unsafe {
            let even = lanes!(add u[1], u[2]);
            [
                lanes!(fma 0.5, even, u[0]),
                lanes!(mul 0.5, lanes!(sub u[1], u[2])),
                lanes!(fma 0.5, even, u[3]),
            ]
        }
    }
}

impl Tile for F4 {
    const SIZE: TileSize = TileSize::Four;

    #[inline(always)]
    unsafe fn input(d: [Lanes; MOST]) -> [Lanes; MOST] {
        // SAFETY: see `F2::input`.
        unsafe {
            let a = lanes!(fma - 4.0, d[2], d[4]);
            let b = lanes!(fma - 4.0, d[1], d[3]);
            let c = lanes!(sub d[4], d[2]);
            let e = lanes!(mul 2.0, lanes!(sub d[3], d[1]));
            [
                lanes!(fma 4.0, d[0], lanes!(fma -5.0, d[2], d[4])),
                lanes!(add a, b),
                lanes!(sub a, b),
                lanes!(add c, e),
                lanes!(sub c, e),
                lanes!(fma 4.0, d[1], lanes!(fma -5.0, d[3], d[5])),
            ]
        }
    }

    #[inline(always)]
    unsafe fn output(m: [Lanes; MOST]) -> [Lanes; MOST] {
        // SAFETY: see `F2::input`.
        unsafe {
            let zero = _mm512_setzero_ps();
            let (sum, difference) = (lanes!(add m[1], m[2]), lanes!(sub m[1], m[2]));
            let (sum2, difference2) = (lanes!(add m[3], m[4]), lanes!(sub m[3], m[4]));
            [
                lanes!(add m[0], lanes!(add sum, sum2)),
                lanes!(fma 2.0, difference2, difference),
                lanes!(fma 4.0, sum2, sum),
                lanes!(add lanes!(fma 8.0, difference2, difference), m[5]),
                zero,
                zero,
            ]
        }
    }

    #[inline(always)]
    unsafe fn output_gradient(y: [Lanes; MOST]) -> [Lanes; MOST] {
        // SAFETY: see `F2::input`.
        unsafe {
            let (even, odd) = (lanes!(add y[0], y[2]), lanes!(add y[1], y[3]));
            let (even2, odd2) =
                (lanes!(fma 4.0, y[2], y[0]), lanes!(fma 8.0, y[3], lanes!(mul 2.0, y[1])));
            [
                y[0],
                lanes!(add even, odd),
                lanes!(sub even, odd),
                lanes!(add even2, odd2),
                lanes!(sub even2, odd2),
                y[3],
            ]
        }
    }

    #[inline(always)]
    unsafe fn weight(w: [Lanes; 3]) -> [Lanes; MOST] {
        // SAFETY: see `F2::input`.
        unsafe {
            let even = lanes!(mul - 0.166_666_67, lanes!(add w[0], w[2]));
            let even2 = lanes!(fma 0.166_666_67, w[2], lanes!(mul 0.041_666_668, w[0]));
            [
                lanes!(mul 0.25, w[0]),
                lanes!(fma - 0.166_666_67, w[1], even),
                lanes!(fma 0.166_666_67, w[1], even),
                lanes!(fma 0.083_333_336, w[1], even2),
                lanes!(fma - 0.083_333_336, w[1], even2),
                w[2],
            ]
        }
    }

    #[inline(always)]
    unsafe fn weight_gradient(u: [Lanes; MOST]) -> [Lanes; 3] {
        // SAFETY: see `F2::input`.
        unsafe {
            let (sum, sum2) = (lanes!(add u[1], u[2]), lanes!(add u[3], u[4]));
            [
                lanes!(fma 0.25, u[0], lanes!(fma -0.166_666_67, sum, lanes!(mul 0.041_666_668, sum2))),
                lanes!(fma 0.166_666_67, lanes!(sub u[2], u[1]), lanes!(mul 0.083_333_336, lanes!(sub u[3], u[4]))),
                lanes!(fma 0.166_666_67, lanes!(sub sum2, sum), u[5]),
            ]
        }
    }
}
