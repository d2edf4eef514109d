//! Lowering: from a checked graph to an execution plan.
//!
//! [`plan`](fn@plan) orders the ops that the output depends on and determines when each value can
//! be dropped. A [`Schedule`] fuses ops and assigns memory. Both are pure; the package `netc-torch`
//! executes them. Weights are initialised from a [`seed`], each tensor from a random stream named
//! by its path, so that adding a layer does not change the weights of others.

mod algorithm;
mod backend;
pub mod cpu;
mod depthwise;
mod error;
pub mod fold;
pub mod identifier;
mod im2col;
pub mod init;
mod memory;
mod optimisations;
mod plan;
mod precision;
mod pytorch;
pub mod schedule;
pub mod seed;
mod start;
pub mod tensor_file;
mod timing;
mod weights;
mod weights_error;
pub mod winograd;
mod workload;

pub use algorithm::{ConvAlgorithm, ConvAlgorithms, ConvChoice, ConvDirection, ConvKernel};
pub use backend::{Backend, Footprint, ForwardPass};
pub use depthwise::Depthwise;
pub use error::TorchError;
pub use im2col::Im2col;
pub use memory::{Predicted, Processor};
pub use optimisations::{Disabled, Optimisation};
pub use plan::{Plan, Step, plan};
pub use precision::Precision;
pub use pytorch::{pytorch, torchscript};
pub use schedule::{
    ConvUse, FusedOps, Kernel, KernelSet, Schedule, ScheduleOptions, Slots, Task, ValueInfo,
};
pub use start::{Renaming, StartError, StartWeights, unused as unused_renamings};
pub use timing::{Candidate, Reason, Times};
pub use weights::{Numbers, Weights};
pub use weights_error::WeightsError;
pub use workload::Workload;
