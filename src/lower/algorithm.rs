//! The algorithms for convolutions, and the choice between them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::winograd::{Dims, Winograd};
use super::{Depthwise, Im2col, Precision, Workload};
use crate::graph::op::Conv;

/// The directions of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConvDirection {
    /// The output.
    Forward,
    /// The gradient with respect to the input.
    Input,
    /// The gradient with respect to the weights.
    Weights,
}

impl ConvDirection {
    /// All of a training step.
    pub const ALL: [ConvDirection; 3] =
        [ConvDirection::Forward, ConvDirection::Input, ConvDirection::Weights];
}

/// An algorithm for a convolution, in one of its three directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConvAlgorithm {
    /// libtorch's own algorithm.
    #[serde(rename = "library")]
    Library,
    /// Directly, without a transform; for [depthwise convolutions](Depthwise), those of 1 x 1 with
    /// one group and a stride of 1, and those [of small patches](Im2col).
    #[serde(rename = "direct")]
    Direct,
    /// Winograd with tiles of 2 x 2 outputs; for a stride of 1.
    #[serde(rename = "f2")]
    WinogradF2,
    /// Winograd with tiles of 4 x 4 outputs.
    #[serde(rename = "f4")]
    WinogradF4,
    /// Winograd with tiles of 4 x 4 outputs, by integers of 16 bits.
    #[serde(rename = "int16")]
    WinogradInt16,
}

impl ConvAlgorithm {
    /// What computes a direction of a convolution of so many channels; `None`: libtorch does.
    pub fn kernel(
        self,
        op: &Conv,
        in_channels: u64,
        direction: ConvDirection,
    ) -> Option<ConvKernel> {
        let size = |channels: u64| usize::try_from(channels).unwrap_or(usize::MAX);
        let channels = [size(in_channels), size(op.out)];
        let product = self.winograd(op).filter(|winograd| winograd.applies(channels));
        let each = || Depthwise::of(op, in_channels).map(ConvKernel::Depthwise);
        let patches = || Im2col::of(op, in_channels).map(ConvKernel::Im2col);
        match (self, direction) {
            (ConvAlgorithm::Direct, _) if product.is_none() => {
                each().or_else(|| patches().filter(|_| direction != ConvDirection::Input))
            }
            _ => product.map(ConvKernel::Winograd),
        }
    }

    /// Which product it is for a convolution, if it is one that applies.
    fn winograd(self, op: &Conv) -> Option<Winograd> {
        let padded = (op.kernel, op.pad) == ([3, 3], [1, 1]);
        let point = (op.kernel, op.pad) == ([1, 1], [0, 0]);
        match (self, op.stride) {
            _ if op.dilation != [1, 1] || op.groups != 1 => None,
            (ConvAlgorithm::Direct, [1, 1]) if point => Some(Winograd::Pointwise),
            (ConvAlgorithm::WinogradF2, [1, 1]) if padded => Some(Winograd::F2),
            (ConvAlgorithm::WinogradF4, [1, 1]) if padded => Some(Winograd::F4),
            (ConvAlgorithm::WinogradInt16, [1, 1]) if padded => Some(Winograd::Int16),
            (ConvAlgorithm::WinogradF4, [2, 2]) if padded => Some(Winograd::StridedF4),
            (ConvAlgorithm::WinogradInt16, [2, 2]) if padded => Some(Winograd::StridedInt16),
            _ => None,
        }
    }

    /// Whether it computes a direction of a convolution of so many channels.
    pub fn applies(self, op: &Conv, in_channels: u64, direction: ConvDirection) -> bool {
        self == ConvAlgorithm::Library || self.kernel(op, in_channels, direction).is_some()
    }

    /// Whether any but libtorch's computes a convolution.
    pub fn any_applies(op: &Conv, in_channels: u64) -> bool {
        [ConvAlgorithm::Direct, ConvAlgorithm::WinogradF4]
            .into_iter()
            .any(|algorithm| algorithm.applies(op, in_channels, ConvDirection::Forward))
    }
}

