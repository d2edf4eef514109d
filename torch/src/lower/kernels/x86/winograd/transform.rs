use std::arch::x86_64::*;

use super::super::scalar::{Lanes, Scalar, within};
use super::super::tile::{MOST, Tile};
use super::dims::{Dims, TilePlace};

/// The largest number of points of a tile.
pub(super) const POINTS: usize = MOST * MOST;

/// Gives each point of 16 channels of a tile of the input, transformed; zeros around the image.
///
/// # Safety
/// `x` is the input of `dims`, and `place` lies within. The machine has the target features.
#[inline(always)]
pub(super) unsafe fn input<E: Scalar, T: Tile>(
    x: *const E,
    dims: &Dims,
    place: TilePlace,
    channel: usize,
    mut give: impl FnMut(usize, Lanes),
) {
    // SAFETY: the machine has the target features.
    let zero = unsafe { _mm512_setzero_ps() };
    let mask = within(dims.in_channels, channel);
    let mut half = [[zero; MOST]; MOST];
    for j in 0..T::N {
        let mut column = [zero; MOST];
        // The image begins one pixel after the tile's input, hence the wrapping below 0.
        let at = (place.column + j).wrapping_sub(1);
        if at < dims.width {
            for (i, pixel) in column.iter_mut().enumerate().take(T::N) {
                let row = (place.row + i).wrapping_sub(1);
                if row < dims.height {
                    let pixels = (place.image * dims.height + row) * dims.width + at;
                    // SAFETY: the pixel is in the image, the mask keeps to its channels.
                    *pixel = unsafe { E::load(x.add(pixels * dims.in_channels + channel), mask) };
                }
            }
        }
        // SAFETY: the machine has the target features.
        let column = unsafe { T::input(column) };
        for i in 0..T::N {
            half[i][j] = column[i];
        }
    }
    for (i, row) in half.into_iter().enumerate().take(T::N) {
        // SAFETY: the machine has the target features.
        let row = unsafe { T::input(row) };
        row.into_iter().take(T::N).enumerate().for_each(|(j, lanes)| give(i * T::N + j, lanes));
    }
}

/// Gives each point of 16 channels of a tile of the output's gradient, transformed; zeros beyond
/// the image.
///
/// # Safety
/// `y` is of the output's shape of `dims`, and `place` lies within. The machine has the target
/// features.
#[inline(always)]
pub(super) unsafe fn output_gradient<E: Scalar, T: Tile>(
    y: *const E,
    dims: &Dims,
    place: TilePlace,
    channel: usize,
    mut give: impl FnMut(usize, Lanes),
) {
    // SAFETY: the machine has the target features.
    let zero = unsafe { _mm512_setzero_ps() };
    let mask = within(dims.out_channels, channel);
    let mut half = [[zero; MOST]; MOST];
    for j in 0..T::M {
        let mut column = [zero; MOST];
        let at = place.column + j;
        if at < dims.width {
            for (i, pixel) in column.iter_mut().enumerate().take(T::M) {
                let row = place.row + i;
                if row < dims.height {
                    let pixels = (place.image * dims.height + row) * dims.width + at;
                    // SAFETY: the pixel is in the image, the mask keeps to its channels.
                    *pixel = unsafe { E::load(y.add(pixels * dims.out_channels + channel), mask) };
                }
            }
        }
        // SAFETY: the machine has the target features.
        let column = unsafe { T::output_gradient(column) };
        for i in 0..T::N {
            half[i][j] = column[i];
        }
    }
    for (i, row) in half.into_iter().enumerate().take(T::N) {
        // SAFETY: the machine has the target features.
        let row = unsafe { T::output_gradient(row) };
        row.into_iter().take(T::N).enumerate().for_each(|(j, lanes)| give(i * T::N + j, lanes));
    }
}

/// 16 channels of a tile of the output from its products, which lie `plane` numbers apart.
///
/// # Safety
/// `products` holds all points. The machine has the target features.
#[inline(always)]
pub(super) unsafe fn output<T: Tile>(products: *const f32, plane: usize) -> [[Lanes; MOST]; MOST] {
    // SAFETY: the machine has the target features.
    let zero = unsafe { _mm512_setzero_ps() };
    let mut half = [[zero; MOST]; MOST];
    for j in 0..T::N {
        let mut column = [zero; MOST];
        for (i, point) in column.iter_mut().enumerate().take(T::N) {
            // SAFETY: the caller vouches for the points.
            *point = unsafe { _mm512_loadu_ps(products.add((i * T::N + j) * plane)) };
        }
        // SAFETY: the machine has the target features.
        let column = unsafe { T::output(column) };
        for i in 0..T::M {
            half[i][j] = column[i];
        }
    }
    let mut tile = [[zero; MOST]; MOST];
    for i in 0..T::M {
        // SAFETY: the machine has the target features.
        tile[i] = unsafe { T::output(half[i]) };
    }
    tile
}

/// Gives each point of the 3 x 3 weights of 16 channels, transformed.
///
/// # Safety
/// The machine has the target features.
#[inline(always)]
pub(super) unsafe fn weight<T: Tile>(taps: [Lanes; 9], mut give: impl FnMut(usize, Lanes)) {
    // SAFETY: the machine has the target features.
    let zero = unsafe { _mm512_setzero_ps() };
    let mut half = [[zero; 3]; MOST];
    for j in 0..3 {
        // SAFETY: the machine has the target features.
        let column = unsafe { T::weight([taps[j], taps[3 + j], taps[6 + j]]) };
        for i in 0..T::N {
            half[i][j] = column[i];
        }
    }
    for (i, row) in half.into_iter().enumerate().take(T::N) {
        // SAFETY: the machine has the target features.
        let row = unsafe { T::weight(row) };
        row.into_iter().take(T::N).enumerate().for_each(|(j, lanes)| give(i * T::N + j, lanes));
    }
}

/// The gradient of 3 x 3 weights of 16 channels from that of their transform.
///
/// # Safety
/// The machine has the target features.
#[inline(always)]
pub(super) unsafe fn weight_gradient<T: Tile>(points: &[Lanes; POINTS]) -> [Lanes; 9] {
    // SAFETY: the machine has the target features.
    let zero = unsafe { _mm512_setzero_ps() };
    let mut half = [[zero; MOST]; 3];
    for j in 0..T::N {
        let mut column = [zero; MOST];
        for (i, point) in column.iter_mut().enumerate().take(T::N) {
            *point = points[i * T::N + j];
        }
        // SAFETY: the machine has the target features.
        let column = unsafe { T::weight_gradient(column) };
        for i in 0..3 {
            half[i][j] = column[i];
        }
    }
    let mut taps = [zero; 9];
    for i in 0..3 {
        // SAFETY: the machine has the target features.
        let row = unsafe { T::weight_gradient(half[i]) };
        taps[i * 3..(i + 1) * 3].copy_from_slice(&row);
    }
    taps
}
