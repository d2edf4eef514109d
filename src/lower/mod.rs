//! Lowering: from a checked graph to something that computes.
//!
//! [`plan`](fn@plan) puts the ops that the output needs into an order and says when each value may be dropped; it
//! is pure. [`TorchNet`] owns the weights and runs a plan on libtorch. Weights start from a seed, each tensor
//! from a stream of its own named by its path, so that a layer more changes no other layer's weights.

mod algorithm;
#[cfg(feature = "torch")]
mod compiled;
pub mod cpu;
mod error;
mod fold;
mod identifier;
mod init;
#[cfg(feature = "torch")]
pub mod kernels;
mod plan;
mod precision;
mod predict;
mod pytorch;
mod saving;
mod schedule;
pub mod sealed;
pub mod seed;
#[cfg(feature = "torch")]
mod torch;
mod weights;
mod winograd;

pub use algorithm::{Algorithm, ConvChoice, Times, Ways};
#[cfg(feature = "torch")]
pub use compiled::{Compiled, Stepped, TaskInfo, Tuning};
pub use error::TorchError;
pub use plan::{Plan, Step, plan};
pub use precision::Precision;
pub use predict::Predicted;
pub use pytorch::pytorch;
pub use saving::{Saving, Without};
pub use schedule::{After, Facts, Footprint, Load, Means, Schedule, Slots, Task};
#[cfg(feature = "torch")]
pub use torch::{At, Mode, TorchNet, TrainingNorm, Verified, Weight, save_script, verify};
pub use weights::{Numbers, Weights};
