//! Commands that draw: nets, and the course of trainings.

pub mod args;
pub(super) mod draw;
pub(super) mod plot;
