//! The kernels of netc's own, for CPUs with AVX-512 and its bf16 instructions, and calls that tch lacks.
//!
//! All `unsafe` code of lowering is here, behind functions that check kinds, shapes and layouts of their tensors.

pub mod aten;
#[cfg(target_arch = "x86_64")]
mod element;
#[cfg(target_arch = "x86_64")]
mod image;
#[cfg(target_arch = "x86_64")]
mod norm;
#[cfg(target_arch = "x86_64")]
mod pool;
#[cfg(target_arch = "x86_64")]
mod sgd;
#[cfg(target_arch = "x86_64")]
mod tile;
#[cfg(target_arch = "x86_64")]
mod winograd;

pub use norm::{After, Moments};
pub use sgd::Descent;
pub use winograd::{Direction, Epilogue, Packed, TileSize, Workspace};

/// Shows that this machine has the instructions that the kernels need.
#[derive(Debug, Clone, Copy)]
pub struct Kernels(());

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
