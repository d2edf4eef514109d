//! Convolutions of 1 x 1: products of pixels, with what follows, from registers to the output.

use super::super::element::Element;
use super::super::simd::Simd;
use super::super::sums::add_pixels;
use super::dims::PANEL;
use super::dot::Dot;
use super::product::{Rows, by_rows, row_sums, width};

/// Pixels times a panel of weights, and what is done to the sums before they are written.
#[derive(Debug)]
pub(super) struct Pixels<E> {
    /// Words of a pixel.
    pub depth: usize,
    /// How many pixels there are.
    pub rows: usize,
    /// Pixels as words.
    pub a: Rows<*const u32>,
    /// A panel of weights for each word.
    pub b: *const u32,
    /// Where the panel's channels of the pixels go.
    pub y: Rows<*mut E>,
    /// How many channels there are, at least one; of a whole panel at most.
    pub channels: usize,
    /// One for each channel.
    pub bias: Option<*const f32>,
    /// The bounds of what is written.
    pub clamp: [f32; 2],
    /// Whether whole vectors are aligned and written past the caches.
    pub stream: bool,
    /// What is added last, at the same distances as the output.
    pub add: Option<*const E>,
    /// Where the pixels' sums go, if they are wanted: pivots, sums and squares.
    pub sums: Option<[*mut f32; 3]>,
}

impl<E> Clone for Pixels<E> {
    fn clone(&self) -> Pixels<E> {
        *self
    }
}

impl<E> Copy for Pixels<E> {}

/// # Safety
/// The processor has the instructions; everything has these sizes.
#[inline(always)]
pub(super) unsafe fn pixels_by_panel<D: Dot, E: Element>(all: Pixels<E>) {
    // SAFETY: the caller vouches for the sizes and the instructions.
    unsafe {
        D::run(
            #[inline(always)]
            move || all_pixels::<D, E>(all),
        );
    }
}

#[inline(always)]
unsafe fn all_pixels<D: Dot, E: Element>(all: Pixels<E>) {
    for column in (0..all.channels.min(PANEL)).step_by(width::<D>()) {
        let channels = (all.channels - column).min(width::<D>());
        for row in (0..all.rows).step_by(D::ROWS) {
            // SAFETY: the caller vouches for the sizes and the instructions.
            unsafe {
                let y = row * all.y.distance + column;
                let at = Pixels {
                    a: Rows { at: all.a.at.add(row * all.a.distance), ..all.a },
                    b: all.b.add(column),
                    y: Rows { at: all.y.at.add(y), ..all.y },
                    channels,
                    bias: all.bias.map(|bias| bias.add(column)),
                    add: all.add.map(|add| add.add(y)),
                    sums: all.sums.map(|sums| sums.map(|row| row.add(column))),
                    ..all
                };
                let rows = D::ROWS.min(all.rows - row);
                if channels > D::S::LANES {
                    by_rows!(rows, tile::<D, E, 2>(at, row == 0));
                } else {
                    by_rows!(rows, tile::<D, E, 1>(at, row == 0));
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn tile<D: Dot, E: Element, const WIDTH: usize, const ROWS: usize>(
    all: Pixels<E>,
    is_first: bool,
) {
    let Pixels { depth, a, b, y, channels, bias, clamp, stream, add, sums: to, .. } = all;
    // SAFETY: the caller vouches for the sizes and the instructions; the counts keep to the
    // channels of a pixel.
    unsafe {
        let clamp = clamp.map(|bound| D::S::splat(bound));
        let sums = row_sums::<D, WIDTH, ROWS>(depth, a, b);
        if let Some(to) = to {
            for j in 0..WIDTH {
                let to = to.map(|row| row.add(j * D::S::LANES));
                let pixels = sums.iter().map(
                    #[inline(always)]
                    |pixel| D::real(pixel[j]),
                );
                add_pixels::<D::S>(to, is_first, pixels);
            }
        }
        let bias: [_; WIDTH] = std::array::from_fn(|j| match bias {
            Some(bias) => D::S::load(bias.add(j * D::S::LANES), channels - j * D::S::LANES),
            None => D::S::zero(),
        });
        for (i, sums) in sums.iter().enumerate() {
            for j in 0..WIDTH {
                let first = j * D::S::LANES;
                let (at, count) = (i * y.distance + first, channels - first);
                let mut pixel = D::S::clamp(clamp, D::S::add(D::real(sums[j]), bias[j]));
                if let Some(add) = add {
                    pixel = D::S::add(pixel, E::load::<D::S>(add.add(at), count));
                }
                E::write::<D::S>(stream, y.at.add(at), count, pixel);
            }
        }
    }
}
