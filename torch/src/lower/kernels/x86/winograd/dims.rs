pub(super) use netc::lower::winograd::{Dims, PANEL, panels};

use super::super::tile::Tile;

/// Where a tile's outputs begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct TilePlace {
    pub image: usize,
    pub row: usize,
    pub column: usize,
}

impl TilePlace {
    #[inline(always)]
    pub(super) fn of<T: Tile>(dims: &Dims, tile: usize) -> TilePlace {
        let [down, right] = dims.across(T::SIZE);
        let (image, rest) = (tile / (down * right), tile % (down * right));
        TilePlace { image, row: rest / right * T::M, column: rest % right * T::M }
    }
}
