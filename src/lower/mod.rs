//! Lowering: from a checked graph to a plan of what is to be computed.
//!
//! [`plan`](fn@plan) puts the ops that the output needs into an order and says when each value may
//! be dropped. A
//! [`Schedule`] says what of it is computed together and which memory is shared. Both are pure; the
//! package `netc-torch` computes by them. Weights start from a [`seed`], each tensor from a stream
//! of its own named by its path, so that a layer more changes no other layer's weights.

mod algorithm;
pub mod cpu;
mod error;
pub mod fold;
pub mod identifier;
pub mod init;
mod plan;
mod precision;
mod predict;
mod pytorch;
mod saving;
pub mod schedule;
pub mod sealed;
pub mod seed;
mod weights;
pub mod winograd;

pub use algorithm::{ConvAlgorithm, ConvAlgorithms, ConvChoice, Times};
pub use error::TorchError;
pub use plan::{Plan, Step, plan};
pub use precision::Precision;
pub use predict::Predicted;
pub use pytorch::{pytorch, torchscript};
pub use saving::{Disabled, Optimisation};
pub use schedule::{
    Facts, Footprint, FusedOps, Kernel, Schedule, ScheduleOptions, Slots, Task, Workload,
};
pub use weights::{Numbers, Weights};
