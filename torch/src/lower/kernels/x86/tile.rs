//! The transforms of Winograd's convolution with 3 x 3 weights (Lavin and Gray, "Fast Algorithms
//! for Convolutional Neural Networks", 2015), one dimension at a time: y = A^T [(G w) * (B^T d)].

use netc::lower::winograd::TileSize;

use super::simd::Simd;

/// The largest tile of an input.
pub(super) const MOST: usize = 6;

/// How many outputs a tile has in each direction, and its transforms. Of the arrays only the first
/// [`M`](Tile::M), [`N`](Tile::N) or 3 count. The methods are inlined into what has the target
/// features.
///
/// # Safety
/// As for [`Simd`].
pub(super) trait Tile {
    const SIZE: TileSize;
    /// Outputs of a tile, in each direction.
    const M: usize = Self::SIZE.outputs();
    /// Inputs of a tile, in each direction.
    const N: usize = Self::M + 2;
    /// Points of the transformed tile.
    const POINTS: usize = Self::N * Self::N;

    /// B^T d.
    unsafe fn input<S: Simd>(d: [S::Lanes; MOST]) -> [S::Lanes; MOST];
    /// A^T K m, with the constants K by which `weight` divides.
    unsafe fn output<S: Simd>(m: [S::Lanes; MOST]) -> [S::Lanes; MOST];
    /// A y.
    unsafe fn output_gradient<S: Simd>(y: [S::Lanes; MOST]) -> [S::Lanes; MOST];
    /// K^-1 G w.
    unsafe fn weight<S: Simd>(w: [S::Lanes; 3]) -> [S::Lanes; MOST];
    /// G^T u.
    unsafe fn weight_gradient<S: Simd>(u: [S::Lanes; MOST]) -> [S::Lanes; 3];
}

/// F(2 x 2, 3 x 3) at 0, 1, -1 and infinity: 16 products for 4 outputs, 2.25 times fewer than the
/// plain sum. K is 1.
#[derive(Debug)]
pub(super) struct F2;

/// F(4 x 4, 3 x 3) at 0, 5/8, -5/8, 3/2, -3/2 and infinity: 36 products for 16 outputs, 4 times
/// fewer. Among the points that are exact in binary these amplify rounding errors least: 4.8 times
/// beside a direct product, where 0, 1, -1, 2, -2 do 10.8 times.
#[derive(Debug)]
pub(super) struct F4;

/// The numbers of F(4 x 4, 3 x 3).
pub(super) mod f4 {
    use super::MOST;

    pub(in super::super) const A: f64 = 5.0 / 8.0;
    pub(in super::super) const B: f64 = 3.0 / 2.0;
    pub(in super::super) const A2: f64 = A * A;
    pub(in super::super) const B2: f64 = B * B;
    /// The rows of G: these times 1, x and x^2, at the points x.
    const GA: f64 = 1.0 / (2.0 * A2 * (A2 - B2));
    const GB: f64 = 1.0 / (2.0 * B2 * (B2 - A2));
    const G0: f64 = 1.0 / (A2 * B2);
    /// At the points 0, A and -A, B and -B, infinity.
    const G: [f64; 4] = [G0, GA, GB, 1.0];

    /// The square root, by Newton's method.
    const fn root(square: f64) -> f64 {
        let (mut root, mut i) = (square, 0);
        while i < 60 {
            root = 0.5 * (root + square / root);
            i += 1;
        }
        root
    }

    /// Which of four points, by its absolute value.
    const fn kind(point: usize) -> usize {
        [0, 1, 1, 2, 2, 3][point]
    }

    const fn b_norm(kind: usize) -> f64 {
        match kind {
            1 => root((1.0 + B2 * B2) * (1.0 + A2)),
            2 => root((1.0 + A2 * A2) * (1.0 + B2)),
            _ => root(A2 * B2 * A2 * B2 + (A2 + B2) * (A2 + B2) + 1.0),
        }
    }

