//! A net on libtorch, and its compiled step.
//!
//! [`TorchNet`] owns the weights and runs a [plan](netc::lower::Plan) on libtorch. Weights are
//! initialised from a seed, each tensor from a random stream named by its path, so that adding a
//! layer does not change the weights of others.

pub mod cuda;
pub mod kernels;
mod objective;
mod session;
mod torch;

pub use objective::Objective;
pub use session::{Session, Stepped, TaskInfo, Tuning, convolve};
pub(crate) use torch::kind;
pub use torch::{At, GhostNorm, Mode, TorchNet, TrainingNorm, Verified, Weight, script, verify};
