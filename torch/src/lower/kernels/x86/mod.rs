//! What computes on x86-64, behind evidence that the processor has the instructions.

pub(super) mod norm;
mod scalar;
pub(super) mod sgd;
mod tile;
pub(super) mod winograd;
