pub(super) use netc::lower::winograd::{Dims, PANEL, panels};

use super::super::tile::Tile;

/// Rows that the inner product computes at once.
pub(super) const ROWS: usize = 8;

/// Where a tile's outputs begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub image: usize,
    pub row: usize,
    pub column: usize,
}

impl Place {
    #[inline(always)]
    pub(super) fn of<T: Tile>(dims: &Dims, tile: usize) -> Place {
        let [down, right] = dims.across(T::SIZE);
        let (image, rest) = (tile / (down * right), tile % (down * right));
        Place { image, row: rest / right * T::M, column: rest % right * T::M }
    }
}
