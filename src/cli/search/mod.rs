//! Searches: their plans, engines that work on them, how far they are, and what they found.

pub mod args;
pub(super) mod engine;
pub mod plan;
pub mod report;
pub mod report_args;
pub mod status;
