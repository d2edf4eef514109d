//! What training, evaluation and prediction ask for; they compute in `netc-torch`.

pub mod args;
pub mod data;
mod kernels;
pub(super) mod recipe;
pub mod weights;

pub use kernels::kernel_table;