    const fn g_norm(kind: usize) -> f64 {
        match kind {
            1 => root(GA * GA * (1.0 + A2 + A2 * A2)),
            2 => root(GB * GB * (1.0 + B2 + B2 * B2)),
            _ => G[kind],
        }
    }

    /// K: what the weights' transform is divided by and the output's multiplied by. With it, the
    /// norms of the rows of B^T times those of G are nearly the same for all points, so that one
    /// scale does for all integers of a filter: sqrt(g0 b0 ginf binf) stands for 0 and infinity.
    pub(in super::super) const fn balance(point: usize) -> f64 {
        let kind = kind(point);
        match kind {
            1 | 2 => b_norm(kind) * g_norm(kind) / (b_norm(0) * root(g_norm(0) * g_norm(3))),
            _ => 1.0,
        }
    }

    /// K^-1 times the factor of a row of G.
    pub(super) const fn g(point: usize) -> f64 {
        let kind = kind(point);
        G[kind] / balance(point)
    }

    /// The factor of a row of G.
    pub(super) const fn plain_g(point: usize) -> f64 {
        G[kind(point)]
    }

    const fn b_norms() -> [f32; MOST] {
        let (mut norms, mut point) = ([0.0; MOST], 0);
        while point < MOST {
            norms[point] = b_norm(kind(point)) as f32;
            point += 1;
        }
        norms
    }

    /// Norms of the rows of B^T.
    pub(in super::super) const B_NORMS: [f32; MOST] = b_norms();

    /// Norms of the columns of A^T: 1, x, x^2, x^3.
    const fn a_norm(kind: usize) -> f64 {
        let x2 = match kind {
            1 => A2,
            2 => B2,
            _ => return 1.0,
        };
        root(1.0 + x2 + x2 * x2 + x2 * x2 * x2)
    }

    const fn a_norms() -> [f32; MOST] {
        let (mut norms, mut point) = ([0.0; MOST], 0);
        while point < MOST {
            norms[point] = a_norm(kind(point)) as f32;
            point += 1;
        }
        norms
    }

    /// Norms of the columns of A^T.
    pub(in super::super) const A_NORMS: [f32; MOST] = a_norms();

    /// The largest of a row's sum of absolute values over its norm, of all rows of B^T; of the
    /// transform in two dimensions its square.
    pub(in super::super) const B_PEAK: f32 = {
        let sums = [A2 * B2 + A2 + B2 + 1.0, (1.0 + B2) * (1.0 + A), (1.0 + A2) * (1.0 + B)];
        let (mut most, mut kind) = (0.0, 0);
        while kind < 3 {
            let ratio = sums[kind] / b_norm(kind);
            if ratio > most {
                most = ratio;
            }
            kind += 1;
        }
        (most * most) as f32
    };
}

macro_rules! lanes {
    (add $a:expr, $b:expr) => {
        S::add($a, $b)
    };
    (sub $a:expr, $b:expr) => {
        S::sub($a, $b)
    };
    (mul $k:expr, $a:expr) => {
        S::mul(S::splat(const { ($k) as f32 }), $a)
    };
    // k a + b
    (fma $k:expr, $a:expr, $b:expr) => {
        S::fma(S::splat(const { ($k) as f32 }), $a, $b)
    };
}

impl Tile for F2 {
    const SIZE: TileSize = TileSize::Two;

    #[inline(always)]
    unsafe fn input<S: Simd>(d: [S::Lanes; MOST]) -> [S::Lanes; MOST] {
        // SAFETY: as for the function, here and in all that follow.
        unsafe {
            let zero = S::zero();
            let [first, second] = [lanes!(sub d[0], d[2]), lanes!(add d[1], d[2])];
            [first, second, lanes!(sub d[2], d[1]), lanes!(sub d[1], d[3]), zero, zero]
        }
    }

