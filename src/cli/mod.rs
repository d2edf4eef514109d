//! The command line. The only module that prints, and only in `out` and `bar`.
//!
//! Two binaries share it. `netc` links no libtorch, so that it starts in a millisecond; for the
//! commands that compute with tensors it starts `netc-torch` beside it with the same arguments.

pub mod args;
pub mod args_doctor;
mod args_draw;
pub mod args_export;
pub mod args_parity;
mod args_report;
pub mod args_search;
pub mod args_tools;
pub mod args_train;
pub mod args_watch;
pub mod bar;
mod check;
pub mod data;
mod derive;
mod diff;
pub mod difference;
mod doctor;
mod draw;
mod expand;
mod explain;
mod explain_path;
pub mod export;
mod fix;
mod fmt;
mod import;
mod lsp;
mod manual;
pub mod memory;
pub mod out;
pub mod passes;
mod plot;
mod recipe;
pub mod report;
mod search_engine;
pub mod search_plan;
pub mod search_status;
mod show;
pub mod sibling;
pub mod source;

use std::process::ExitCode;

use clap::Parser;

pub use args::{Cli, Command, TensorCommand};
pub use args_doctor::DoctorArgs;
pub use args_draw::DrawArgs;
pub use args_export::{ExportArgs, ExportFormat, FormArg, ImportArgs, LogitsArgs, SourceArgs};
pub use args_parity::{AgreeArgs, ParityArgs};
pub use args_report::ReportArgs;
pub use args_search::{ReproduceArgs, SearchArgs};
pub use args_train::{EvalArgs, MachineArgs, ProfileArgs, TrainArgs};
pub use args_watch::{PlotArgs, PredictArgs};
pub use sibling::start_sibling;

/// The exit code of a command that found problems in its input.
pub const PROBLEMS: u8 = 1;

/// Runs the command line. `tensors` runs the commands that need libtorch.
pub fn main(tensors: impl FnOnce(TensorCommand) -> ExitCode) -> ExitCode {
    let cli = match out::parsed(Cli::try_parse()) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    match cli.command {
        Command::Check(args) => check::run(&args),
        Command::Fmt(args) => fmt::run(&args),
        Command::Expand(args) => expand::run(&args),
        Command::Draw(args) => draw::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Derive(args) => derive::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Recipe(args) => recipe::run(&args),
        Command::Completions(args) => manual::completions(&args),
        Command::Man(args) => manual::man(&args),
        Command::Report(args) => report::run(&args),
        Command::Plot(args) => plot::run(&args),
        Command::Tensors(TensorCommand::Passes(args)) if !args.verify => passes::run(&args),
        Command::Tensors(TensorCommand::Export(args)) if !args.to.needs_tensors() => export::run(&args),
        Command::Tensors(TensorCommand::Doctor(args)) if !args.probe => doctor::run(&args),
        Command::Tensors(TensorCommand::Search(args)) if search_engine::concerns(&args) => {
            search_engine::run(&args)
        }
        Command::Tensors(command) => tensors(command),
        Command::Lsp(args) => lsp::run(&args),
    }
}
