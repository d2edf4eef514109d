//! The trainings of a search: a worker takes one run after another, by leases.

mod appender;
mod calibrate;
mod entries;
mod worker;

pub use calibrate::{Calibration, calibrate};
pub use worker::{Stage, Worked, Worker, moved};
