use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::args_doctor::DoctorArgs;
use super::args_draw::DrawArgs;
use super::args_export::{ExportArgs, ImportArgs, LogitsArgs};
use super::args_parity::{AgreeArgs, ParityArgs};
use super::args_report::ReportArgs;
use super::args_search::{ReproduceArgs, SearchArgs};
use super::args_tools::{CompletionsArgs, DeriveArgs, DiffArgs, ManArgs, PassesArgs, RecipeArgs, ShowArgs};
use super::args_train::{EvalArgs, ProfileArgs, TrainArgs};
use super::args_watch::{PlotArgs, PredictArgs};
use crate::diag::Code;
use crate::lower::ConvChoice;
use crate::run::PrecisionChoice;

/// A declarative network-graph compiler: describe a net, check it in milliseconds, train it.
#[derive(Debug, Parser)]
#[command(
    name = "netc",
    version,
    about,
    max_term_width = 100,
    after_help = "\
Examples:
  netc check nets/resnet9.net            is it right, and what does it cost?
  netc train nets/resnet9.net            train it on CIFAR-10
  netc train nets/resnet9.net --data synthetic --epochs 4
  netc expand nets/extra_l1l2l3.net      the flat net, and where each op comes from"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
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

/// Arguments of `netc check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc check nets/*.net
  netc check nets/resnet9.net --set width=128
  netc check --format json nets/resnet9.net | jq .params
  netc check nets/resnet9.net --batch 2048 --precision fp32
                                         how much memory does a training step need?
  netc check --deny warnings nets/*.net
  netc check --fix --dry-run my.net      what the repairs would change

The memory is that of a training step on this machine's CPU: weights, gradients, velocities, values and their gradients, and
what the kernels work in; images that wait and the tests after an epoch come on top.

Exit codes: 0 all sound, 1 a file has problems (warnings too, if denied), 2 wrong usage.")]
pub struct CheckArgs {
    /// The files to check
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub set: SetArgs,
    /// Output format: a table for people, or a line of JSON for each file
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Images per batch, for predicting the memory of a training step [default: the recipe's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    pub batch: Option<u64>,
    /// Precision for that prediction: fp64, fp32, bf16 or fp16; auto is bf16 on a CPU with instructions
    /// for it, else fp32
    #[arg(long, value_name = "PRECISION", default_value = "auto")]
    pub precision: PrecisionChoice,
    /// Convolutions for that prediction: auto, library, f2 or f4
    #[arg(long, value_name = "ALGORITHM", default_value = "auto")]
    pub conv: ConvChoice,
    /// Apply suggested repairs; shows the changes first
    #[arg(long)]
    pub fix: bool,
    /// With --fix: show the changes without writing them
    #[arg(long, requires = "fix")]
    pub dry_run: bool,
    /// Count warnings as problems
    #[arg(long, value_enum, value_name = "KIND")]
    pub deny: Option<Deny>,
    /// Suppress warnings with this code; may be repeated
    #[arg(long, value_name = "CODE", value_parser = PossibleValuesParser::new(Code::warnings().map(Code::as_str)))]
    pub allow: Vec<String>,
}

/// What `--deny` counts as a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// Every warning.
    Warnings,
}

/// Overrides of parameters.
#[derive(Debug, Clone, Default, Args)]
pub struct SetArgs {
    /// Override a declared parameter, such as `width=128` or `res=[1,3]`; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Arguments of `netc fmt`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc fmt nets/*.net            rewrite in place
  netc fmt --check nets/*.net    name the files that would change; exit 1 if there are any
  netc fmt - < my.net            from standard input to standard output")]
pub struct FmtArgs {
    /// The files to rewrite; `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Change nothing; list the files that are not in canonical form
    #[arg(long)]
    pub check: bool,
}

/// Arguments of `netc explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc explain                            every code, a line each
  netc explain shape                      what it means, a wrong example, the right one
  netc explain nets/base_wide.net         every path of the net, a line each
  netc explain nets/base_wide.net layer1  those of one stage or block
  netc explain nets/base_wide.net layer1.conv_bn_1.conv --set width=32
                                          where each of its values comes from
  netc explain nets/base_wide.net recipe  which layer gives each key of the recipe

Exit codes: 0 explained, 1 the file has problems or holds no net, 2 there is no such code, file or path.")]
pub struct ExplainArgs {
    /// The code of a problem, or a net file
    #[arg(value_name = "CODE|FILE", value_hint = clap::ValueHint::FilePath)]
    pub subject: Option<PathBuf>,
    /// A node of the net by its path, a stage or block, or `recipe`
    pub path: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub set: SetArgs,
    /// Output format: for people, or one JSON object (for all codes: one per line)
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `netc expand`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc expand nets/resnet9.net
  netc expand nets/base.net --set res=[1,3]")]
pub struct ExpandArgs {
    /// The file to expand
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub set: SetArgs,
}

/// Arguments of `netc lsp`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc lsp    started by an editor, as the language server of `.net` files

Exit codes: 0 ended by the editor, 1 the connection broke, 2 wrong usage.")]
pub struct LspArgs {
    /// Use standard input and output; editors pass this flag, and there is no other transport
    #[arg(long)]
    pub stdio: bool,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
            Ok((name.trim().into(), value.trim().into()))
        }
        _ => Err("expected NAME=VALUE, such as width=128".into()),
    }
}
