//! The search: many trainings, kept safe, and compared honestly.
//!
//! A search is a folder. Its files are the truth and are only ever added to or replaced whole:
//!
//! | file | what |
//! |---|---|
//! | `plan.json` | what was asked for, every variant and every run, fixed before the first one
//! starts |
//! | `nets/GRAPH.net` | the flat net of each variant |
//! | `runs/ID/run.jsonl` | one run: its inputs, attempts, epochs and end, a line each, appended
//! ([`Line`]) |
//! | `runs/ID/lease.N` | who works on it |
//! | `runs/ID/checkpoint.safetensors` | where an unfinished one goes on, and at the end its weights
//! |
//! | `engine.json` | the jobs that were submitted for it ([`engine`]) |
//!
//! It may come from a stranger. Everything in it is reached through [`crate::disk::Folder`] and
//! checked where it is read: a
//! [`Plan`] that was read has every index, id and number in its range, and a run whose file has not
//! is a [`Flaw`] of this run alone. What the runs say is kept for quick looks in the user's cache
//! folder ([`Index`]).
//!
//! Everything here but the trainings themselves needs no libtorch.

pub mod engine;
mod error;
pub mod files;
mod halving;
mod hex;
mod index;
pub mod lease;
mod named;
mod plan;
mod record;
pub mod report;
mod sane;
pub mod serve;
mod sorted;
mod spec;
pub mod stats;
mod status;
mod variants;

pub use error::SearchError;
pub use files::{Flaw, read_runs};
pub use halving::{Fate, fates};
pub use hex::{Hex, RunId, Sha};
pub use index::{Index, Standing};
pub use plan::{Plan, PlannedRun, Texts};
pub use record::{Attempt, End, Inputs, Line, Run};
pub use sorted::Sorted;
pub use spec::{Combine, Spec};
pub use status::{Running, SoFar, Status, Watcher, rough};
pub use variants::{Claim, Variant};
