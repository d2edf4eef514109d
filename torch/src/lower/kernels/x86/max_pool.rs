//! Max pools of 2 x 2 windows side by side. A last row or column of an odd size is dropped.

use std::ops::Range;

use super::by_types::by_types;
use super::element::{Bf16, Element};
use super::simd::Simd;
use super::sums::PixelSums;
use crate::lower::kernels::evidence::Tier;
use crate::lower::kernels::image::{CACHED, Image, Kind};
use crate::lower::kernels::output_sums::Blocks;
use crate::lower::kernels::pool::{Shared, shared, shared_parts};

/// Writes the maximum of each window of `x` to `y`, NaN where there is one, and the sums of `y` by
/// shares of its rows, if they are wanted.
///
/// # Safety
/// `y` has half the height and width of `x`, rounded down; both are of the tier's numbers.
pub(in crate::lower::kernels) unsafe fn max_pool(
    tier: Tier,
    x: Image,
    y: Image,
    sums: Option<Blocks>,
) {
    // SAFETY: the caller vouches for the images.
    unsafe { by_types!(tier, x.kind, forward_as(x, y, sums)) }
}

/// Writes the gradient with respect to `x`: that with respect to the output where `x` has the first
/// maximum of a window, zeros elsewhere.
///
/// # Safety
/// As for [`max_pool`], with `gradient` in place of `y`; `to` is of the size of `x`.
pub(in crate::lower::kernels) unsafe fn max_pool_backward(
    tier: Tier,
    x: Image,
    gradient: Image,
    to: Image,
) {
    // SAFETY: the caller vouches for the images.
    unsafe { by_types!(tier, x.kind, backward_as(x, gradient, to)) }
}

unsafe fn forward_as<S: Simd, E: Element>(simd: S, x: Image, y: Image, sums: Option<Blocks>) {
    let [images, _, height, width] = y.sizes;
    shared_parts(images * height, |part, rows| {
        // SAFETY: each thread writes its own rows and sums.
        simd.run(
            #[inline(always)]
            move || unsafe {
                let sums = sums.map(|sums| sums.block(part, rows.len() * width));
                forward::<S, E>(x, y, rows, sums);
            },
        );
    });
}

/// Some rows of the output.
#[inline(always)]
unsafe fn forward<S: Simd, E: Element>(
    x: Image,
    y: Image,
    rows: Range<usize>,
    sums: Option<[*mut f32; 3]>,
) {
    let [_, channels, _, width] = y.sizes;
    let (from, to) = (x.data::<E>(), y.data::<E>());
    let past = y.streams(CACHED);
    let first = rows.start;
    for row in rows {
        let corners = corners(&x, &y, row);
        for column in 0..width {
            for channel in (0..channels).step_by(S::LANES) {
                // SAFETY: the count keeps to the channels of pixels of the images.
                unsafe {
                    let count = channels - channel;
                    let pixels =
                        window::<S, E>(from, corners, 2 * column * channels + channel, count);
                    let [a, b, c, d] = pixels;
                    let largest = larger::<S>(larger::<S>(a, b), larger::<S>(c, d));
                    if let Some(sums) = sums {
                        let first = ([row, column] == [first, 0]).then_some(largest);
                        let to = sums.map(|sums| sums.add(channel));
                        let mut sums = PixelSums::<S>::of(to, first);
                        sums.add(largest);
                        sums.store();
                    }
                    let to = to.at((row * width + column) * channels + channel);
                    E::write::<S>(past, to, count, largest);
                }
            }
        }
    }
}

unsafe fn backward_as<S: Simd, E: Element>(simd: S, x: Image, gradient: Image, to: Image) {
    let [images, _, height, _] = x.sizes;
    shared(images, |images| {
        // SAFETY: each thread writes its own images.
        simd.run(
            #[inline(always)]
            move || unsafe {
                images.clone().for_each(|image| clear_rest::<E>(to, image));
                let rows = images.start * (height / 2)..images.end * (height / 2);
                backward::<S, E>(x, gradient, to, rows);
            },
        );
    });
}

/// Writes zeros to the last row and column of an image, where no window has them.
///
/// # Safety
/// The image lies within.
#[inline(always)]
unsafe fn clear_rest<E: Element>(to: Image, image: usize) {
    let [_, channels, height, width] = to.sizes;
    let clear = |row: usize, column: usize, pixels: usize| {
        let first = ((image * height + row) * width + column) * channels;
        // SAFETY: the pixels lie within; zero is a number of all bits zero.
        unsafe { to.data::<E>().at(first).write_bytes(0, pixels * channels) };
    };
    if width % 2 == 1 {
        (0..height).for_each(|row| clear(row, width - 1, 1));
    }
    if height % 2 == 1 {
        clear(height - 1, 0, width);
    }
}

/// The windows of some rows of the output.
#[inline(always)]
unsafe fn backward<S: Simd, E: Element>(x: Image, gradient: Image, to: Image, rows: Range<usize>) {
    let [_, channels, _, width] = gradient.sizes;
    let past = to.streams(CACHED);
    let (from, by, to) = (x.data::<E>(), gradient.data::<E>(), to.data::<E>());
    for row in rows {
        let corners = corners(&x, &gradient, row);
        for column in 0..width {
            for channel in (0..channels).step_by(S::LANES) {
                // SAFETY: the count keeps to the channels of pixels of the images.
                unsafe {
                    let count = channels - channel;
                    let at = (row * width + column) * channels + channel;
                    let gradient = E::load::<S>(by.at(at), count);
                    let at = 2 * column * channels + channel;
                    let pixels = window::<S, E>(from, corners, at, count);
                    let [a, b, c, d] = pixels;
                    let largest = S::max(S::max(a, b), S::max(c, d));
                    let mut left = S::all();
                    for i in 0..4 {
                        let this = S::both(left, S::equal(pixels[i], largest));
                        left = S::without(left, this);
                        let to = to.at(corners[i] + at);
                        E::write::<S>(past, to, count, S::keep(this, gradient));
                    }
                }
            }
        }
    }
}

/// Where the four pixels of the first window of a row begin.
#[inline(always)]
fn corners(x: &Image, pooled: &Image, row: usize) -> [usize; 4] {
    let [[_, channels, height, width], [_, _, rows, _]] = [x.sizes, pooled.sizes];
    let first = (row / rows * height + row % rows * 2) * width * channels;
    [first, first + channels, first + width * channels, first + (width + 1) * channels]
}

/// Some channels of the four pixels.
///
/// # Safety
/// They lie within the image. As for [`Simd`].
#[inline(always)]
unsafe fn window<S: Simd, E: Element>(
    from: Shared<E>,
    corners: [usize; 4],
    at: usize,
    count: usize,
) -> [S::Lanes; 4] {
    // SAFETY: as for the function.
    unsafe {
        let mut pixels = [S::zero(); 4];
        for i in 0..4 {
            pixels[i] = E::load::<S>(from.at(corners[i] + at), count);
        }
        pixels
    }
}

/// The larger of each lane, NaN where one is.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
unsafe fn larger<S: Simd>(a: S::Lanes, b: S::Lanes) -> S::Lanes {
    // SAFETY: as for the function.
    unsafe {
        let numbers = S::equal(b, b);
        S::add(S::keep(numbers, S::max(b, a)), S::keep(S::without(S::all(), numbers), b))
    }
}
