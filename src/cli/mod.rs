//! The command line. The only place that prints.
//!
//! Two binaries share it. `netc` links no libtorch, so that it starts in a millisecond; for the
//! commands that compute with tensors it starts `netc-torch` beside it with the same arguments.

mod args;
mod check;
mod expand;
mod fmt;
mod out;
mod sibling;

use std::process::ExitCode;

use clap::Parser;

pub use args::{Cli, Command};
pub use sibling::start_sibling;

/// The exit code of a command that found problems in its input.
pub(crate) const PROBLEMS: u8 = 1;

/// Runs the command line. `tensors` runs the commands that need libtorch.
pub fn main(_tensors: impl FnOnce(Command) -> ExitCode) -> ExitCode {
    match Cli::parse().command {
        Command::Check(args) => check::run(&args),
        Command::Fmt(args) => fmt::run(&args),
        Command::Expand(args) => expand::run(&args),
    }
}
