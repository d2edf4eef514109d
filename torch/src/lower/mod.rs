//! A net on libtorch, and its compiled step.
//!
//! [`TorchNet`] owns the weights and runs a [plan](netc::lower::Plan) on libtorch. Weights start
//! from a seed, each tensor from a stream of its own named by its path, so that a layer more
//! changes no other layer's weights.

mod compiled;
pub mod kernels;
mod objective;
mod torch;

pub use compiled::{Session, Stepped, TaskInfo, Tuning};
pub use objective::Objective;
pub use torch::{At, Mode, TorchNet, TrainingNorm, Verified, Weight, script, verify};
