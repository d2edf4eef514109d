use super::super::element::Element;
use super::super::simd::Simd;
use super::super::tile::{MOST, Tile};
use super::dims::{Dims, TilePlace};
use super::unrolled::unrolled;

/// The largest number of points of a tile.
pub(super) const POINTS: usize = MOST * MOST;

/// Gives each point of some channels of a tile of the input, transformed; zeros around the image.
///
/// # Safety
/// `x` is the input of `dims`, and `place` lies within. As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn input<S: Simd, E: Element, T: Tile>(
    x: *const E,
    dims: &Dims,
    place: TilePlace,
    channel: usize,
    give: impl FnMut(usize, S::Lanes),
) {
    let count = dims.in_channels.saturating_sub(channel);
    let inside = place.row > 0
        && place.column > 0
        && place.row + T::M < dims.height
        && place.column + T::M < dims.width
        && count >= S::LANES;
    // The image begins one pixel after the tile's input, hence the wrapping below 0.
    let (row, column) = (place.row.wrapping_sub(1), place.column.wrapping_sub(1));
    // SAFETY: as for the function.
    unsafe {
        if inside {
            let first = (place.image * dims.height + row) * dims.width + column;
            let first = x.add(first * dims.in_channels + channel);
            input_of::<S, T>(
                #[inline(always)]
                |i: usize, j: usize| {
                    E::load::<S>(first.add((i * dims.width + j) * dims.in_channels), S::LANES)
                },
                give,
            );
        } else {
            input_of::<S, T>(
                #[inline(always)]
                |i: usize, j: usize| {
                    let (row, column) = (row.wrapping_add(i), column.wrapping_add(j));
                    if row >= dims.height || column >= dims.width {
                        return S::zero();
                    }
                    let at = (place.image * dims.height + row) * dims.width + column;
                    let at = at * dims.in_channels + channel.min(dims.in_channels);
                    E::load::<S>(x.add(at), count)
                },
                give,
            );
        }
    }
}

#[inline(always)]
unsafe fn input_of<S: Simd, T: Tile>(
    pixel: impl Fn(usize, usize) -> S::Lanes,
    mut give: impl FnMut(usize, S::Lanes),
) {
    // SAFETY: as for the function.
    unsafe {
        let mut half = [[S::zero(); MOST]; MOST];
        unrolled!(j < T::N, {
            let mut column = [S::zero(); MOST];
            unrolled!(i < T::N, column[i] = pixel(i, j));
            let column = T::input::<S>(column);
            unrolled!(i < T::N, half[i][j] = column[i]);
        });
        unrolled!(i < T::N, {
            let row = T::input::<S>(half[i]);
            unrolled!(j < T::N, give(i * T::N + j, row[j]));
        });
    }
}

/// Gives each point of some channels of a tile of the output's gradient, transformed; zeros beyond
/// the image.
///
/// # Safety
/// `y` is of the output's shape of `dims`, and `place` lies within. As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn output_gradient<S: Simd, E: Element, T: Tile>(
    y: *const E,
    dims: &Dims,
    place: TilePlace,
    channel: usize,
    give: impl FnMut(usize, S::Lanes),
) {
    let count = dims.out_channels.saturating_sub(channel);
    let inside =
        place.row + T::M <= dims.height && place.column + T::M <= dims.width && count >= S::LANES;
    let first = (place.image * dims.height + place.row) * dims.width + place.column;
    // SAFETY: as for the function.
    unsafe {
        if inside {
            let first = y.add(first * dims.out_channels + channel);
            output_gradient_of::<S, T>(
                #[inline(always)]
                |i: usize, j: usize| {
                    E::load::<S>(first.add((i * dims.width + j) * dims.out_channels), S::LANES)
                },
                give,
            );
        } else {
            output_gradient_of::<S, T>(
                #[inline(always)]
                |i: usize, j: usize| {
                    if place.row + i >= dims.height || place.column + j >= dims.width {
                        return S::zero();
                    }
                    let at = (first + i * dims.width + j) * dims.out_channels;
                    E::load::<S>(y.add(at + channel.min(dims.out_channels)), count)
                },
                give,
            );
        }
    }
}

#[inline(always)]
unsafe fn output_gradient_of<S: Simd, T: Tile>(
    pixel: impl Fn(usize, usize) -> S::Lanes,
    mut give: impl FnMut(usize, S::Lanes),
) {
    // SAFETY: as for the function.
    unsafe {
        let mut half = [[S::zero(); MOST]; MOST];
        unrolled!(j < T::M, {
            let mut column = [S::zero(); MOST];
            unrolled!(i < T::M, column[i] = pixel(i, j));
            let column = T::output_gradient::<S>(column);
            unrolled!(i < T::N, half[i][j] = column[i]);
        });
        unrolled!(i < T::N, {
            let row = T::output_gradient::<S>(half[i]);
            unrolled!(j < T::N, give(i * T::N + j, row[j]));
        });
    }
}

/// Gives each row and column of some channels of a tile of the output, from its products by their
/// point.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn output<S: Simd, T: Tile>(
    products: impl Fn(usize) -> S::Lanes,
    mut give: impl FnMut(usize, usize, S::Lanes),
) {
    // SAFETY: as for the function.
    unsafe {
        let mut half = [[S::zero(); MOST]; MOST];
        unrolled!(j < T::N, {
            let mut column = [S::zero(); MOST];
            unrolled!(i < T::N, column[i] = products(i * T::N + j));
            let column = T::output::<S>(column);
            unrolled!(i < T::M, half[i][j] = column[i]);
        });
        unrolled!(i < T::M, {
            let row = T::output::<S>(half[i]);
            unrolled!(j < T::M, give(i, j, row[j]));
        });
    }
}

/// Gives each point of 3 x 3 weights of some channels, transformed.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn weight<S: Simd, T: Tile>(
    tap: impl Fn(usize) -> S::Lanes,
    mut give: impl FnMut(usize, S::Lanes),
) {
    // SAFETY: as for the function.
    unsafe {
        let mut half = [[S::zero(); 3]; MOST];
        unrolled!(j < 3, {
            let column = T::weight::<S>([tap(j), tap(3 + j), tap(6 + j)]);
            unrolled!(i < T::N, half[i][j] = column[i]);
        });
        unrolled!(i < T::N, {
            let row = T::weight::<S>(half[i]);
            unrolled!(j < T::N, give(i * T::N + j, row[j]));
        });
    }
}

/// Gives each tap of the gradient of 3 x 3 weights of some channels, from that of their transform.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn weight_gradient<S: Simd, T: Tile>(
    point: impl Fn(usize) -> S::Lanes,
    mut give: impl FnMut(usize, S::Lanes),
) {
    // SAFETY: as for the function.
    unsafe {
        let mut half = [[S::zero(); MOST]; 3];
        unrolled!(j < T::N, {
            let mut column = [S::zero(); MOST];
            unrolled!(i < T::N, column[i] = point(i * T::N + j));
            let column = T::weight_gradient::<S>(column);
            unrolled!(i < 3, half[i][j] = column[i]);
        });
        unrolled!(i < 3, {
            let row = T::weight_gradient::<S>(half[i]);
            unrolled!(j < 3, give(i * 3 + j, row[j]));
        });
    }
}
