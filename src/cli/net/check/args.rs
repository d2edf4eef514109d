use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};

use crate::cli::args::{Named, SetArgs};
use crate::diag::Code;
use crate::lower::ConvChoice;
use crate::run::PrecisionChoice;

/// Arguments of `netc check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc check nets/*.net
  netc check nets                              all `.net` files below it
  netc check nets/resnet9.net --set width=128
  netc check - < my.net                        from standard input
  netc check my.yaml                           a recipe, or the spec of a search
  netc check --watch my.net                    again after each change
  netc check --format json nets/resnet9.net | jq .params
  netc check nets/resnet9.net --batch 2048 --precision fp32
                                               the memory of a training step
  netc check --deny warnings --format github nets
                                               annotations of a pull request
  netc check --fix --dry-run my.net            what the repairs would change

The memory is that of a training step on this machine's CPU: weights, gradients, velocities, \
values and their gradients, and what the kernels work in; libtorch itself, the data and the tests \
after an epoch come on top.

Exit codes: 0 all sound, 1 a file has problems (warnings too, if denied), 2 wrong usage.")]
pub struct CheckArgs {
    /// The nets, recipes and specs of searches to check; a folder for all `.net` files below it,
    /// `-` for standard input
    #[arg(required = true, value_name = "FILE|DIR")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub set: SetArgs,
    /// Print in this format
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,
    /// Check again whenever a file, or one that it imports, changes; until Ctrl-C
    #[arg(long, conflicts_with = "fix")]
    pub watch: bool,
    /// Predict the memory of a training step on this many images [default: the recipe's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    pub batch: Option<u64>,
    /// Predict the memory in this precision: fp64, fp32, bf16 or fp16; auto is bf16 on a CPU with
    /// AVX2, else fp32
    #[arg(long, value_name = "PRECISION", default_value = "auto")]
    pub precision: PrecisionChoice,
    /// Predict the memory with these convolutions: auto, library, direct, f2,
    /// f4 or int16
    #[arg(long, value_name = "ALGORITHM", default_value = "auto", hide_possible_values = true,
        value_parser = Named::convs())]
    pub conv: ConvChoice,
    /// Apply the safe repairs, and show the changes
    #[arg(long)]
    pub fix: bool,
    /// Only show what --fix would change
    #[arg(long, requires = "fix")]
    pub dry_run: bool,
    /// Show every problem, however many have the same code
    #[arg(long)]
    pub all: bool,
    /// Count warnings as problems
    #[arg(long, value_enum, value_name = "KIND")]
    pub deny: Option<Deny>,
    /// Suppress warnings with this code; may be repeated
    #[arg(long, value_name = "CODE", hide_possible_values = true,
        value_parser = PossibleValuesParser::new(Code::warnings().map(Code::as_str)))]
    pub allow: Vec<String>,
}

/// How the result of a check is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people
    Text,
    /// JSON, an object on a line of its own for each file
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands of GitHub Actions, which annotate a pull request
    Github,
}

/// What `--deny` counts as a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// Every warning
    Warnings,
}
