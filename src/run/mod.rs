//! The parts of a training that need no tensors: the data, and the folder of a run. The training
//! itself is in the package `netc-torch`.

/// The libtorch that tch 0.24 builds against; it accepts no other.
pub const LIBTORCH: &str = "2.11.0";

mod attempt;
pub mod augment;
mod confusion;
pub mod data;
mod epoch;
mod error;
mod folder;
mod hardware;
mod info;
mod journal;
mod log;
mod method;
mod metrics;
mod options;
pub(crate) mod own;
mod resident;
pub mod tensorboard;
pub mod trace;

pub use attempt::RunAttempt;
pub use confusion::{Confusion, Mistake};
pub use epoch::EpochRow;
pub use error::{Origin, RunError};
pub use folder::{RunFolder, write_atomically};
pub use hardware::{Hardware, gpu_names, process_age};
pub use info::{Outcome, RunInfo};
pub use journal::{Journal, NoJournal};
pub use log::EpochLog;
pub use method::{Executor, Method};
pub use metrics::Metrics;
pub use options::{DeviceChoice, PrecisionChoice};
pub use resident::{Allocated, machine_memory};
