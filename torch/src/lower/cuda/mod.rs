//! netc's own kernels for NVIDIA GPUs, and CUDA graphs.
//!
//! NVRTC compiles the sources in `kernels/` for the GPU at hand, once for each GPU and version of
//! the sources; the machine code is kept in the user's cache folder. Driver, NVRTC and libtorch's
//! CUDA part are opened when they are needed, so that one binary serves machines with and without
//! a GPU. All `unsafe` code is behind functions that check kinds, shapes and layouts of their
//! tensors.
//!
//! Without a GPU the same kernels run on the CPU, on tensors in host memory, if the environment
//! variable [`EMULATOR`] names the library that `scripts/test-kernels.sh --library` builds. It is
//! slow and meant for tests of everything around the kernels.

#![allow(unsafe_code)]

mod augment;
mod captures;
mod compile;
mod dropout;
mod emulator;
mod gpu;
mod graph;
mod image;
mod launch;
mod loss;
mod norm;
mod optimizer;
mod readback;
mod state;

pub use augment::{Augmented, CHANNELS, Draw, ImageSource};
pub use captures::Captures;
pub use compile::{compile, keep_in};
pub use emulator::EMULATOR;
pub(crate) use gpu::driver_words;
pub use graph::{CudaGraph, current_stream, own_stream};
pub use launch::GpuKernels;
pub use norm::GpuMoments;
pub use optimizer::{Adam, Averages, Copied, Mover, Sgd, Updates};
pub use readback::{DeviceProgress, Readback};
pub use state::{DeviceState, GROUPS, Growth, LossScaling, SCALARS, StepRow};

use tch::{Device, Kind, TchError};

/// The architectures of the first GPUs, after a look at whether all that netc needs is there: the
/// functions of libtorch for CUDA graphs, and the kernels compiled for each of them.
///
/// # Errors
/// What is missing.
pub fn usable(gpus: usize) -> Result<Vec<String>, TchError> {
    graph::check()?;
    let mut architectures = Vec::new();
    for gpu in 0..gpus {
        let kernels = GpuKernels::on(Device::Cuda(gpu))?;
        architectures.extend(kernels.and_then(|kernels| kernels.architecture()));
    }
    architectures.dedup();
    Ok(architectures)
}

/// The memory of a GPU in bytes, if its driver says.
pub fn memory(gpu: usize) -> Option<u64> {
    gpu::memory(gpu)
}

/// Whether there are kernels for a kind of numbers.
pub fn suits(kind: Kind) -> bool {
    is_16_bits(kind) || kind == Kind::Float
}

/// Whether numbers of a kind have 16 bits.
pub fn is_16_bits(kind: Kind) -> bool {
    matches!(kind, Kind::Half | Kind::BFloat16)
}
