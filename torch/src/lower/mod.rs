//! A net on libtorch, and its compiled step.
//!
//! [`TorchNet`] owns the weights and runs a [plan](netc::lower::Plan) on libtorch. Weights are
//! initialised from a seed, each tensor from a random stream named by its path, so that adding a
//! layer does not change the weights of others.

mod compiled;
pub mod kernels;
mod objective;
mod torch;

pub use compiled::{Session, Stepped, TaskInfo, Tuning};
pub use objective::Objective;
pub use torch::{At, Mode, TorchNet, TrainingNorm, Verified, Weight, script, verify};
