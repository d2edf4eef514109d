use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args_train::MachineArgs;

/// Arguments of `netc search`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc search nets/base.net --over res,extra --epochs 20,22 --runs 10
  netc search nets/base.net --over width=[64,128] --where 'params < 8_000_000' --dry-run
  netc search my.yaml                  the same options as keys of a file
  netc search searches/base            go on with a search, or help with it from another process

A search is a folder. Each run has a file of its own in it, and a run that was cut short, however that
came about, goes on from its last checkpoint. Any number of processes may work on one folder.

Exit codes: 0 every run is over, 1 a problem, 2 wrong usage, 130 interrupted.")]
pub struct SearchArgs {
    /// Nets, or a spec, or the folder of a search
    #[arg(required = true, value_name = "FILE|DIR")]
    pub files: Vec<PathBuf>,
    /// Parameters to vary over their declared domains, or `width=[64,128]`; may be repeated
    #[arg(long, value_name = "NAMES")]
    pub over: Vec<String>,
    /// One parameter at a time, or every combination
    #[arg(long, value_enum, value_name = "HOW")]
    pub combine: Option<CombineArg>,
    /// Leave out variants that fail a condition over `params`, `macs` and parameters
    #[arg(long = "where", value_name = "CONDITION")]
    pub filter: Option<String>,
    /// Train each variant for each of these lengths [default: the recipe's]
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub epochs: Vec<u32>,
    /// Trainings of each variant at each length [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub runs: Option<u32>,
    /// The first run's seed; the next ones count up [default: 0]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// A recipe file over the nets' own recipes
    #[arg(long, value_name = "R.yaml")]
    pub recipe: Option<PathBuf>,
    /// `cifar10`, `synthetic`, or a folder with CIFAR-10 [default: cifar10]
    #[arg(long, value_name = "DATA")]
    pub data: Option<String>,
    /// Train on the first N images only
    #[arg(long, value_name = "N")]
    pub limit_train: Option<usize>,
    /// Test on the first N images only
    #[arg(long, value_name = "N")]
    pub limit_test: Option<usize>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub machine: MachineArgs,
    /// The search's folder [default: searches/NET]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Keep the weights of every finished run
    #[arg(long)]
    pub keep_weights: bool,
    /// Print the plan and train nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// How the variations of several parameters go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CombineArg {
    /// One at a time.
    Each,
    /// Every combination.
    Product,
}
