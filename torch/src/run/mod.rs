//! Running: a recipe, data, and the loop that trains a net on them.
//!
//! Nothing here prints: [`train`](fn@train) reports through [`Event`]s and writes a run folder.

mod batches;
mod board;
mod checkpoint;
mod classify;
mod device;
pub mod dist;
mod epoch;
mod evaluate;
mod facts;
mod fits;
mod ghost;
mod logits;
mod native;
mod optimiser;
mod origin;
mod parity;
mod profile;
mod state;
mod statistics;
mod stepper;
mod train;
mod whiten;

pub use batches::Batches;
pub use board::Board;
pub use checkpoint::{load as load_checkpoint, save as save_checkpoint};
pub use classify::Trained;
pub use device::{LibtorchFacts, Machine, libtorch_facts};
pub use evaluate::{Score, confusion_of_run, evaluate, evaluate_run};
pub use logits::logits;
pub use native::leave;
pub use optimiser::{LrState, Optimiser};
pub use parity::{Distance, Named, Steps, Trial};
pub use profile::{Phases, Profile, TaskProfile, profile};
pub use train::{Event, Job, Resume, RunReport, train};
