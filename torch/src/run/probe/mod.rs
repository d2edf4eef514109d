//! Measurements: where time and memory go, where a number stops being finite, how far results
//! are from those of other implementations.

mod images;
pub(in crate::run) mod native;
mod on_device;
pub(in crate::run) mod origin;
pub(in crate::run) mod parity;
mod peaks;
pub(in crate::run) mod profile;
mod steps;
