//! Convolutions by products of matrices, Winograd's and those of 1 x 1: their tiles, their
//! blocking, and the memory that it needs. Pure; the kernels follow it.
//!
//! Sizes are in 32-bit words: one fp32 number or two bf16 numbers.

mod blocking;
mod tile;

pub use blocking::{
    CACHED_OUTPUTS, CACHED_SUMS, ForwardBlocking, GAP, OUTPUTS, PANEL, PackedWeights,
    WeightGradBlocking, depth, panels,
};
pub use tile::{CHANNELS, Dims, Operand, TileSize, Winograd};
