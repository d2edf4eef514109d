//! Running: a recipe, data, and the loop that trains a net on them.
//!
//! Nothing here prints: [`train`](fn@train) reports through [`Event`]s and writes a run folder.

/// The libtorch that tch 0.24 builds against; it accepts no other.
pub const LIBTORCH: &str = "2.11.0";

mod attempt;
pub mod augment;
#[cfg(feature = "torch")]
mod batches;
#[cfg(feature = "torch")]
mod checkpoint;
#[cfg(feature = "torch")]
mod classify;
mod confusion;
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
mod finite;
#[cfg(feature = "torch")]
mod fits;
mod folder;
#[cfg(feature = "torch")]
mod ghost;
mod hardware;
mod info;
mod journal;
mod log;
#[cfg(feature = "torch")]
mod logits;
mod memory;
mod method;
#[cfg(feature = "torch")]
mod native;
#[cfg(feature = "torch")]
mod optimiser;
mod options;
#[cfg(feature = "torch")]
mod origin;
mod own;
#[cfg(feature = "torch")]
mod parity;
#[cfg(feature = "torch")]
mod profile;
#[cfg(feature = "torch")]
mod state;
#[cfg(feature = "torch")]
mod statistics;
#[cfg(feature = "torch")]
mod stepper;
pub mod tensorboard;
#[cfg(feature = "torch")]
mod train;
#[cfg(feature = "torch")]
mod whiten;

pub use attempt::RunAttempt;
#[cfg(feature = "torch")]
pub use batches::Batches;
#[cfg(feature = "torch")]
pub use checkpoint::{load as load_checkpoint, save as save_checkpoint};
#[cfg(feature = "torch")]
pub use classify::Trained;
pub use confusion::{Confusion, Mistake};
#[cfg(feature = "torch")]
pub use device::{LibtorchFacts, Machine, libtorch_facts};
pub use error::{Origin, RunError};
#[cfg(feature = "torch")]
pub use evaluate::{Score, confusion_of_run, evaluate, evaluate_run};
pub use folder::{RunFolder, write_atomically};
pub use hardware::{Hardware, gpu_names, process_age};
pub use info::{EpochRow, Outcome, RunInfo};
pub use journal::{Journal, NoJournal};
pub use log::EpochLog;
#[cfg(feature = "torch")]
pub use logits::logits;
pub use memory::{Allocated, machine_memory};
pub use method::{Executor, Method};
#[cfg(feature = "torch")]
pub use native::leave;
#[cfg(feature = "torch")]
pub use optimiser::{Optimiser, Pace};
pub use options::{DeviceChoice, PrecisionChoice};
#[cfg(feature = "torch")]
pub use parity::{Distance, Named, Steps, Trial};
#[cfg(feature = "torch")]
pub use profile::{Phases, Profile, TaskProfile, profile};
#[cfg(feature = "torch")]
pub use train::{Event, Job, Resume, RunReport, train};
