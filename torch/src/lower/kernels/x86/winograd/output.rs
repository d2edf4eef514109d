//! What is done to outputs, and where they go.

use super::super::element::Element;
use super::super::simd::Simd;
use super::super::sums::PixelSums;
use super::super::tile::{MOST, Tile};
use super::super::unrolled::unrolled;
use super::block::Convolved;
use super::dims::{Dims, TilePlace};
use crate::lower::kernels::pool::Shared;

/// Outputs of `[pixels][channels]`: they are summed if that is wanted; then a bias is added, pool
/// and ReLU follow; last another image is added.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output<'a, E> {
    y: Shared<E>,
    channels: usize,
    bias: Option<&'a [f32]>,
    pool: bool,
    /// The bounds of what is written.
    clamp: [f32; 2],
    /// Whether whole vectors are written past the caches.
    past: bool,
    add: Option<Shared<E>>,
    sums: Option<[*mut f32; 3]>,
}

impl<'a, E: Element> Output<'a, E> {
    /// The output of a convolution, written past the caches if it is larger than `cached` bytes.
    pub(super) fn of(
        all: &Convolved<'a>,
        cached: usize,
        sums: Option<[*mut f32; 3]>,
    ) -> Output<'a, E> {
        Output {
            y: all.y.data(),
            channels: all.dims.out_channels,
            bias: all.bias,
            pool: all.after.pool,
            clamp: all.after.clamp(),
            past: all.y.streams(cached),
            add: all.add.map(|add| add.data()),
            sums,
        }
    }
}

impl<E: Element> Output<'_, E> {
    /// Where a vector of channels is summed; a block begins with its first pixel.
    ///
    /// # Safety
    /// As for [`Simd`].
    #[inline(always)]
    pub(super) unsafe fn sums<S: Simd>(
        &self,
        channel: usize,
        first: Option<S::Lanes>,
    ) -> Option<PixelSums<S>> {
        // SAFETY: there is room for whole vectors of all channels.
        self.sums.map(|sums| unsafe { PixelSums::of(sums.map(|row| row.add(channel)), first) })
    }

    /// Writes a vector of channels of a pixel.
    ///
    /// # Safety
    /// The pixel lies within. As for [`Simd`].
    #[inline(always)]
    pub(super) unsafe fn write<S: Simd>(&self, pixel: usize, channel: usize, value: S::Lanes) {
        let (at, count) = (pixel * self.channels + channel, self.channels - channel);
        // SAFETY: the count keeps to the channels of the pixel.
        unsafe {
            let mut value = value;
            if let Some(bias) = self.bias {
                value = S::add(value, S::load(bias.as_ptr().add(channel), count));
            }
            value = S::clamp(self.clamp.map(|bound| S::splat(bound)), value);
            if let Some(add) = self.add {
                value = S::add(value, E::load::<S>(add.at(at), count));
            }
            E::write::<S>(self.past, self.y.at(at), count, value);
        }
    }

    /// Writes a vector of channels of a tile, as far as it is in the image.
    ///
    /// # Safety
    /// The tile begins within the image. As for [`Simd`].
    #[inline(always)]
    pub(super) unsafe fn write_tile<S: Simd, T: Tile>(
        &self,
        dims: &Dims,
        place: TilePlace,
        is_first: bool,
        channel: usize,
        pixels: &[[S::Lanes; MOST]; MOST],
    ) {
        let ([height, width], [row, column]) = (dims.output, place.output);
        let [rows, columns] = rest::<T>(dims, place);
        // A pool halves all of them.
        let pool = u32::from(self.pool);
        let [height, width] = [height >> pool, width >> pool];
        let first = (place.image * height + (row >> pool)) * width + (column >> pool);
        // SAFETY: the pixels are those of the tile that lie within.
        unsafe {
            if let Some(mut sums) = self.sums::<S>(channel, is_first.then_some(pixels[0][0])) {
                unrolled!(i < T::M, {
                    unrolled!(j < T::M, {
                        if i < rows && j < columns {
                            sums.add(pixels[i][j]);
                        }
                    });
                });
                sums.store();
            }
            macro_rules! put {
                ($i:expr, $j:expr, $pixel:expr) => {
                    self.write::<S>(first + $i * width + $j, channel, $pixel)
                };
            }
            if self.pool {
                unrolled!(i < T::M, {
                    unrolled!(j < T::M, {
                        if (i | j) & 1 == 0 && i < rows && j < columns {
                            put!(i / 2, j / 2, pooled::<S>(pixels, i, j));
                        }
                    });
                });
            } else if rows == T::M && columns == T::M {
                unrolled!(i < T::M, unrolled!(j < T::M, put!(i, j, pixels[i][j])));
            } else {
                unrolled!(i < T::M, {
                    unrolled!(j < T::M, {
                        if i < rows && j < columns {
                            put!(i, j, pixels[i][j]);
                        }
                    });
                });
            }
        }
    }
}

/// Rows and columns of a tile that are in the image.
#[inline(always)]
fn rest<T: Tile>(dims: &Dims, place: TilePlace) -> [usize; 2] {
    [0, 1].map(|axis| T::M.min(dims.output[axis] - place.output[axis]))
}

/// How many pixels of a tile are in the image.
pub(super) fn pixels_of<T: Tile>(dims: &Dims, tile: usize) -> usize {
    rest::<T>(dims, TilePlace::of::<T>(dims, tile)).iter().product()
}

/// The largest of 2 x 2 pixels.
#[inline(always)]
unsafe fn pooled<S: Simd>(pixels: &[[S::Lanes; MOST]; MOST], i: usize, j: usize) -> S::Lanes {
    // SAFETY: as for the function.
    unsafe {
        let right = S::max(pixels[i][j + 1], pixels[i + 1][j + 1]);
        S::max(S::max(pixels[i][j], pixels[i + 1][j]), right)
    }
}