    #[inline(always)]
    unsafe fn output<S: Simd>(m: [S::Lanes; MOST]) -> [S::Lanes; MOST] {
        // SAFETY: see `input`.
        unsafe {
            let zero = S::zero();
            let first = lanes!(add m[0], lanes!(add m[1], m[2]));
            let second = lanes!(sub lanes!(sub m[1], m[2]), m[3]);
            [first, second, zero, zero, zero, zero]
        }
    }

    #[inline(always)]
    unsafe fn output_gradient<S: Simd>(y: [S::Lanes; MOST]) -> [S::Lanes; MOST] {
        // SAFETY: see `input`.
        unsafe {
            let zero = S::zero();
            let [sum, difference] = [lanes!(add y[0], y[1]), lanes!(sub y[0], y[1])];
            [y[0], sum, difference, lanes!(sub zero, y[1]), zero, zero]
        }
    }

    #[inline(always)]
    unsafe fn weight<S: Simd>(w: [S::Lanes; 3]) -> [S::Lanes; MOST] {
        // SAFETY: see `input`.
        unsafe {
            let zero = S::zero();
            let even = lanes!(mul 0.5, lanes!(add w[0], w[2]));
            let [sum, difference] = [lanes!(fma 0.5, w[1], even), lanes!(fma - 0.5, w[1], even)];
            [w[0], sum, difference, w[2], zero, zero]
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

impl Tile for F4 {
    const SIZE: TileSize = TileSize::Four;

    #[inline(always)]
    unsafe fn input<S: Simd>(d: [S::Lanes; MOST]) -> [S::Lanes; MOST] {
        use f4::{A, A2, B, B2};
        // SAFETY: see `F2::input`.
        unsafe {
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
            ]
        }
    }

    #[inline(always)]
    unsafe fn output<S: Simd>(m: [S::Lanes; MOST]) -> [S::Lanes; MOST] {
        use f4::{A, A2, B, B2, balance};
        const KA: f64 = balance(1);
        const KB: f64 = balance(3);
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
            ]
        }
    }

    #[inline(always)]
    unsafe fn output_gradient<S: Simd>(y: [S::Lanes; MOST]) -> [S::Lanes; MOST] {
        use f4::{A, A2, B, B2};
        // SAFETY: see `F2::input`.
        unsafe {
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
            ]
        }
    }

    #[inline(always)]
    unsafe fn weight<S: Simd>(w: [S::Lanes; 3]) -> [S::Lanes; MOST] {
        use f4::{A, A2, B, B2, g};
        // SAFETY: see `F2::input`.
        unsafe {
            let even_a = lanes!(fma g(1) * A2, w[2], lanes!(mul g(1), w[0]));
            let odd_a = lanes!(mul g(1) * A, w[1]);
            let even_b = lanes!(fma g(3) * B2, w[2], lanes!(mul g(3), w[0]));
            let odd_b = lanes!(mul g(3) * B, w[1]);
            [
                lanes!(mul g(0), w[0]),
                lanes!(add even_a, odd_a),
                lanes!(sub even_a, odd_a),
                lanes!(add even_b, odd_b),
                lanes!(sub even_b, odd_b),
                w[2],
            ]
        }
    }

    #[inline(always)]
    unsafe fn weight_gradient<S: Simd>(u: [S::Lanes; MOST]) -> [S::Lanes; 3] {
        use f4::{A, A2, B, B2, plain_g};
        const GA: f64 = plain_g(1);
        const GB: f64 = plain_g(3);
        // SAFETY: see `F2::input`.
        unsafe {
            let [even_a, odd_a] = [lanes!(add u[1], u[2]), lanes!(sub u[1], u[2])];
            let [even_b, odd_b] = [lanes!(add u[3], u[4]), lanes!(sub u[3], u[4])];
            let first = lanes!(fma GA, even_a, lanes!(mul GB, even_b));
            [
                lanes!(fma plain_g(0), u[0], first),
                lanes!(fma GA * A, odd_a, lanes!(mul GB * B, odd_b)),
                lanes!(fma GA * A2, even_a, lanes!(fma GB * B2, even_b, u[5])),
            ]
        }
    }
}
