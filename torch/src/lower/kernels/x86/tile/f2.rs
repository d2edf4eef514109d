use netc::lower::winograd::TileSize;

use super::super::simd::Simd;
use super::norms::{norms, peak};
use super::{MOST, Tile, WeightGradTile, lanes};

/// F(2 x 2, 3 x 3) at 0, 1, -1 and infinity: 16 products for 4 outputs, 2.25 times fewer than the
/// plain sum. K is 1.
#[derive(Debug)]
pub(in super::super) struct F2;

const B: [[f64; 4]; 4] =
    [[1.0, 0.0, -1.0, 0.0], [0.0, 1.0, 1.0, 0.0], [0.0, -1.0, 1.0, 0.0], [0.0, 1.0, 0.0, -1.0]];
const A: [[f64; 2]; 4] = [[1.0, 0.0], [1.0, 1.0], [1.0, -1.0], [0.0, -1.0]];

impl Tile for F2 {
    const SIZE: TileSize = TileSize::Two;
    const B_NORMS: [f32; MOST] = norms(&B);
    const B_PEAK: f32 = peak(&B);

    type Back = F2;
    type Points<V: Copy> = [V; 16];

    #[inline(always)]
    unsafe fn input<S: Simd>(d: [S::Lanes; MOST]) -> [S::Lanes; MOST] {
        // SAFETY: as for the function, here and in all that follow.
        unsafe {
            let zero = S::zero();
            let [first, second] = [lanes!(sub d[0], d[2]), lanes!(add d[1], d[2])];
            let [third, fourth] = [lanes!(sub d[2], d[1]), lanes!(sub d[1], d[3])];
            [first, second, third, fourth, zero, zero, zero, zero, zero]
        }
    }

    #[inline(always)]
    unsafe fn output<S: Simd>(m: [S::Lanes; MOST]) -> [S::Lanes; MOST] {
        // SAFETY: see `input`.
        unsafe {
            let zero = S::zero();
            let first = lanes!(add m[0], lanes!(add m[1], m[2]));
            let second = lanes!(sub lanes!(sub m[1], m[2]), m[3]);
            [first, second, zero, zero, zero, zero, zero, zero, zero]
        }
    }

    #[inline(always)]
    unsafe fn weight<S: Simd>(w: [S::Lanes; 3]) -> [S::Lanes; MOST] {
        // SAFETY: see `input`.
        unsafe {
            let zero = S::zero();
            let even = lanes!(mul 0.5, lanes!(add w[0], w[2]));
            let [sum, difference] = [lanes!(fma 0.5, w[1], even), lanes!(fma - 0.5, w[1], even)];
            [w[0], sum, difference, w[2], zero, zero, zero, zero, zero]
        }
    }
}

impl WeightGradTile for F2 {
    const A_NORMS: [f32; MOST] = norms(&A);

    #[inline(always)]
    unsafe fn output_gradient<S: Simd>(y: [S::Lanes; MOST]) -> [S::Lanes; MOST] {
        // SAFETY: see `input`.
        unsafe {
            let zero = S::zero();
            let [sum, difference] = [lanes!(add y[0], y[1]), lanes!(sub y[0], y[1])];
            let last = lanes!(sub zero, y[1]);
            [y[0], sum, difference, last, zero, zero, zero, zero, zero]
        }
    }

    #[inline(always)]
    unsafe fn weight_gradient<S: Simd>(u: [S::Lanes; MOST]) -> [S::Lanes; 3] {
        // SAFETY: see `input`.
        unsafe {
            let even = lanes!(add u[1], u[2]);
            let odd = lanes!(mul 0.5, lanes!(sub u[1], u[2]));
            [lanes!(fma 0.5, even, u[0]), odd, lanes!(fma 0.5, even, u[3])]
        }
    }
}
