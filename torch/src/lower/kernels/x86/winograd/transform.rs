use super::super::element::Element;
use super::super::simd::Simd;
use super::super::tile::{MOST, Tile, WeightGradTile};
use super::super::unrolled::unrolled;
use super::dims::{Dims, TilePlace};

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
    let ([height, width], [row, column]) = (dims.input, place.input);
    let fits = |first: usize, size: usize| first < size && size - first >= T::INPUTS;
    let first = pixel(x, [place.image, row, column], dims.input, [dims.in_channels, channel]);
    let [down, right] = [width * dims.in_channels, dims.in_channels];
    // SAFETY: as for the function.
    unsafe {
        if fits(row, height) && fits(column, width) && count >= S::LANES {
            input_of::<S, T>(
                #[inline(always)]
                |i: usize, j: usize| E::load::<S>(first.add(i * down + j * right), S::LANES),
                give,
            );
        } else {
            input_of::<S, T>(
                #[inline(always)]
                |i: usize, j: usize| match row.wrapping_add(i) < height
                    && column.wrapping_add(j) < width
                {
                    true => E::load::<S>(first.wrapping_add(i * down + j * right), count),
                    false => S::zero(),
                },
                give,
            );
        }
    }
}

/// Where some channels of a pixel are, or would be if it were in the image.
#[inline(always)]
fn pixel<E>(
    images: *const E,
    [image, row, column]: [usize; 3],
    [height, width]: [usize; 2],
    [channels, channel]: [usize; 2],
) -> *const E {
    let row = (image * height).wrapping_add(row);
    let pixel = row.wrapping_mul(width).wrapping_add(column);
    images.wrapping_add(pixel.wrapping_mul(channels).wrapping_add(channel.min(channels)))
}

#[inline(always)]
unsafe fn input_of<S: Simd, T: Tile>(
    pixel: impl Fn(usize, usize) -> S::Lanes,
    mut give: impl FnMut(usize, S::Lanes),
) {
    // SAFETY: as for the function.
    unsafe {
        let mut half = [[S::zero(); MOST]; MOST];
        unrolled!(j < T::INPUTS, {
            let mut column = [S::zero(); MOST];
            unrolled!(i < T::INPUTS, column[i] = pixel(i, j));
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
pub(super) unsafe fn output_gradient<S: Simd, E: Element, T: WeightGradTile>(
    y: *const E,
    dims: &Dims,
    place: TilePlace,
    channel: usize,
    give: impl FnMut(usize, S::Lanes),
) {
    let count = dims.out_channels.saturating_sub(channel);
    let ([height, width], [row, column]) = (dims.output, place.output);
    let inside = row + T::M <= height && column + T::M <= width && count >= S::LANES;
    let first = pixel(y, [place.image, row, column], dims.output, [dims.out_channels, channel]);
    let [down, right] = [width * dims.out_channels, dims.out_channels];
    // SAFETY: as for the function.
    unsafe {
        if inside {
            output_gradient_of::<S, T>(
                #[inline(always)]
                |i: usize, j: usize| E::load::<S>(first.add(i * down + j * right), S::LANES),
                give,
            );
        } else {
            output_gradient_of::<S, T>(
                #[inline(always)]
                |i: usize, j: usize| match row + i < height && column + j < width {
                    true => E::load::<S>(first.add(i * down + j * right), count),
                    false => S::zero(),
                },
                give,
            );
        }
    }
}

#[inline(always)]
unsafe fn output_gradient_of<S: Simd, T: WeightGradTile>(
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

/// Gives each point of the weights of some channels, transformed.
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
            if j < T::KERNEL {
                let mut column = [S::zero(); 3];
                unrolled!(i < 3, {
                    if i < T::KERNEL {
                        column[i] = tap(i * T::KERNEL + j);
                    }
                });
                let column = T::weight::<S>(column);
                unrolled!(i < T::W, half[i][j] = column[i]);
            }
        });
        unrolled!(i < T::W, {
            let row = T::weight::<S>(half[i]);
            unrolled!(j < T::W, give(i * T::W + j, row[j]));
        });
    }
}

/// Gives each tap of the gradient of the weights of some channels, from that of their transform.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn weight_gradient<S: Simd, T: WeightGradTile>(
    point: impl Fn(usize) -> S::Lanes,
    mut give: impl FnMut(usize, S::Lanes),
) {
    // SAFETY: as for the function.
    unsafe {
        let mut half = [[S::zero(); MOST]; 3];
        unrolled!(j < T::W, {
            let mut column = [S::zero(); MOST];
            unrolled!(i < T::W, column[i] = point(i * T::W + j));
            let column = T::weight_gradient::<S>(column);
            unrolled!(i < 3, half[i][j] = column[i]);
        });
        unrolled!(i < 3, {
            let row = T::weight_gradient::<S>(half[i]);
            unrolled!(j < 3, {
                if i < T::KERNEL && j < T::KERNEL {
                    give(i * T::KERNEL + j, row[j]);
                }
            });
        });
    }
}
