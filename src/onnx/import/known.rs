//! What the names of a model's values mean.

use super::constant::{Constant, Integer};
use super::error::Fault;

/// The meaning of a value's name.
#[derive(Debug, Clone)]
pub(super) enum Known {
    /// The result of an op of the net.
    Value(usize),
    Constant(Constant),
    /// Sizes of a value, or some of them, including the batch.
    Sizes(Integer, Vec<Size>),
    /// A part of GELU.
    Gelu(Gelu),
    /// A value padded with zeros above, left, below and right.
    Padded(usize, [i64; 4]),
    /// The result of a node with an error.
    Unknown,
}

/// One size of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// The batch size.
    Batch,
    Fixed(i64),
}

/// A part of the GELU of `x`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Gelu {
    /// `erf(x / sqrt(2))`.
    Erf { x: usize },
    /// `by * (1 + erf(x / sqrt(2)))`.
    Gate { x: usize, by: f64 },
    /// `by * x * (1 + erf(x / sqrt(2)))`.
    Product { x: usize, by: f64 },
}

impl Gelu {
    /// The error for an `Erf` that turns out not to be part of a GELU.
    pub fn outside() -> Fault {
        Fault::Unsupported("of an `Erf` that is no part of GELU".into())
    }
}
