//! Searches: many trainings, recorded reliably and compared statistically.
//!
//! A search is a folder. Its files are the source of truth; they are only appended to or replaced
//! atomically:
//!
//! | file | what |
//! |---|---|
//! | `plan.json` | the request, every variant and every run, fixed before the first one starts |
//! | `nets/GRAPH.net` | the flat net of each variant |
//! | `runs/ID/run.jsonl` | one run: inputs, attempts, epochs and end, one per line ([`Line`]) |
//! | `runs/ID/lease.N` | the worker that owns the run |
//! | `runs/ID/checkpoint.safetensors` | the state to resume from; at the end, the weights |
//! | `engine.json` | the jobs submitted for it ([`engine`]) |
//!
//! The folder may be untrusted. Everything in it is accessed through [`crate::disk::Folder`] and
//! validated when it is read: in a [`Plan`] every index, id and number is in its range, and a run
//! with an invalid file is a [`Flaw`] of that run only. For fast queries, an [`Index`] of the runs
//! is kept in the user's cache folder.
//!
//! Nothing here needs libtorch; the trainings themselves are in `netc-torch`.

mod condition;
pub mod engine;
mod error;
pub mod files;
mod halving;
mod hex;
mod index;
pub mod lease;
mod named;
mod plan;
mod published;
mod record;
pub mod report;
pub mod serve;
mod sorted;
mod spec;
pub mod stats;
mod status;
mod untrusted;
mod variants;

pub use error::SearchError;
pub use files::{Flaw, read_runs};
pub use halving::{Fate, fates};
pub use hex::{Hex, RunId, Sha};
pub use index::{Index, Standing};
pub use plan::{Plan, PlannedRun, Texts};
pub use published::unlike_published;
pub use record::{Attempt, End, Inputs, Line, Run};
pub use sorted::Sorted;
pub use spec::{Combine, Spec};
pub use status::{Running, SoFar, Status, Watcher, rough};
pub use variants::{Claim, Variant};
