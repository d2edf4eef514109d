//! The kernels of netc's own, for CPUs with AVX2 or more, and calls that tch lacks.
//!
//! All `unsafe` code of lowering is here, behind functions that check kinds, shapes and layouts of
//! their tensors. What checks is the same for all processors; what computes is in `x86`, behind
//! [evidence](Kernels) that this processor has the instructions.

#![allow(unsafe_code)]
// On other processors there is no evidence, so nothing beyond the checks is called.
#![cfg_attr(not(target_arch = "x86_64"), allow(unused))]

pub mod aten;
mod convolution;
mod depthwise;
mod evidence;
mod im2col;
mod image;
mod max_pool;
mod moments;
mod norm;
mod output_sums;
mod packed;
mod pool;
pub mod script;
mod sgd;
mod terms;
mod workspace;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use evidence::Kernels;
pub use moments::Moments;
pub use netc::lower::schedule::FusedOps;
pub use netc::lower::winograd::Winograd;
pub use packed::{Direction, Packed, Packing};
pub use terms::{Epilogue, FromTo, Owned, SgdStep};
pub use workspace::Workspace;

use tch::{Device, Kind};

/// Whether there are kernels for tensors of a kind on a device.
pub fn suits(device: Device, kind: Kind) -> bool {
    device == Device::Cpu && matches!(kind, Kind::Float | Kind::BFloat16)
}
