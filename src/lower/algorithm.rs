//! How a convolution is computed, and the choice between the ways.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

#[cfg(feature = "torch")]
use crate::graph::{Shape, op::Conv};

/// A way to compute a convolution in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// libtorch's.
    #[serde(rename = "library")]
    Library,
    /// Winograd's with tiles of 2 x 2 outputs.
    #[serde(rename = "f2")]
    Two,
    /// Winograd's with tiles of 4 x 4 outputs.
    #[serde(rename = "f4")]
    Four,
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Algorithm::Library => "library",
            Algorithm::Two => "f2",
            Algorithm::Four => "f4",
        })
    }
}

/// The ways of one convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ways {
    /// The output from the input.
    pub forward: Algorithm,
    /// The gradient by the input.
    pub input: Algorithm,
    /// The gradient by the weights.
    pub weights: Algorithm,
}

impl Ways {
    /// One way for all directions.
    pub fn all(algorithm: Algorithm) -> Ways {
        Ways { forward: algorithm, input: algorithm, weights: algorithm }
    }
}

/// Which algorithms a net's convolutions may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConvChoice {
    /// The fastest on this machine of those whose rounding is that of the precision: in fp32 the library's and `f4`, in bf16 the
    /// library's.
    #[default]
    Auto,
    /// libtorch's.
    Library,
    /// Winograd's with tiles of 2 x 2, wherever it can be. In bf16 its error is 1.6 times the library's.
    F2,
    /// Winograd's with tiles of 4 x 4, wherever it can be. In bf16 its error is six to nine times the library's.
    F4,
}

impl FromStr for ConvChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<ConvChoice, String> {
        match text {
            "auto" => Ok(ConvChoice::Auto),
            "library" => Ok(ConvChoice::Library),
            "f2" => Ok(ConvChoice::F2),
            "f4" => Ok(ConvChoice::F4),
            _ => Err(format!("expected auto, library, f2 or f4, got `{text}`")),
        }
    }
}

impl fmt::Display for ConvChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ConvChoice::Auto => "auto",
            ConvChoice::Library => "library",
            ConvChoice::F2 => "f2",
            ConvChoice::F4 => "f4",
        })
    }
}

/// Whether Winograd's algorithm computes this convolution.
#[cfg(feature = "torch")]
pub(super) fn suits(op: &Conv, input: &Shape) -> bool {
    let plain = op.kernel == [3, 3] && op.stride == [1, 1] && op.pad == [1, 1] && op.dilation == [1, 1];
    plain && op.groups == 1 && input.image().is_some()
}
