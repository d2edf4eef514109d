//! What computes on x86-64, behind evidence that the processor has the instructions.

mod activation;
mod avx2;
mod avx512;
mod by_types;
pub(super) mod depthwise;
mod element;
pub(super) mod max_pool;
pub(super) mod norm;
pub(super) mod sgd;
mod simd;
mod sums;
mod tile;
mod unrolled;
pub(super) mod winograd;
