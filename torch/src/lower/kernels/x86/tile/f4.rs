use netc::lower::winograd::TileSize;

use super::super::simd::Simd;
use super::norms::{balance, norms, peak};
use super::{MOST, Tile, WeightGradTile, lanes};

/// F(4 x 4, 3 x 3) at 0, 5/8, -5/8, 3/2, -3/2 and infinity: 36 products for 16 outputs, 4 times
/// fewer. Among the points that are exact in binary these amplify rounding errors least: 4.8 times
/// beside a direct product, where 0, 1, -1, 2, -2 do 10.8 times.
#[derive(Debug)]
pub(in super::super) struct F4;

const A: f64 = 5.0 / 8.0;
const B: f64 = 3.0 / 2.0;
const A2: f64 = A * A;
const B2: f64 = B * B;
/// The rows of G are these times 1, x and x^2, at the points x.
const GA: f64 = 1.0 / (2.0 * A2 * (A2 - B2));
const GB: f64 = 1.0 / (2.0 * B2 * (B2 - A2));
const G0: f64 = 1.0 / (A2 * B2);

const INPUT: [[f64; 6]; 6] = [
    [A2 * B2, 0.0, -(A2 + B2), 0.0, 1.0, 0.0],
    [0.0, -A * B2, -B2, A, 1.0, 0.0],
    [0.0, A * B2, -B2, -A, 1.0, 0.0],
    [0.0, -B * A2, -A2, B, 1.0, 0.0],
    [0.0, B * A2, -A2, -B, 1.0, 0.0],
    [0.0, A2 * B2, 0.0, -(A2 + B2), 0.0, 1.0],
];
const WEIGHT: [[f64; 3]; 6] = [
    [G0, 0.0, 0.0],
    [GA, GA * A, GA * A2],
    [GA, -GA * A, GA * A2],
    [GB, GB * B, GB * B2],
    [GB, -GB * B, GB * B2],
    [0.0, 0.0, 1.0],
];
const OUTPUT: [[f64; 4]; 6] = [
    [1.0, 0.0, 0.0, 0.0],
    [1.0, A, A2, A2 * A],
    [1.0, -A, A2, -A2 * A],
    [1.0, B, B2, B2 * B],
    [1.0, -B, B2, -B2 * B],
    [0.0, 0.0, 0.0, 1.0],
];

/// K of A and -A, and of B and -B; of the others it is 1.
const KA: f64 = balance(&INPUT, &WEIGHT, 1, [0, 5]);
const KB: f64 = balance(&INPUT, &WEIGHT, 3, [0, 5]);

impl Tile for F4 {
    const SIZE: TileSize = TileSize::Four;
    const B_NORMS: [f32; MOST] = norms(&INPUT);
    const B_PEAK: f32 = peak(&INPUT);

    type Back = F4;
    type Points<V: Copy> = [V; 36];

    #[inline(always)]
    unsafe fn input<S: Simd>(d: [S::Lanes; MOST]) -> [S::Lanes; MOST] {
        // SAFETY: see `F2::input`.
        unsafe {
            let zero = S::zero();
            let even_a = lanes!(fma - B2, d[2], d[4]);
            let odd_a = lanes!(mul A, lanes!(fma -B2, d[1], d[3]));
            let even_b = lanes!(fma - A2, d[2], d[4]);
            let odd_b = lanes!(mul B, lanes!(fma -A2, d[1], d[3]));
            [
                lanes!(fma A2 * B2, d[0], lanes!(fma -(A2 + B2), d[2], d[4])),
                lanes!(add even_a, odd_a),
                lanes!(sub even_a, odd_a),
                lanes!(add even_b, odd_b),
                lanes!(sub even_b, odd_b),
                lanes!(fma A2 * B2, d[1], lanes!(fma -(A2 + B2), d[3], d[5])),
                zero,
                zero,
                zero,
            ]
        }
    }

    #[inline(always)]
    unsafe fn output<S: Simd>(m: [S::Lanes; MOST]) -> [S::Lanes; MOST] {
        // SAFETY: see `F2::input`.
        unsafe {
            let zero = S::zero();
            let [even_a, odd_a] = [lanes!(add m[1], m[2]), lanes!(sub m[1], m[2])];
            let [even_b, odd_b] = [lanes!(add m[3], m[4]), lanes!(sub m[3], m[4])];
            [
                lanes!(fma KB, even_b, lanes!(fma KA, even_a, m[0])),
                lanes!(fma KB * B, odd_b, lanes!(mul KA * A, odd_a)),
                lanes!(fma KB * B2, even_b, lanes!(mul KA * A2, even_a)),
                lanes!(fma KB * B2 * B, odd_b, lanes!(fma KA * A2 * A, odd_a, m[5])),
                zero,
                zero,
                zero,
                zero,
                zero,
            ]
        }
    }

    #[inline(always)]
    unsafe fn weight<S: Simd>(w: [S::Lanes; 3]) -> [S::Lanes; MOST] {
        // SAFETY: see `F2::input`.
        unsafe {
            let zero = S::zero();
            let even_a = lanes!(fma GA / KA * A2, w[2], lanes!(mul GA / KA, w[0]));
            let odd_a = lanes!(mul GA / KA * A, w[1]);
            let even_b = lanes!(fma GB / KB * B2, w[2], lanes!(mul GB / KB, w[0]));
            let odd_b = lanes!(mul GB / KB * B, w[1]);
            [
                lanes!(mul G0, w[0]),
                lanes!(add even_a, odd_a),
                lanes!(sub even_a, odd_a),
                lanes!(add even_b, odd_b),
                lanes!(sub even_b, odd_b),
                w[2],
                zero,
                zero,
                zero,
            ]
        }
    }
}

impl WeightGradTile for F4 {
    const A_NORMS: [f32; MOST] = norms(&OUTPUT);

    #[inline(always)]
    unsafe fn output_gradient<S: Simd>(y: [S::Lanes; MOST]) -> [S::Lanes; MOST] {
        // SAFETY: see `F2::input`.
        unsafe {
            let zero = S::zero();
            let even_a = lanes!(fma A2, y[2], y[0]);
            let odd_a = lanes!(fma A2 * A, y[3], lanes!(mul A, y[1]));
            let even_b = lanes!(fma B2, y[2], y[0]);
            let odd_b = lanes!(fma B2 * B, y[3], lanes!(mul B, y[1]));
            [
                y[0],
                lanes!(add even_a, odd_a),
                lanes!(sub even_a, odd_a),
                lanes!(add even_b, odd_b),
                lanes!(sub even_b, odd_b),
                y[3],
                zero,
                zero,
                zero,
            ]
        }
    }

    #[inline(always)]
    unsafe fn weight_gradient<S: Simd>(u: [S::Lanes; MOST]) -> [S::Lanes; 3] {
        // SAFETY: see `F2::input`.
        unsafe {
            let [even_a, odd_a] = [lanes!(add u[1], u[2]), lanes!(sub u[1], u[2])];
            let [even_b, odd_b] = [lanes!(add u[3], u[4]), lanes!(sub u[3], u[4])];
            let first = lanes!(fma GA, even_a, lanes!(mul GB, even_b));
            [
                lanes!(fma G0, u[0], first),
                lanes!(fma GA * A, odd_a, lanes!(mul GB * B, odd_b)),
                lanes!(fma GA * A2, even_a, lanes!(fma GB * B2, even_b, u[5])),
            ]
        }
    }
}
