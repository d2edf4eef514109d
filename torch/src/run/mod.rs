//! Running: a recipe, data, and the loop that trains a net on them.
//!
//! Nothing here prints: [`train`](fn@train) reports through [`Event`]s and writes a run folder.

mod device;
pub mod dist;
mod evaluate;
mod optimiser;
mod probe;
mod store;
mod train;

pub use device::{LibtorchFacts, Machine, libtorch_facts};
pub use evaluate::classify::Trained;
pub use evaluate::logits::logits;
pub use evaluate::{Score, confusion_of_run, evaluate, evaluate_run};
pub use optimiser::{LrState, Optimiser};
pub use probe::native::leave;
pub use probe::parity::{Distance, Named, Steps, Trial};
pub use probe::profile::{Phases, Profile, ProfileOptions, TaskProfile, profile};
pub use store::board::Board;
pub use store::checkpoint::{load as load_checkpoint, save as save_checkpoint};
pub use train::batches::{Batch, Batches};
pub use train::{Event, Images, Job, Resume, RunReport, fine_tune, train, trainable};
