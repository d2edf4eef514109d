//! Nets with their weights for other programs, and from them.

pub mod args;
pub(super) mod import;
pub mod parity_args;
pub mod source;
pub mod write;
