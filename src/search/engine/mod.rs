//! Engines start the workers of a search on several machines.
//!
//! A worker is `netc search DIR`. Workers divide the runs among themselves with leases in the
//! folder, so an engine only starts workers, and restarts them if their machine fails; it knows
//! nothing about the runs.

mod error;
mod job;
pub mod parallel;
pub mod slurm;
mod submitted;
mod workers;

pub use error::EngineError;
pub use job::JobId;
pub use submitted::Submitted;
pub use workers::Workers;
