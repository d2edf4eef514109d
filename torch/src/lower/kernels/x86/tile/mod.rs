//! The transforms of Winograd's convolution with 3 x 3 weights (Lavin and Gray, "Fast Algorithms
//! for Convolutional Neural Networks", 2015), one dimension at a time: y = A^T [(G w) * (B^T d)].

mod f2;
mod f4;
mod norms;
mod one;
mod strided;

use std::ops::{IndexMut, Range};

use netc::lower::winograd::TileSize;

use super::simd::Simd;
pub(super) use f2::F2;
pub(super) use f4::F4;
pub(super) use one::One;
pub(super) use strided::Down;

/// The most inputs, points or outputs of a tile in each direction.
pub(super) const MOST: usize = 9;
/// The most points of transformed weights.
pub(super) const MOST_WEIGHTS: usize = 36;

/// What a tile takes, and its transforms. Of the arrays only the first [`INPUTS`](Tile::INPUTS),
/// [`N`](Tile::N), [`M`](Tile::M) or [`W`](Tile::W) numbers count. The methods are inlined into
/// what has the target features.
///
/// # Safety
/// As for [`Simd`].
pub(super) trait Tile {
    const SIZE: TileSize;
    /// Outputs of a tile, in each direction.
    const M: usize = Self::SIZE.outputs();
    /// Inputs of a tile, in each direction.
    const INPUTS: usize = Self::SIZE.inputs();
    /// Points of the transformed tile, in each direction.
    const N: usize = Self::SIZE.side();
    /// Points of the transformed tile.
    const POINTS: usize = Self::SIZE.points();
    /// Points of transformed weights, in each direction.
    const W: usize = Self::SIZE.weight_side();
    /// Points of transformed weights.
    const WEIGHTS: usize = Self::SIZE.weight_points();
    /// Rows and columns of the weights.
    const KERNEL: usize = Self::SIZE.kernel();
    /// Norms of the rows of B^T.
    const B_NORMS: [f32; MOST];
    /// The largest of a row's sum of absolute values over its norm, of all rows of B^T; of the
    /// transform in two dimensions its square.
    const B_PEAK: f32;

    /// The tile of the gradient by the input, with the same transform of weights.
    type Back: Tile;
    /// Something for each of the [`POINTS`](Tile::POINTS).
    type Points<V: Copy>: PerPoint<V>;

    /// The points of a tile that are multiplied by a point of the weights, in one direction: the
    /// last of the weights' points multiplies all that are left.
    #[inline(always)]
    fn multiplied(weight: usize) -> Range<usize> {
        weight..if weight + 1 == Self::W { Self::N } else { weight + 1 }
    }

    /// B^T d.
    unsafe fn input<S: Simd>(d: [S::Lanes; MOST]) -> [S::Lanes; MOST];
    /// A^T K m, with the constants K by which `weight` divides.
    unsafe fn output<S: Simd>(m: [S::Lanes; MOST]) -> [S::Lanes; MOST];
    /// K^-1 G w.
    unsafe fn weight<S: Simd>(w: [S::Lanes; 3]) -> [S::Lanes; MOST];
}

/// The transforms of the gradient by the weights: it is G^T [(A y) * (B^T d)].
///
/// # Safety
/// As for [`Simd`].
pub(super) trait WeightGradTile: Tile {
    /// Norms of the columns of A^T.
    const A_NORMS: [f32; MOST];

    /// A y.
    unsafe fn output_gradient<S: Simd>(y: [S::Lanes; MOST]) -> [S::Lanes; MOST];
    /// G^T u.
    unsafe fn weight_gradient<S: Simd>(u: [S::Lanes; MOST]) -> [S::Lanes; 3];
}

/// An array by the points of a tile.
pub(super) trait PerPoint<V>: IndexMut<usize, Output = V> {
    /// The same everywhere.
    fn filled(value: V) -> Self;
}

impl<V: Copy, const N: usize> PerPoint<V> for [V; N] {
    #[inline(always)]
    fn filled(value: V) -> [V; N] {
        [value; N]
    }
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

use lanes;
