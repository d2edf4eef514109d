//! The activations that netc's kernels compute together with the op before them.

use crate::graph::op::Activation;

/// The activations that the kernels for CPUs have, with their derivatives, besides a ReLU.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CpuActivation {
    /// `x` above 0, else `alpha (exp(x / scale) - 1)`: ELU with a scale of 1, CELU with one of
    /// alpha.
    Elu {
        /// Minus what it falls to.
        alpha: f32,
        /// The greater, the more slowly.
        scale: f32,
    },
    /// `x Phi(x)`, with the distribution function of the normal distribution.
    Gelu,
    /// `x / (1 + exp(-x))`.
    Silu,
}

/// An activation as netc's kernels are told of it; `None` where they do not have it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InKernels {
    /// Those for CPUs, which a ReLU takes none of.
    pub cpu: Option<CpuActivation>,
    /// Those for GPUs: its number, and a parameter: an upper bound, 0 for none, or an alpha.
    pub gpu: Option<(u32, f64)>,
}

/// What netc's kernels have of an activation.
pub fn in_kernels(activation: Activation) -> InKernels {
    use CpuActivation::{Elu, Gelu, Silu};
    let (cpu, gpu) = match activation {
        Activation::Relu(op) => (None, Some((1, op.max.unwrap_or(0.0)))),
        Activation::Gelu(_) => (Some(Gelu), Some((2, 0.0))),
        Activation::Celu(op) => {
            let alpha = op.alpha as f32;
            (Some(Elu { alpha, scale: alpha }), Some((3, op.alpha)))
        }
        Activation::Silu(_) => (Some(Silu), Some((4, 0.0))),
        Activation::Sigmoid(_) => (None, Some((5, 0.0))),
        Activation::Elu(op) => (Some(Elu { alpha: op.alpha as f32, scale: 1.0 }), None),
        _ => (None, None),
    };
    InKernels { cpu, gpu }
}
