//! The kernels of netc's own, for CPUs with AVX-512 and its bf16 instructions, and calls that tch
//! lacks.
//!
//! All `unsafe` code of lowering is here, behind functions that check kinds, shapes and layouts of
//! their tensors.

#![allow(unsafe_code)]

pub mod aten;
#[cfg(target_arch = "x86_64")]
mod element;
#[cfg(not(target_arch = "x86_64"))]
mod elsewhere;
#[cfg(target_arch = "x86_64")]
mod image;
#[cfg(target_arch = "x86_64")]
mod norm;
#[cfg(target_arch = "x86_64")]
mod pool;
pub mod script;
#[cfg(target_arch = "x86_64")]
mod sgd;
#[cfg(target_arch = "x86_64")]
mod tile;
#[cfg(target_arch = "x86_64")]
mod winograd;

pub use netc::lower::schedule::FusedOps;
pub use netc::lower::winograd::TileSize;
use tch::Tensor;

#[cfg(not(target_arch = "x86_64"))]
pub use elsewhere::{Kernels, Moments, Packed, Workspace};
#[cfg(target_arch = "x86_64")]
pub use norm::Moments;
#[cfg(target_arch = "x86_64")]
pub use winograd::{Packed, Workspace};

/// Shows that this machine has the instructions that the kernels need.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
pub struct Kernels(());

#[cfg(target_arch = "x86_64")]
impl Kernels {
    /// The kernels, if this machine has what they need.
    pub fn detect() -> Option<Kernels> {
        netc::lower::cpu::has_kernels().then_some(Kernels(()))
    }
}

/// The tensors of a batch normalisation: weight, bias, running mean, running variance; fp32, one
/// number a channel.
pub type Owned<'a> = [&'a Tensor; 4];

/// Which way a convolution is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// For the output.
    Forward,
    /// The gradient by the input from that by the output.
    Backward,
}

/// What is done to a convolution's output before it is written: a bias is added, then a pool and a
/// ReLU, then another image is added.
#[derive(Debug, Clone, Copy, Default)]
pub struct Epilogue<'a> {
    /// fp32, one number for each output channel.
    pub bias: Option<&'a Tensor>,
    /// What follows then.
    pub after: FusedOps,
    /// Added last, of the shape of what is written.
    pub add: Option<&'a Tensor>,
}

/// One step of stochastic gradient descent: `v <- momentum v - rate g - decay w`, then
/// `w <- w + v`, or with Nesterov's form `w <- w + momentum v - rate g - decay w`.
#[derive(Debug, Clone, Copy)]
pub struct SgdStep {
    /// Multiplies the gradient.
    pub rate: f64,
    /// Multiplies the weight.
    pub decay: f64,
    /// Multiplies the velocity.
    pub momentum: f64,
    /// Nesterov's form.
    pub nesterov: bool,
}