impl fmt::Display for ConvAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ConvAlgorithm::Library => "library",
            ConvAlgorithm::Direct => "direct",
            ConvAlgorithm::WinogradF2 => "f2",
            ConvAlgorithm::WinogradF4 => "f4",
            ConvAlgorithm::WinogradInt16 => "int16",
        })
    }
}

/// How netc's kernels compute a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConvKernel {
    /// By products of transformed tiles, or of pixels as they are.
    Winograd(Winograd),
    /// By products of patches.
    Im2col(Im2col),
    /// Each channel by itself.
    Depthwise(Depthwise),
}

impl ConvKernel {
    /// The products that it consists of, and their dimensions for those of the convolution.
    pub fn products(self, dims: Dims) -> Option<(Winograd, Dims)> {
        let (winograd, dims) = match self {
            ConvKernel::Winograd(winograd) => (winograd, dims),
            ConvKernel::Im2col(of) => {
                (Winograd::Pointwise, Dims { input: dims.output, in_channels: of.depth(), ..dims })
            }
            ConvKernel::Depthwise(_) => return None,
        };
        Some((winograd, winograd.dims(dims)))
    }
}

/// The algorithms of one convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConvAlgorithms {
    /// For the output.
    pub forward: ConvAlgorithm,
    /// For the gradient with respect to the input.
    pub input: ConvAlgorithm,
    /// For the gradient with respect to the weights.
    pub weights: ConvAlgorithm,
}

impl ConvAlgorithms {
    /// The same algorithm for all directions.
    pub fn all(algorithm: ConvAlgorithm) -> ConvAlgorithms {
        ConvAlgorithms { forward: algorithm, input: algorithm, weights: algorithm }
    }

    /// That of a direction.
    pub fn of(self, direction: ConvDirection) -> ConvAlgorithm {
        match direction {
            ConvDirection::Forward => self.forward,
            ConvDirection::Input => self.input,
            ConvDirection::Weights => self.weights,
        }
    }
}

/// Which algorithms the convolutions of a net may use. All but `Library` compute [depthwise
/// convolutions](Depthwise) directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConvChoice {
    /// The fastest on this machine, per direction: libtorch or `f4` in fp32; libtorch, `f2` or
    /// `int16` in bf16; libtorch or directly for those of 1 x 1, of few channels, and depthwise
    /// ones.
    #[default]
    Auto,
    /// libtorch's own algorithm.
    Library,
    /// Directly, wherever it applies: to depthwise convolutions, to 1 x 1 weights with one group
    /// and a stride of 1, and to any of at most 96 weights for each output, such as 3 x 3 of 3
    /// channels.
    Direct,
    /// Winograd with tiles of 2 x 2, wherever it applies: to 3 x 3 weights, `pad = 1`, one group,
    /// no dilation and a stride of 1. In bf16 its error is 1.6 times that of libtorch.
    F2,
    /// Winograd with tiles of 4 x 4, wherever it applies: as `F2`, and to a stride of 2. In bf16
    /// its error is several times that of libtorch.
    F4,
    /// Winograd with tiles of 4 x 4 and integers of 16 bits, wherever it applies: as `F4`, to at
    /// most 4096 channels.
    Int16,
}

/// The number of multiplications per batch below which the choice does not matter; memory limits
/// depthwise convolutions, which take as long for fewer.
const SMALL: u64 = 30_000_000;
const SMALL_DEPTHWISE: u64 = 5_000_000;
/// The maximum number of images that a convolution is timed on.
const IMAGES: u64 = 128;

