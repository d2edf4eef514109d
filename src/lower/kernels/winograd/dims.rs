use super::super::element::Element;
use super::super::tile::Tile;

/// Channels of a panel: what the inner product computes side by side.
pub(super) const PANEL: usize = 32;
/// Rows that the inner product computes at once.
pub(super) const ROWS: usize = 8;
/// Words between planes of transformed points: at a distance of a power of two they would share cache sets.
pub(super) const GAP: usize = 16;

/// A convolution's sizes, in images, pixels and channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dims {
    pub images: usize,
    pub height: usize,
    pub width: usize,
    pub inside: usize,
    pub outside: usize,
}

/// Where a tile's outputs begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub image: usize,
    pub row: usize,
    pub column: usize,
}

impl Dims {
    fn across<T: Tile>(&self) -> [usize; 2] {
        [self.height.div_ceil(T::M), self.width.div_ceil(T::M)]
    }

    /// How many tiles all images have.
    pub(super) fn tiles<T: Tile>(&self) -> usize {
        let [down, right] = self.across::<T>();
        self.images * down * right
    }

    #[inline(always)]
    pub(super) fn place<T: Tile>(&self, tile: usize) -> Place {
        let [down, right] = self.across::<T>();
        let (image, rest) = (tile / (down * right), tile % (down * right));
        Place { image, row: rest / right * T::M, column: rest % right * T::M }
    }
}

/// Words of so many channels, rounded up to whole blocks of 16.
pub(super) fn depth<E: Element>(channels: usize) -> usize {
    channels.next_multiple_of(16) / E::PACK
}

pub(super) fn panels(channels: usize) -> usize {
    channels.div_ceil(PANEL)
}
