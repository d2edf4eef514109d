use super::super::element::Element;
use super::super::simd::Simd;
use super::super::tile::{MOST, Tile};
use super::dims::{Dims, TilePlace};

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
        for j in 0..T::N {
            let mut column = [S::zero(); MOST];
            for (i, lanes) in column.iter_mut().enumerate().take(T::N) {
                *lanes = pixel(i, j);
            }
            let column = T::input::<S>(column);
            for i in 0..T::N {
                half[i][j] = column[i];
            }
        }
        for (i, row) in half.into_iter().enumerate().take(T::N) {
            let row = T::input::<S>(row);
            for (j, lanes) in row.into_iter().enumerate().take(T::N) {
                give(i * T::N + j, lanes);
            }
        }
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
    mut give: impl FnMut(usize, S::Lanes),
) {
    let count = dims.out_channels.saturating_sub(channel);
    // SAFETY: as for the function.
    unsafe {
        let mut half = [[S::zero(); MOST]; MOST];
        for j in 0..T::M {
            let mut column = [S::zero(); MOST];
            let at = place.column + j;
            if at < dims.width {
                for (i, pixel) in column.iter_mut().enumerate().take(T::M) {
                    let row = place.row + i;
                    if row < dims.height {
                        let pixels = (place.image * dims.height + row) * dims.width + at;
                        let at = pixels * dims.out_channels + channel.min(dims.out_channels);
                        *pixel = E::load::<S>(y.add(at), count);
                    }
                }
            }
            let column = T::output_gradient::<S>(column);
            for i in 0..T::N {
                half[i][j] = column[i];
            }
        }
        for (i, row) in half.into_iter().enumerate().take(T::N) {
            let row = T::output_gradient::<S>(row);
            for (j, lanes) in row.into_iter().enumerate().take(T::N) {
                give(i * T::N + j, lanes);
            }
        }
    }
}

/// Some channels of a tile of the output from its products, by their point.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn output<S: Simd, T: Tile>(
    products: impl Fn(usize) -> S::Lanes,
) -> [[S::Lanes; MOST]; MOST] {
    // SAFETY: as for the function.
    unsafe {
        let mut half = [[S::zero(); MOST]; MOST];
        for j in 0..T::N {
            let mut column = [S::zero(); MOST];
            for (i, point) in column.iter_mut().enumerate().take(T::N) {
                *point = products(i * T::N + j);
            }
            let column = T::output::<S>(column);
            for i in 0..T::M {
                half[i][j] = column[i];
            }
        }
        let mut tile = [[S::zero(); MOST]; MOST];
        for i in 0..T::M {
            tile[i] = T::output::<S>(half[i]);
        }
        tile
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
        for j in 0..3 {
            let column = T::weight::<S>([tap(j), tap(3 + j), tap(6 + j)]);
            for i in 0..T::N {
                half[i][j] = column[i];
            }
        }
        for (i, row) in half.into_iter().enumerate().take(T::N) {
            let row = T::weight::<S>(row);
            for (j, lanes) in row.into_iter().enumerate().take(T::N) {
                give(i * T::N + j, lanes);
            }
        }
    }
}

/// The gradient of 3 x 3 weights of some channels from that of their transform.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn weight_gradient<S: Simd, T: Tile>(
    points: &[S::Lanes; POINTS],
) -> [S::Lanes; 9] {
    // SAFETY: as for the function.
    unsafe {
        let mut half = [[S::zero(); MOST]; 3];
        for j in 0..T::N {
            let mut column = [S::zero(); MOST];
            for (i, point) in column.iter_mut().enumerate().take(T::N) {
                *point = points[i * T::N + j];
            }
            let column = T::weight_gradient::<S>(column);
            for i in 0..3 {
                half[i][j] = column[i];
            }
        }
        let mut taps = [S::zero(); 9];
        for i in 0..3 {
            let row = T::weight_gradient::<S>(half[i]);
            taps[i * 3..(i + 1) * 3].copy_from_slice(&row);
        }
        taps
    }
}
