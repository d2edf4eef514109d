//! The commands that compute with tensors.

mod advice;
mod doctor;
mod eval;
mod export_script;
mod logits;
mod parity;
mod predict;
mod profile;
mod progress;
mod search;
mod search_view;
mod search_workers;
mod tensors;
mod train;
mod verify;

pub use tensors::tensors;
