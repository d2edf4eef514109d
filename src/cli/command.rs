use clap::{Parser, Subcommand};

use crate::cli::args::ColorWhen;
use crate::cli::export::args::{ExportArgs, ImportArgs, LogitsArgs};
use crate::cli::export::parity_args::{AgreeArgs, ParityArgs};
use crate::cli::machine::args::{CompletionsArgs, DoctorArgs, ManArgs};
use crate::cli::net::args::{
    DeriveArgs, DiffArgs, ExpandArgs, ExplainArgs, FmtArgs, LspArgs, NewArgs, PassesArgs, ShowArgs,
};
use crate::cli::net::check::args::CheckArgs;
use crate::cli::picture::args::{DrawArgs, PlotArgs};
use crate::cli::search::args::{ReproduceArgs, SearchArgs};
use crate::cli::search::report_args::ReportArgs;
use crate::cli::terminal;
use crate::cli::train::args::{EvalArgs, PredictArgs, ProfileArgs, RecipeArgs, TrainArgs};

/// A declarative network-graph compiler: describe a net, check it in milliseconds, train it.
#[derive(Debug, Parser)]
#[command(
    name = "netc",
    version,
    about,
    term_width = terminal::help_width(),
    after_help = "\
Examples:
  netc check nets/resnet9.net            is it right, and what does it cost?
  netc train nets/resnet9.net            train it on CIFAR-10
  netc train nets/resnet9.net --data synthetic --epochs 4
  netc expand nets/extra_l1l2l3.net      the flat net, with origins"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Colour the output; `auto`: on a terminal, unless NO_COLOR, CLICOLOR, CLICOLOR_FORCE or
    /// TERM=dumb says otherwise
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = ColorWhen::Auto)]
    pub color: ColorWhen,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a file from a net that comes with netc
    New(NewArgs),
    /// Check nets and show what they cost
    Check(CheckArgs),
    /// Rewrite files in canonical form
    Fmt(FmtArgs),
    /// Print the flat net, one op per line, each with its origin
    Expand(ExpandArgs),
    /// Draw a net as SVG, PNG, DOT or Mermaid
    Draw(DrawArgs),
    /// Print the source with the shape and the parameters of each stage beside it
    Show(ShowArgs),
    /// Compare two nets: stages, attributes, parameters, MACs
    Diff(DiffArgs),
    /// Explain a kind of problem, or where the values of a node come from
    Explain(ExplainArgs),
    /// Derive a net from another, as readable text
    Derive(DeriveArgs),
    /// Convert an ONNX model to a net
    Import(ImportArgs),
    /// Print the built-in recipe, with an explanation of every key
    Recipe(RecipeArgs),
    /// Report on a search: means, intervals, what cannot be told apart, a picture
    Report(ReportArgs),
    /// Plot accuracy and loss of trainings against epochs and time
    Plot(PlotArgs),
    #[command(flatten)]
    #[allow(missing_docs)]
    Tensors(TensorCommand),
    /// Run the language server for editors, on standard input and output
    Lsp(LspArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Print the man page, or write all of them
    Man(ManArgs),
}

/// The commands that compute with tensors, and so need libtorch.
#[derive(Debug, Subcommand)]
pub enum TensorCommand {
    /// Train a net
    Train(TrainArgs),
    /// Train many variants of a net, several times each, and compare them
    Search(Box<SearchArgs>),
    /// Compare the accuracy that each net claims with that of several trainings
    Reproduce(Box<ReproduceArgs>),
    /// Show what the graph passes do to a net, and what that saves
    Passes(PassesArgs),
    /// Show where the time of a training step goes, node by node
    Profile(ProfileArgs),
    /// Evaluate a trained net
    Eval(EvalArgs),
    /// Classify images with a trained net
    Predict(PredictArgs),
    /// Write a net with its weights for other programs
    Export(ExportArgs),
    /// Check what is installed on this machine, and say how to get what is not
    Doctor(DoctorArgs),
    /// Write weights, logits, gradients and the result of a few steps, for comparison with PyTorch
    #[command(hide = true)]
    Parity(ParityArgs),
    /// Compare every way of computing nets with fp64 on the CPU
    #[command(hide = true)]
    Agree(AgreeArgs),
    /// Compute a net's output for given images, for comparison with other programs
    #[command(hide = true)]
    Logits(LogitsArgs),
}
