//! The schedule of a net's step, made before any tensor exists: which ops are fused into which
//! [tasks](Task), the kernel of each, and which values share memory. Pure.

mod activations;
mod build;
mod slots;
mod tasks;

pub use activations::{CpuActivation, InKernels, in_kernels};
pub use build::{ConvUse, Schedule, ValueInfo};
pub use slots::Slots;
pub use tasks::{FusedOps, Kernel, KernelSet, ScheduleOptions, Task};
