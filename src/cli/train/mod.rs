//! What training, evaluation and prediction ask for; they compute in `netc-torch`.

pub mod args;
pub mod data;
pub(super) mod recipe;