impl ConvChoice {
    /// All choices by their names on the command line.
    pub const ALL: [(&'static str, ConvChoice); 6] = [
        ("auto", ConvChoice::Auto),
        ("library", ConvChoice::Library),
        ("direct", ConvChoice::Direct),
        ("f2", ConvChoice::F2),
        ("f4", ConvChoice::F4),
        ("int16", ConvChoice::Int16),
    ];

    /// The algorithms that are timed for a convolution of so many channels, libtorch's first; none
    /// if the choice is not made by timing.
    pub fn candidates(
        self,
        op: &Conv,
        in_channels: u64,
        precision: Precision,
    ) -> Vec<ConvAlgorithm> {
        use ConvAlgorithm::{Direct, Library};
        if self != ConvChoice::Auto {
            return Vec::new();
        }
        [Library, Direct]
            .iter()
            .chain(ConvChoice::winograd(precision))
            .copied()
            .filter(|algorithm| algorithm.applies(op, in_channels, ConvDirection::Forward))
            .collect()
    }

    /// Winograd's algorithms that are timed; without timing, the last is assumed to be the fastest.
    fn winograd(precision: Precision) -> &'static [ConvAlgorithm] {
        use ConvAlgorithm::{WinogradF2, WinogradF4, WinogradInt16};
        match precision {
            Precision::Fp32 => &[WinogradF4],
            Precision::Bf16 => &[WinogradF2, WinogradInt16],
            Precision::Fp16 | Precision::Fp64 => &[],
        }
    }

    /// The choice without timing: the last candidate, wherever it applies.
    pub fn by_rule(self, precision: Precision) -> ConvChoice {
        match self.untimed(precision) {
            ConvAlgorithm::Library => ConvChoice::Library,
            ConvAlgorithm::Direct => ConvChoice::Direct,
            ConvAlgorithm::WinogradF2 => ConvChoice::F2,
            ConvAlgorithm::WinogradF4 => ConvChoice::F4,
            ConvAlgorithm::WinogradInt16 => ConvChoice::Int16,
        }
    }

    /// The algorithm without timing: the last candidate.
    fn untimed(self, precision: Precision) -> ConvAlgorithm {
        match self {
            ConvChoice::Auto => {
                *ConvChoice::winograd(precision).last().unwrap_or(&ConvAlgorithm::Library)
            }
            ConvChoice::Library => ConvAlgorithm::Library,
            ConvChoice::Direct => ConvAlgorithm::Direct,
            ConvChoice::F2 => ConvAlgorithm::WinogradF2,
            ConvChoice::F4 => ConvAlgorithm::WinogradF4,
            ConvChoice::Int16 => ConvAlgorithm::WinogradInt16,
        }
    }

    /// The number of images to time a convolution of `[channels, height, width]` on; `None` if it
    /// is too small for the choice to matter.
    pub fn timed(op: &Conv, [in_channels, height, width]: [u64; 3], batch: u64) -> Option<u64> {
        let images = IMAGES.min(batch);
        let macs = [images, in_channels / op.groups.max(1), op.out]
            .into_iter()
            .chain(op.kernel)
            .chain(op.output([height, width]))
            .fold(1u64, u64::saturating_mul);
        let small = if op.groups > 1 { SMALL_DEPTHWISE } else { SMALL };
        (macs >= small).then_some(images)
    }

    /// The algorithms of a convolution without timing: the last candidate is assumed to be the
    /// fastest.
    pub fn assumed(self, op: &Conv, image: [u64; 3], load: Workload) -> ConvAlgorithms {
        let is_small =
            self == ConvChoice::Auto && ConvChoice::timed(op, image, load.images).is_none();
        let algorithm = self.untimed(load.precision);
        let [forward, input, weights] = ConvDirection::ALL.map(|direction| {
            // libtorch takes up to a hundred times as long for small ones, too.
            if self != ConvChoice::Library && Depthwise::of(op, image[0]).is_some() {
                ConvAlgorithm::Direct
            } else if !is_small && algorithm.applies(op, image[0], direction) {
                algorithm
            } else {
                ConvAlgorithm::Library
            }
        });
        ConvAlgorithms { forward, input, weights }
    }
}

impl FromStr for ConvChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<ConvChoice, String> {
        let found = ConvChoice::ALL.iter().find(|(name, _)| *name == text);
        let names: Vec<&str> = ConvChoice::ALL.iter().map(|(name, _)| *name).collect();
        found
            .map(|(_, choice)| *choice)
            .ok_or_else(|| format!("expected one of {}, got `{text}`", names.join(", ")))
    }
}

impl fmt::Display for ConvChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = ConvChoice::ALL.iter().find(|(_, choice)| choice == self);
        f.write_str(found.map_or("", |(name, _)| name))
    }
}
