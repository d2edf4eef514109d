//! The command line. The only place that prints, and in it `out` and `bar` alone.
//!
//! Two binaries share it. `netc` links no libtorch, so that it starts in a millisecond; for the
//! commands that compute with tensors it starts `netc-torch` beside it with the same arguments.

#[cfg(feature = "torch")]
mod advice;
mod args;
mod args_doctor;
mod args_draw;
mod args_export;
mod args_parity;
mod args_report;
mod args_search;
mod args_tools;
mod args_train;
mod args_watch;
mod bar;
mod check;
mod data;
mod derive;
mod diff;
mod difference;
mod doctor;
mod draw;
#[cfg(feature = "torch")]
mod eval;
mod expand;
mod explain;
mod explain_path;
mod export;
#[cfg(feature = "torch")]
mod export_script;
mod fix;
mod fmt;
mod import;
#[cfg(feature = "torch")]
mod logits;
mod lsp;
mod manual;
mod memory;
mod out;
#[cfg(feature = "torch")]
mod parity;
mod passes;
mod plot;
#[cfg(feature = "torch")]
mod predict;
#[cfg(feature = "torch")]
mod profile;
#[cfg(feature = "torch")]
mod progress;
mod recipe;
mod report;
#[cfg(feature = "torch")]
mod search;
mod search_engine;
mod search_plan;
mod search_status;
#[cfg(feature = "torch")]
mod search_view;
#[cfg(feature = "torch")]
mod search_workers;
mod show;
mod sibling;
mod source;
#[cfg(feature = "torch")]
mod tensors;
#[cfg(feature = "torch")]
mod train;

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
#[cfg(feature = "torch")]
pub use tensors::tensors;

/// The exit code of a command that found problems in its input.
pub(crate) const PROBLEMS: u8 = 1;

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
