use netc::lower::winograd::TileSize;

use super::super::simd::Simd;
use super::norms::{balance, norms, peak};
use super::{MOST, Tile, WeightGradTile, lanes};

/// 4 x 4 outputs of stride 2, from 9 x 9 inputs: y[i] = w0 d[2i] + w1 d[2i + 1] + w2 d[2i + 2].
///
/// The odd inputs meet one weight, which is no sum: four points, all with the weight w1. The even
/// ones meet two, by F(4, 2) at 0, 3/4, -3/4, 2 and infinity. In two dimensions 81 products make 16
/// outputs, 1.78 times fewer than the plain sum. These points amplify rounding errors 3.3 times
/// beside a direct product, where 0, 1, -1, 2 do 4.6 times.
#[derive(Debug)]
pub(in super::super) struct Down;

/// 8 x 8 pixels of the gradient by the input, from 5 x 5 of that by the output, by the same
/// products: y[2i] = w1 d[i], y[2i + 1] = w0 d[i] + w2 d[i + 1]. The weights are turned around.
#[derive(Debug)]
pub(in super::super) struct Up;

const A: f64 = 3.0 / 4.0;
const B: f64 = 2.0;
const A2: f64 = A * A;
const B2: f64 = B * B;
/// The rows of G are these times 1 and x, at the points x: 0, A, -A and B.
const G0: f64 = 1.0 / (A2 * B);
const GA: f64 = 1.0 / (2.0 * A2 * (A - B));
const GM: f64 = -1.0 / (2.0 * A2 * (A + B));
const GB: f64 = 1.0 / (B * (B2 - A2));

/// Of F(4, 2), then of one input.
const INPUT: [[f64; 5]; 6] = [
    [A2 * B, -A2, -B, 1.0, 0.0],
    [0.0, -A * B, A - B, 1.0, 0.0],
    [0.0, A * B, -A - B, 1.0, 0.0],
    [0.0, -A2, 0.0, 1.0, 0.0],
    [0.0, A2 * B, -A2, -B, 1.0],
    [1.0, 0.0, 0.0, 0.0, 0.0],
];
const WEIGHT: [[f64; 3]; 6] = [
    [G0, 0.0, 0.0],
    [GA, 0.0, GA * A],
    [GM, 0.0, -GM * A],
    [GB, 0.0, GB * B],
    [0.0, 0.0, 1.0],
    [0.0, 1.0, 0.0],
];
const OUTPUT: [[f64; 4]; 6] = [
    [1.0, 0.0, 0.0, 0.0],
    [1.0, A, A2, A2 * A],
    [1.0, -A, A2, -A2 * A],
    [1.0, B, B2, B2 * B],
    [0.0, 0.0, 0.0, 1.0],
    [1.0, 0.0, 0.0, 0.0],
];

/// K of A, -A, B and the points of w1; of the others it is 1.
const KA: f64 = balance(&INPUT, &WEIGHT, 1, [0, 4]);
const KM: f64 = balance(&INPUT, &WEIGHT, 2, [0, 4]);
const KB: f64 = balance(&INPUT, &WEIGHT, 3, [0, 4]);
const K1: f64 = balance(&INPUT, &WEIGHT, 5, [0, 4]);

/// Norms of the five points of F(4, 2), and four times that of the last.
const fn of_points(of_weights: [f32; MOST]) -> [f32; MOST] {
    let [zero, a, minus_a, b, infinity, one, ..] = of_weights;
    [zero, a, minus_a, b, infinity, one, one, one, one]
}

/// B^T of F(4, 2).
#[inline(always)]
unsafe fn f42_input<S: Simd>(d: [S::Lanes; 5]) -> [S::Lanes; 5] {
    // SAFETY: as for `Tile`, here and in all that follow.
    unsafe {
        // Without the factor x - B, which the other points have in common.
        let [d0, d1] = [lanes!(fma - B, d[0], d[1]), lanes!(fma - B, d[1], d[2])];
        let [d2, d3] = [lanes!(fma - B, d[2], d[3]), lanes!(fma - B, d[3], d[4])];
        [
            lanes!(fma - A2, d0, d2),
            lanes!(fma A, d1, d2),
            lanes!(fma - A, d1, d2),
            lanes!(fma - A2, d[1], d[3]),
            lanes!(fma - A2, d1, d3),
        ]
    }
}

/// A^T K of F(4, 2).
#[inline(always)]
unsafe fn f42_output<S: Simd>(m: [S::Lanes; 5]) -> [S::Lanes; 4] {
    // SAFETY: see `f42_input`.
    unsafe {
        let positive = lanes!(mul KA, m[1]);
        let [even, odd] = [lanes!(fma KM, m[2], positive), lanes!(fma - KM, m[2], positive)];
        [
            lanes!(fma KB, m[3], lanes!(add m[0], even)),
            lanes!(fma KB * B, m[3], lanes!(mul A, odd)),
            lanes!(fma KB * B2, m[3], lanes!(mul A2, even)),
            lanes!(fma KB * B2 * B, m[3], lanes!(fma A2 * A, odd, m[4])),
        ]
    }
}

