use std::ops::Range;

use netc::lower::winograd::TileSize;
pub(super) use netc::lower::winograd::{Dims, PANEL, panels};

use super::super::tile::Tile;

/// Where a tile's outputs begin, and its inputs.
#[derive(Debug, Clone, Copy)]
pub(super) struct TilePlace {
    pub image: usize,
    /// Row and column of the output.
    pub output: [usize; 2],
    /// Row and column of the input, which may lie before the image: wrapped below 0.
    pub input: [usize; 2],
}

impl TilePlace {
    #[inline(always)]
    pub(super) fn of<T: Tile>(dims: &Dims, tile: usize) -> TilePlace {
        if T::SIZE == TileSize::One {
            let place = [0, tile];
            return TilePlace { image: 0, output: place, input: place };
        }
        let [down, right] = dims.across(T::SIZE);
        let (image, rest) = (tile / (down * right), tile % (down * right));
        let [row, column] = [rest / right, rest % right];
        let input = |at: usize| (at * T::SIZE.step()).wrapping_sub(T::SIZE.before());
        TilePlace { image, output: [row * T::M, column * T::M], input: [input(row), input(column)] }
    }

    /// The rows and the columns of an image that the tile reads.
    #[inline(always)]
    pub(super) fn reads<T: Tile>(&self, dims: &Dims) -> [Range<usize>; 2] {
        let reads = |first: usize, size: usize| {
            let end = first.wrapping_add(T::INPUTS).min(size);
            (if first > size { 0 } else { first })..end
        };
        [reads(self.input[0], dims.input[0]), reads(self.input[1], dims.input[1])]
    }
}

/// The points of a tile that are multiplied by a point of the weights.
pub(super) fn multiplied_points<T: Tile>(weight: usize) -> impl Iterator<Item = usize> {
    let columns = T::multiplied(weight % T::W);
    T::multiplied(weight / T::W).flat_map(move |i| columns.clone().map(move |j| i * T::N + j))
}

/// The rows of all images that some tiles read, from the first to the last.
pub(super) fn rows_read<T: Tile>(dims: &Dims, tiles: Range<usize>) -> Range<usize> {
    let [first, last] = [tiles.start, tiles.end - 1].map(|tile| TilePlace::of::<T>(dims, tile));
    let rows = |place: &TilePlace| place.reads::<T>(dims)[0].clone();
    let height = dims.input[0];
    first.image * height + rows(&first).start..last.image * height + rows(&last).end
}

/// The rows of all images that some tiles write.
pub(super) fn rows_written<T: Tile>(dims: &Dims, tiles: Range<usize>) -> Range<usize> {
    let [first, last] = [tiles.start, tiles.end - 1].map(|tile| TilePlace::of::<T>(dims, tile));
    let height = dims.output[0];
    let end = (last.output[0] + T::M).min(height);
    first.image * height + first.output[0]..last.image * height + end
}
