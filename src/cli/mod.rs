//! The command line. The only module that prints, and only in `out` and `bar`.
//!
//! Two binaries share it. `netc` links no libtorch, so that it starts in a millisecond; for the
//! commands that compute with tensors it starts `netc-torch` beside it with the same arguments.

pub mod args;
pub mod bar;
pub mod command;
pub mod difference;
pub mod export;
pub mod machine;
mod markdown;
pub mod net;
pub mod out;
pub mod picture;
pub mod search;
pub mod table;
pub mod terminal;
pub mod train;
mod usage;

use std::process::ExitCode;

use clap::Parser;

pub use command::{Cli, Command, TensorCommand};
pub use machine::sibling::start_sibling;
pub use out::PROBLEMS;

/// Runs the command line. `tensors` runs the commands that need libtorch.
pub fn main(tensors: impl FnOnce(TensorCommand) -> ExitCode) -> ExitCode {
    terminal::obey_color();
    let cli = match out::parsed(Cli::try_parse()) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    match cli.command {
        Command::New(args) => net::new::run(&args),
        Command::Check(args) => net::check::run(&args),
        Command::Fmt(args) => net::fmt::run(&args),
        Command::Expand(args) => net::expand::run(&args),
        Command::Draw(args) => picture::draw::run(&args),
        Command::Show(args) => net::show::run(&args),
        Command::Diff(args) => net::diff::run(&args),
        Command::Explain(args) => net::explain::run(&args),
        Command::Derive(args) => net::derive::run(&args),
        Command::Import(args) => export::import::run(&args),
        Command::Recipe(args) => train::recipe::run(&args),
        Command::Completions(args) => machine::manual::completions(&args),
        Command::Man(args) => machine::manual::man(&args),
        Command::Report(args) => search::report::run(&args),
        Command::Plot(args) => picture::plot::run(&args),
        Command::Tensors(TensorCommand::Passes(args)) if !args.verify => net::passes::run(&args),
        Command::Tensors(TensorCommand::Export(args)) => match args.check_name() {
            Err(message) => out::misused(&message),
            Ok(()) if args.format.needs_tensors() => tensors(TensorCommand::Export(args)),
            Ok(()) => export::write::run(&args),
        },
        Command::Tensors(TensorCommand::Doctor(args)) if !args.is_for_tensors() => {
            machine::doctor::run(&args)
        }
        Command::Tensors(TensorCommand::Search(args)) if search::engine::concerns(&args) => {
            search::engine::run(&args)
        }
        Command::Tensors(command) => tensors(command),
        Command::Lsp(args) => net::lsp::run(&args),
    }
}
