use std::ops::Range;

use netc::lower::Depthwise;

use crate::lower::kernels::image::Image;

/// Pixels of a tile.
pub(super) const TILE: usize = 4;
/// How many tiles ahead a row that is read for the first time is fetched.
pub(super) const AHEAD: usize = 1;

/// A convolution, and where its weights lie: `[kernel][kernel][channels]`.
#[derive(Debug, Clone, Copy)]
pub(in crate::lower::kernels) struct Window<'a> {
    pub of: Depthwise,
    pub weight: &'a [f32],
}

/// The rows of a kernel of `K` rows that lie within an image of so many when its first lies at
/// `top`.
#[inline(always)]
pub(super) fn rows_within<const K: usize>(top: isize, height: usize) -> Range<usize> {
    let first = (-top).clamp(0, K as isize) as usize;
    let end = (height as isize - top).clamp(0, K as isize) as usize;
    first..end.max(first)
}

/// A column, if the image has it, which is certain for one of a tile of `INNER` columns.
#[inline(always)]
pub(super) fn within<const INNER: bool>(column: isize, width: usize) -> Option<usize> {
    if INNER {
        return Some(column as usize);
    }
    usize::try_from(column).ok().filter(|column| *column < width)
}

/// The first columns of the outputs' tiles that are whole and whose inputs all lie within the
/// image.
#[inline(always)]
pub(super) fn inner_tiles<const K: usize, const STRIDE: usize>(
    before: usize,
    width: usize,
    columns: usize,
) -> Range<usize> {
    let fit = (width + before).checked_sub(STRIDE * (TILE - 1) + K);
    let end = fit.map_or(0, |last| last / STRIDE + 1).min((columns + 1).saturating_sub(TILE));
    before.div_ceil(STRIDE)..end
}

/// The first row and the first column of the input that a tile of the output reads, which may lie
/// before the image.
#[inline(always)]
pub(super) fn corner<const STRIDE: usize>(of: Depthwise, [row, column]: [usize; 2]) -> [isize; 2] {
    let [above, before] = of.pad();
    [(row * STRIDE) as isize - above as isize, (column * STRIDE) as isize - before as isize]
}

/// Where the numbers of a row of an image begin.
#[inline(always)]
pub(super) fn row_of(image: &Image, number: usize, row: usize) -> usize {
    let [_, channels, height, width] = image.sizes;
    (number * height + row) * width * channels
}

/// Calls a function for the kernel and the stride of a convolution, as constants.
macro_rules! by_window {
    ($of:expr, $function:ident::<$simd:ty, $element:ty>($($argument:expr),* $(,)?)) => {
        match ($of.kernel(), $of.stride()) {
            (3, 1) => $function::<$simd, $element, 3, 1>($($argument),*),
            (3, _) => $function::<$simd, $element, 3, 2>($($argument),*),
            (5, 1) => $function::<$simd, $element, 5, 1>($($argument),*),
            (5, _) => $function::<$simd, $element, 5, 2>($($argument),*),
            (_, 1) => $function::<$simd, $element, 7, 1>($($argument),*),
            (_, _) => $function::<$simd, $element, 7, 2>($($argument),*),
        }
    };
}

/// Calls a function for each vector of channels of a tile, `INNER` or not, and for those that are
/// fewer; it takes the first channel and their number last.
macro_rules! by_vector {
    ($lanes:expr, $channels:expr, $inner:expr,
        $tile:ident::<$s:ty, $e:ty, $k:ty, $stride:ty>($($argument:expr),*)) => {{
        let whole = $channels / $lanes * $lanes;
        if $inner {
            for channel in (0..whole).step_by($lanes) {
                $tile::<$s, $e, $k, $stride, true>($($argument,)* channel, $lanes);
            }
        } else {
            for channel in (0..whole).step_by($lanes) {
                $tile::<$s, $e, $k, $stride, false>($($argument,)* channel, $lanes);
            }
        }
        if whole < $channels {
            $tile::<$s, $e, $k, $stride, false>($($argument,)* whole, $channels - whole);
        }
    }};
}

pub(super) use {by_vector, by_window};
