//! The kernels of netc's own, for CPUs with AVX-512 and its bf16 instructions, and calls that tch lacks.
//!
//! All `unsafe` code of lowering is here, behind functions that check kinds, shapes and layouts of their tensors.

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
        let has = std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512bw")
            && std::arch::is_x86_feature_detected!("avx512vl")
            && std::arch::is_x86_feature_detected!("avx512dq")
            && std::arch::is_x86_feature_detected!("avx512bf16")
            && std::arch::is_x86_feature_detected!("fma");
        has.then_some(Kernels(()))
    }
}

/// The tensors of a batch normalisation: weight, bias, running mean, running variance; fp32, one number a channel.
pub type Owned<'a> = [&'a Tensor; 4];

/// What follows a batch normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct After {
    /// What is below 0 becomes 0.
    pub relu: bool,
    /// The largest of each 2 x 2 pixels; height and width are even.
    pub pool: bool,
}

/// The tile of an algorithm, in outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TileSize {
    /// 2 x 2.
    Two,
    /// 4 x 4: fewer products, and in bf16 a larger error.
    Four,
}

/// Which way a convolution is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The output from the input.
    Forward,
    /// The gradient by the input from that by the output.
    Backward,
}

/// What is done to a convolution's output before it is written: a bias is added, then a pool and a ReLU, then
/// another image is added.
#[derive(Debug, Clone, Copy, Default)]
pub struct Epilogue<'a> {
    /// fp32, one number for each output channel.
    pub bias: Option<&'a Tensor>,
    /// What follows then.
    pub after: After,
    /// Added last, of the shape of what is written.
    pub add: Option<&'a Tensor>,
}

/// One step of stochastic gradient descent: `v <- momentum v - rate g - decay w`, then `w <- w + v`, or with Nesterov's form
/// `w <- w + momentum v - rate g - decay w`.
#[derive(Debug, Clone, Copy)]
pub struct Descent {
    /// Multiplies the gradient.
    pub rate: f64,
    /// Multiplies the weight.
    pub decay: f64,
    /// Multiplies the velocity.
    pub momentum: f64,
    /// Nesterov's form.
    pub nesterov: bool,
}
