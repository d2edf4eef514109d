//! 3 x 3 convolutions by Winograd's algorithm: tiles of the input and the weights are transformed,
//! multiplied point by point with sums over channels, and transformed back. Those of 1 x 1 are the
//! same with pixels for tiles, and without transforms.

// The formulas speak of points, rows and columns by their index.
#![allow(clippy::needless_range_loop)]

mod block;
mod dims;
mod dot;
mod entry;
mod forward;
mod operand;
mod operands;
mod output;
mod pack;
mod pointwise;
mod product;
mod scale;
mod transform;
mod weights;

pub(in crate::lower::kernels) use block::Convolved;
pub(in crate::lower::kernels) use entry::{convolve, pack, weight_gradient};