impl Tile for Down {
    const SIZE: TileSize = TileSize::Down;
    const B_NORMS: [f32; MOST] = of_points(norms(&INPUT));
    const B_PEAK: f32 = peak(&INPUT);

    type Back = Up;
    type Points<V: Copy> = [V; 81];

    #[inline(always)]
    unsafe fn input<S: Simd>(d: [S::Lanes; MOST]) -> [S::Lanes; MOST] {
        // SAFETY: see `f42_input`.
        let [v0, v1, v2, v3, v4] = unsafe { f42_input::<S>([d[0], d[2], d[4], d[6], d[8]]) };
        [v0, v1, v2, v3, v4, d[1], d[3], d[5], d[7]]
    }

    #[inline(always)]
    unsafe fn output<S: Simd>(m: [S::Lanes; MOST]) -> [S::Lanes; MOST] {
        // SAFETY: see `f42_input`.
        unsafe {
            let zero = S::zero();
            let y = f42_output::<S>([m[0], m[1], m[2], m[3], m[4]]);
            [
                lanes!(fma K1, m[5], y[0]),
                lanes!(fma K1, m[6], y[1]),
                lanes!(fma K1, m[7], y[2]),
                lanes!(fma K1, m[8], y[3]),
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
        // SAFETY: see `f42_input`.
        unsafe {
            let zero = S::zero();
            [
                lanes!(mul G0, w[0]),
                lanes!(fma GA / KA * A, w[2], lanes!(mul GA / KA, w[0])),
                lanes!(fma - GM / KM * A, w[2], lanes!(mul GM / KM, w[0])),
                lanes!(fma GB / KB * B, w[2], lanes!(mul GB / KB, w[0])),
                w[2],
                lanes!(mul 1.0 / K1, w[1]),
                zero,
                zero,
                zero,
            ]
        }
    }
}

impl WeightGradTile for Down {
    const A_NORMS: [f32; MOST] = of_points(norms(&OUTPUT));

    #[inline(always)]
    unsafe fn output_gradient<S: Simd>(y: [S::Lanes; MOST]) -> [S::Lanes; MOST] {
        // SAFETY: see `f42_input`.
        unsafe {
            let even = lanes!(fma A2, y[2], y[0]);
            let odd = lanes!(fma A2 * A, y[3], lanes!(mul A, y[1]));
            let at_b = lanes!(fma B2, y[2], lanes!(fma B, y[1], y[0]));
            [
                y[0],
                lanes!(add even, odd),
                lanes!(sub even, odd),
                lanes!(fma B2 * B, y[3], at_b),
                y[3],
                y[0],
                y[1],
                y[2],
                y[3],
            ]
        }
    }

    #[inline(always)]
    unsafe fn weight_gradient<S: Simd>(u: [S::Lanes; MOST]) -> [S::Lanes; 3] {
        // SAFETY: see `f42_input`.
        unsafe {
            let first = lanes!(fma GM, u[2], lanes!(fma GA, u[1], lanes!(mul G0, u[0])));
            let last = lanes!(fma - GM * A, u[2], lanes!(fma GA * A, u[1], u[4]));
            [lanes!(fma GB, u[3], first), u[5], lanes!(fma GB * B, u[3], last)]
        }
    }
}

impl Tile for Up {
    const SIZE: TileSize = TileSize::Up;
    const B_NORMS: [f32; MOST] = Down::B_NORMS;
    const B_PEAK: f32 = Down::B_PEAK;

    type Back = Down;
    type Points<V: Copy> = [V; 81];

    #[inline(always)]
    unsafe fn input<S: Simd>(d: [S::Lanes; MOST]) -> [S::Lanes; MOST] {
        let [d0, d1, d2, d3, d4, ..] = d;
        // SAFETY: see `f42_input`.
        let [v0, v1, v2, v3, v4] = unsafe { f42_input::<S>([d0, d1, d2, d3, d4]) };
        [v0, v1, v2, v3, v4, d0, d1, d2, d3]
    }

    #[inline(always)]
    unsafe fn output<S: Simd>(m: [S::Lanes; MOST]) -> [S::Lanes; MOST] {
        // SAFETY: see `f42_input`.
        unsafe {
            let [y1, y3, y5, y7] = f42_output::<S>([m[0], m[1], m[2], m[3], m[4]]);
            let [y0, y2] = [lanes!(mul K1, m[5]), lanes!(mul K1, m[6])];
            let [y4, y6] = [lanes!(mul K1, m[7]), lanes!(mul K1, m[8])];
            [y0, y1, y2, y3, y4, y5, y6, y7, S::zero()]
        }
    }

    #[inline(always)]
    unsafe fn weight<S: Simd>(w: [S::Lanes; 3]) -> [S::Lanes; MOST] {
        // SAFETY: see `f42_input`.
        unsafe { Down::weight::<S>(w) }
    }
}
