//! The scales that turn transformed numbers into integers of 16 bits, such that no sum of their
//! products leaves 32 bits: by Cauchy and Schwarz it is at most the product of the norms of the two
//! rows. A scale is the number that 1 stands for. Those of a NaN or an infinity are NaN, which
//! would leave no trace in an integer.

use super::super::element::Element;
use super::super::simd::Simd;
use super::super::tile::{Tile, WeightGradTile};
use super::dims::{Dims, TilePlace};
use super::operand::Operand;

/// The largest integer, with some room for rounding.
pub(super) const LARGEST: f32 = 32_700.0;
/// Room for rounding of the norms themselves.
const ROOM: f32 = 1.000_01;
/// The smallest scale.
const SMALLEST: f32 = 1e-30;

/// How large norms may be. With up to [`CHANNELS`](netc::lower::winograd::CHANNELS) channels,
/// rounding adds at most 32 to each, and the products of both stay below 2^31.
#[derive(Debug, Clone, Copy)]
pub(super) struct Norms {
    /// Of a row of inputs; of a tile's bound, which is about as many times the norm as a tile has
    /// inputs in each direction.
    pub input: f32,
    /// Of a row of a filter.
    pub filter: f32,
}

/// A scale for a tile, by a bound from its inputs: no row is longer than the tile times the norms
/// of two rows of B^T.
/// That is so for the points of any tile. Those of stride 2 that share weights have integer sums of
/// their own, each within the bound.
pub(super) const BY_TILE: Norms = Norms { input: 130_000.0, filter: 16_400.0 };

/// A scale for each row.
pub(super) const BY_ROW: Norms = Norms { input: LARGEST, filter: 2.0 * LARGEST };

/// The scale of a norm and of a largest absolute value; `square` is that of the norm.
#[inline(always)]
pub(super) fn scale(square: f32, largest: f32, norm: f32) -> f32 {
    (square.sqrt() * (ROOM / norm)).max(largest / LARGEST).max(SMALLEST) + 0.0 * square
}

/// The same for each lane.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn scales<S: Simd>(square: S::Lanes, largest: S::Lanes, norm: f32) -> S::Lanes {
    // SAFETY: as for the function.
    unsafe {
        let by_norm = S::mul(S::sqrt(square), S::splat(ROOM / norm));
        let by_value = S::mul(largest, S::splat(1.0 / LARGEST));
        let scale = S::max(S::max(by_norm, by_value), S::splat(SMALLEST));
        S::fma(S::zero(), square, scale)
    }
}

/// What a point is divided by before its scale: the norms of two rows of B^T.
#[inline(always)]
pub(super) fn point_norm<T: Tile>(point: usize) -> f32 {
    T::B_NORMS[point / T::N] * T::B_NORMS[point % T::N]
}

/// What a point of weights is multiplied by: what the points that it multiplies are divided by.
#[inline(always)]
pub(super) fn weight_norm<T: Tile>(weight: usize) -> f32 {
    point_norm::<T>(first_point::<T>(weight))
}

/// What a point of a gradient is divided by before its scale: the norms of two columns of A^T.
#[inline(always)]
pub(super) fn gradient_norm<T: WeightGradTile>(point: usize) -> f32 {
    T::A_NORMS[point / T::N] * T::A_NORMS[point % T::N]
}

/// What a point of a weight gradient is multiplied by, to undo both.
#[inline(always)]
pub(super) fn back_norm<T: WeightGradTile>(weight: usize) -> f32 {
    let point = first_point::<T>(weight);
    point_norm::<T>(point) * gradient_norm::<T>(point)
}

/// The first point that a point of the weights multiplies; the others have the same norms.
#[inline(always)]
fn first_point<T: Tile>(weight: usize) -> usize {
    let first = |weight| T::multiplied(weight).start;
    first(weight / T::W) * T::N + first(weight % T::W)
}

/// For each pixel of some rows of all images, sums of squares over its channels, one for each lane.
///
/// # Safety
/// `x` is the input of `dims`, `to` has room for the rows. As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn squares<S: Simd, E: Element>(
    x: *const E,
    dims: &Dims,
    rows: std::ops::Range<usize>,
    to: *mut f32,
) {
    let channels = dims.in_channels;
    // SAFETY: as for the function.
    unsafe {
        let width = dims.input[1];
        for pixel in rows.start * width..rows.end * width {
            let from = x.add(pixel * channels);
            let mut sums = [S::zero(); 2];
            for channel in (0..channels).step_by(2 * S::LANES) {
                for (i, sum) in sums.iter_mut().enumerate() {
                    let at = channel + i * S::LANES;
                    let value =
                        E::load::<S>(from.add(at.min(channels)), channels.saturating_sub(at));
                    *sum = S::fma(value, value, *sum);
                }
            }
            let at = pixel - rows.start * width;
            S::store(to.add(at * S::LANES), S::LANES, S::add(sums[0], sums[1]));
        }
    }
}

/// The scale of a tile from the [`squares`] of the rows from `start`.
///
/// # Safety
/// The tile is within them. As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn of_tile<S: Simd, T: Tile>(
    squares: *const f32,
    start: usize,
    dims: &Dims,
    place: TilePlace,
) -> f32 {
    let [rows, columns] = place.reads::<T>(dims);
    // SAFETY: as for the function.
    unsafe {
        let (mut sum, mut most) = (S::zero(), S::zero());
        for row in rows {
            let from = (place.image * dims.input[0] + row - start) * dims.input[1];
            for column in columns.clone() {
                let pixel = S::load(squares.add((from + column) * S::LANES), S::LANES);
                sum = S::add(sum, pixel);
                most = S::max(pixel, most);
            }
        }
        // A lane's sum of squares is at least the square of its largest value.
        let ([square, _], [_, largest]) = (S::reduce(sum), S::reduce(most));
        scale(square, largest.sqrt() * T::B_PEAK, BY_TILE.input)
    }
}

/// Converts a row of transformed numbers and returns its scale.
///
/// # Safety
/// There are so many numbers, a multiple of 16, and there is as much room. As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn convert_row<S: Simd, O: Operand<S>>(
    row: *const f32,
    count: usize,
    to: *mut u32,
) -> f32 {
    // SAFETY: as for the function.
    unsafe {
        let mut sums = [S::zero(); 2];
        for at in (0..count).step_by(2 * S::LANES) {
            for (i, sum) in sums.iter_mut().enumerate() {
                let at = at + i * S::LANES;
                if at < count {
                    let value = S::load(row.add(at), S::LANES);
                    *sum = S::fma(value, value, *sum);
                }
            }
        }
        let [square, _] = S::reduce(S::add(sums[0], sums[1]));
        // No number is larger than the norm.
        let scale = scale(square, 0.0, BY_ROW.input);
        let by = S::splat(1.0 / scale);
        for at in (0..count).step_by(S::LANES) {
            let value = S::load(row.add(at), S::LANES);
            O::store(to, at, O::scaled(value, by));
        }
        scale
    }
}
