//! Running: a recipe, data, and the loop that trains a net on them.
//!
//! Nothing here prints: [`train`](fn@train) reports through [`Event`]s and writes a run folder.

/// The libtorch that tch 0.24 builds against; it accepts no other.
pub const LIBTORCH: &str = "2.11.0";

pub mod augment;
#[cfg(feature = "torch")]
mod batches;
#[cfg(feature = "torch")]
mod checkpoint;
pub mod data;
#[cfg(feature = "torch")]
mod device;
#[cfg(feature = "torch")]
pub mod dist;
#[cfg(feature = "torch")]
mod epoch;
mod error;
#[cfg(feature = "torch")]
mod evaluate;
mod folder;
mod hardware;
mod journal;
#[cfg(feature = "torch")]
mod logits;
mod method;
#[cfg(feature = "torch")]
mod native;
#[cfg(feature = "torch")]
mod optimiser;
mod options;
#[cfg(feature = "torch")]
mod parity;
#[cfg(feature = "torch")]
mod profile;
pub mod recipe;
mod schedule;
pub mod sealed;
#[cfg(feature = "torch")]
mod stepper;
#[cfg(feature = "torch")]
mod train;

#[cfg(feature = "torch")]
pub use batches::Batches;
#[cfg(feature = "torch")]
pub use checkpoint::{load as load_checkpoint, save as save_checkpoint};
#[cfg(feature = "torch")]
pub use device::Machine;
pub use error::RunError;
#[cfg(feature = "torch")]
pub use evaluate::{Score, evaluate, evaluate_run};
pub use folder::{EpochRow, Outcome, RunFolder, RunInfo, write_atomically};
pub use hardware::Hardware;
pub use journal::{Journal, NoJournal};
#[cfg(feature = "torch")]
pub use logits::logits;
pub use method::{Executor, Method};
#[cfg(feature = "torch")]
pub use optimiser::Sgd;
pub use options::{DeviceChoice, PrecisionChoice};
#[cfg(feature = "torch")]
pub use parity::parity;
#[cfg(feature = "torch")]
pub use profile::{Profile, TaskProfile, profile};
pub use recipe::Recipe;
pub use schedule::Schedule;
#[cfg(feature = "torch")]
pub use train::{Event, Job, Resume, RunReport, train};
