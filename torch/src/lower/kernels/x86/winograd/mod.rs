//! Images are cut into tiles. Tiles and weights are transformed, so that a convolution becomes one
//! matrix product for each point of the tile, and what comes out is transformed back. A block of
//! tiles goes through all three at a time and stays in the cache.

// A point or a column is the index of several arrays at once.
#![allow(clippy::needless_range_loop)]

mod dims;
mod entry;
mod forward;
mod pack;
mod product;
mod transform;
mod weights;

pub(in crate::lower::kernels) use entry::{convolve, pack, weight_gradient};
pub(in crate::lower::kernels) use forward::Convolved;
