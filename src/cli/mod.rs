//! The command line. The only place that prints.
//!
//! Two binaries share it. `netc` links no libtorch, so that it starts in a millisecond; for the
//! commands that compute with tensors it starts `netc-torch` beside it with the same arguments.

mod args;
mod args_train;
mod check;
#[cfg(feature = "torch")]
mod data;
#[cfg(feature = "torch")]
mod eval;
mod expand;
mod fmt;
mod lsp;
mod out;
#[cfg(feature = "torch")]
mod parity;
#[cfg(feature = "torch")]
mod progress;
mod sibling;
#[cfg(feature = "torch")]
mod tensors;
#[cfg(feature = "torch")]
mod train;

use std::process::ExitCode;

use clap::Parser;

pub use args::{Cli, Command};
pub use args_train::{EvalArgs, MachineArgs, ParityArgs, TrainArgs};
pub use sibling::start_sibling;
#[cfg(feature = "torch")]
pub use tensors::tensors;

/// The exit code of a command that found problems in its input.
pub(crate) const PROBLEMS: u8 = 1;

/// Runs the command line. `tensors` runs the commands that need libtorch.
pub fn main(tensors: impl FnOnce(Command) -> ExitCode) -> ExitCode {
    match Cli::parse().command {
        Command::Check(args) => check::run(&args),
        Command::Fmt(args) => fmt::run(&args),
        Command::Expand(args) => expand::run(&args),
        Command::Lsp(args) => lsp::run(&args),
        command @ (Command::Train(_) | Command::Eval(_) | Command::Parity(_)) => tensors(command),
    }
}
