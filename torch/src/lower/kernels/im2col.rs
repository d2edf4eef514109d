//! The patches of convolutions between few channels.

use netc::lower::Im2col;
use tch::{TchError, Tensor};

use super::evidence::Kernels;
use super::image::Image;
use super::pool::{Shared, shared};

impl Kernels {
    /// The patches of images `[N, C, H, W]`, `[N, depth, rows, columns]`: what the kernel covers
    /// for each output, zeros beyond the edges and after its numbers. Both are channels last.
    ///
    /// # Errors
    /// A tensor of another kind, shape or layout.
    pub fn patches(self, x: &Tensor, of: Im2col) -> Result<Tensor, TchError> {
        let image = Image::of(x)?;
        let [images, channels, height, width] = image.sizes;
        let output = of.output([height, width]).filter(|_| channels == of.channels());
        let [rows, columns] = output.ok_or_else(|| {
            TchError::Shape(format!("{of:?} does not apply to {:?}", image.sizes))
        })?;
        let sizes = [images, rows, columns, of.depth()].map(|size| size as i64);
        let patches = Tensor::f_empty(sizes, (x.kind(), x.device()))?;
        let number = x.kind().elt_size_in_bytes();
        let all = Patches {
            of,
            // SAFETY: the image has so many bytes, and outlives the slice.
            x: unsafe { std::slice::from_raw_parts(image.data().at(0), x.numel() * number) },
            image: [height, width],
            output: [rows, columns],
            pixel: channels * number,
            zeros: (of.depth() - of.numbers()) * number,
        };
        let to = Shared::at_pointer(patches.data_ptr().cast());
        let run = all.pixel * if of.dilation()[1] == 1 { of.kernel()[1] } else { 1 };
        shared(images * rows, |range| {
            for row in range {
                let bytes = columns * of.depth() * number;
                // SAFETY: each call writes its own rows of outputs.
                let to = unsafe { std::slice::from_raw_parts_mut(to.at(row * bytes), bytes) };
                match run {
                    0..=32 => all.row::<32>(row, to),
                    33..=64 => all.row::<64>(row, to),
                    _ => all.row::<128>(row, to),
                }
            }
        });
        patches.f_permute([0, 3, 1, 2])
    }
}

/// What all rows have in common; sizes are in bytes.
#[derive(Debug)]
struct Patches<'a> {
    of: Im2col,
    x: &'a [u8],
    /// Rows and columns of the input.
    image: [usize; 2],
    /// Rows and columns of the output.
    output: [usize; 2],
    /// All channels of a pixel.
    pixel: usize,
    /// What follows a patch.
    zeros: usize,
}

impl Patches<'_> {
    /// Writes the patches of a row of the outputs of all images.
    fn row<const CHUNK: usize>(&self, row: usize, to: &mut [u8]) {
        let ([height, width], [rows, columns]) = (self.image, self.output);
        let [[down, right], [above, before]] = [self.of.stride(), self.of.padding()];
        let [next_row, next_column] = self.of.dilation();
        let [tall, wide] = self.of.kernel();
        let (runs, pixels) = if next_column == 1 { (1, wide) } else { (wide, 1) };
        let (image, row) = (row / rows, row % rows);
        let mut rest = to;
        for column in 0..columns {
            for (i, j) in (0..tall).flat_map(|i| (0..runs).map(move |j| (i, j))) {
                let y = (row * down + i * next_row).wrapping_sub(above);
                // Columns of the padded image.
                let first = column * right + j * next_column;
                let inside = first.max(before)..(first + pixels).min(before + width);
                let run = pixels * self.pixel;
                if y < height && !inside.is_empty() {
                    let pixel = (image * height + y) * width + inside.start - before;
                    let from = &self.x[pixel * self.pixel..];
                    if inside.len() == pixels {
                        copy::<CHUNK>(from, rest, run);
                    } else {
                        rest[..run].fill(0);
                        let to = (inside.start - first) * self.pixel;
                        let bytes = inside.len() * self.pixel;
                        rest[to..to + bytes].copy_from_slice(&from[..bytes]);
                    }
                } else {
                    rest[..run].fill(0);
                }
                rest = &mut rest[run..];
            }
            rest[..self.zeros].fill(0);
            rest = &mut rest[self.zeros..];
        }
    }
}

/// Copies so many bytes; a whole chunk where there are as many, which is faster: what is written
/// next overwrites the rest of it.
fn copy<const CHUNK: usize>(from: &[u8], to: &mut [u8], bytes: usize) {
    match (from.first_chunk::<CHUNK>(), to.first_chunk_mut::<CHUNK>()) {
        (Some(from), Some(to)) if bytes <= CHUNK => *to = *from,
        _ => to[..bytes].copy_from_slice(&from[..bytes]),
    }
}
