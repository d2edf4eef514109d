//! The search: many trainings, kept safe, and compared honestly.
//!
//! A search is a folder. Its files are the truth and are only ever added to or replaced whole:
//!
//! | file | what |
//! |---|---|
//! | `plan.json` | what was asked for, every variant and every run, fixed before the first one starts |
//! | `nets/GRAPH.net` | the flat net of each variant |
//! | `runs/ID/run.jsonl` | one run: its inputs, attempts, epochs and end, a line each, appended ([`Line`]) |
//! | `runs/ID/lease.N` | who works on it |
//! | `runs/ID/checkpoint.safetensors` | where an unfinished one goes on, and at the end its weights |
//! | `index.sqlite` | what the runs say, for queries; built from them ([`Index`]) |
//! | `engine.json` | the jobs that were submitted for it ([`engine`]) |
//!
//! Everything here but the trainings themselves needs no libtorch.

#[cfg(feature = "torch")]
mod appender;
#[cfg(feature = "torch")]
mod calibrate;
pub mod engine;
mod error;
mod files;
mod halving;
mod index;
pub mod lease;
mod plan;
mod record;
pub mod report;
pub mod serve;
mod spec;
pub mod stats;
mod status;
mod variants;
#[cfg(feature = "torch")]
mod worker;

#[cfg(feature = "torch")]
pub use calibrate::{Calibration, calibrate};
pub use error::SearchError;
pub use files::{read_run, read_runs};
pub use halving::{Fate, fates};
pub use index::{Index, Standing};
pub use plan::{MAX_RUNS, Plan, PlannedRun};
pub use record::{Attempt, End, Inputs, Line, Run};
pub use spec::{Combine, Spec};
pub use status::{Running, SoFar, Status, Watcher, rough};
pub use variants::{Claim, MAX_VALUES, MAX_VARIANTS, Variant};
#[cfg(feature = "torch")]
pub use worker::{Stage, Worked, Worker};
