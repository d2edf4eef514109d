use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Subcommand, ValueEnum, ValueHint};

use crate::cli::args::{LayerArgs, MachineArgs};

/// Arguments of `netc search`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    subcommand_precedence_over_arg = true,
    subcommand_value_name = "status|cancel",
    after_help = "\
Examples:
  netc search nets/base.net --over res,extra --epochs 20,22 --runs 10
  netc search nets/base.net --over width=[64,128] --where 'params < 8_000_000' \\
    --dry-run
  netc search my.yaml             a spec: the keys below, in a file
  netc search searches/base       go on, or help from another process
  netc search my.yaml --workers 4 --serve
  netc search my.yaml --engine slurm --workers 16 \\
    --sbatch-args '--gpus=1 --time=4:00:00'
  netc search status searches/base

A search is a folder. Each run has a file of its own in it, and a run that was cut short, however \
that came about, goes on from its last checkpoint. Any number of processes may work on one folder.

The keys of a spec are nets, set, over, combine, where, epochs, runs, halving, seed, recipe, keys, \
data, limit_train, limit_test and precision: as the options of these names, which win over them. \
`recipe` is a file, `keys` sets keys of recipes: `keys: [batch_size=64]`. All else, such as \
--workers, is said by options alone.

Exit codes: 0 every run is over, 1 a problem, 2 wrong usage, 130 interrupted."
)]
pub struct SearchArgs {
    #[command(subcommand)]
    #[allow(missing_docs)]
    pub command: Option<SearchCommand>,
    /// Nets, or a spec, or the folder of a search
    #[arg(required = true, value_name = "FILE|DIR")]
    pub files: Vec<PathBuf>,
    /// Vary these parameters over their declared domains, or as `width=[64,128]`; may be repeated
    #[arg(long, value_name = "NAMES")]
    pub over: Vec<String>,
    /// Combine the values of several parameters
    #[arg(long, value_enum, value_name = "HOW")]
    pub combine: Option<CombineArg>,
    /// Override a declared parameter in every variant, such as `width=16`; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Keep only variants that meet a condition over `params`, `macs` and parameters
    #[arg(long = "where", value_name = "CONDITION")]
    pub filter: Option<String>,
    /// Train each variant for each of these lengths [default: the recipe's]
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub epochs: Vec<u32>,
    /// Halve successively: after 1, N, N², ... runs, continue only the best one in N of the
    /// variants
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub halving: Option<u32>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub trainings: TrainingsArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub engine: EngineArgs,
}

/// Commands for a search other than working on it.
#[derive(Debug, Subcommand)]
pub enum SearchCommand {
    /// Show the progress of a search: runs, workers, the means so far, the time left
    Status(FolderArgs),
    /// Cancel the jobs that were submitted for a search; their workers save their checkpoints
    Cancel(FolderArgs),
}

/// The folder of a search.
#[derive(Debug, Args)]
pub struct FolderArgs {
    /// The folder of a search
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,
}

/// Arguments of `netc reproduce`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc reproduce nets/*.net              five runs of each, as its recipe says
  netc reproduce nets/resnet9.net --runs 10
  netc reproduce searches/reproduce      go on with it

Each net that claims an accuracy in its recipe is trained as the recipe says. The mean of its runs \
is compared with the claim by a t-test with Holm's correction for the number of nets. It is a search \
like any other: `netc report` reads its folder.

Exit codes: 0 every run is over, 1 a problem, 2 wrong usage, 130 interrupted.")]
pub struct ReproduceArgs {
    /// Nets, or the folder of an earlier reproduction
    #[arg(required = true, value_name = "FILE|DIR")]
    pub files: Vec<PathBuf>,
    /// Train for N epochs instead of each recipe's own; claims are then not comparable
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub epochs: Option<u32>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub trainings: TrainingsArgs,
}

/// Number, data and workers of the trainings.
#[derive(Debug, Args)]
pub struct TrainingsArgs {
    /// Train each variant N times at each length [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub runs: Option<u32>,
    /// Give the first run this seed; later runs count up from it [default: 0]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub recipe: LayerArgs,
    /// Train on this data, as for `netc train` [default: cifar10]
    #[arg(long, value_name = "DATA")]
    pub data: Option<String>,
    /// Train on the first N images only
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub limit_train: Option<usize>,
    /// Test on the first N images only
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub limit_test: Option<usize>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub machine: MachineArgs,
    /// Keep the search in this folder [default: searches/NET; of a reproduction,
    /// searches/reproduce]
    #[arg(short, long, alias = "out", value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Keep the weights of every finished run
    #[arg(long)]
    pub keep_weights: bool,
    /// Save the state of an unfinished run this often, to continue from after a kill
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub save_every: u32,
    /// Work with N parallel processes; several GPUs are divided among them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub workers: Option<u32>,
    /// Print the plan, what it costs, and about how long it takes here; train nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Show no live view, only print a line for each finished run, for logs
    #[arg(long)]
    pub quiet: bool,
    /// Serve a page that shows the search while it runs, for browsers on this machine
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    pub serve: Option<u16>,
    /// Run as a worker started by another process
    #[arg(long, hide = true)]
    pub worker: bool,
}

/// Workers on other machines.
#[derive(Debug, Args)]
pub struct EngineArgs {
    /// Let an engine start the workers: a job array with --workers elements
    #[arg(long, value_enum, value_name = "ENGINE", conflicts_with_all = ["dry_run", "serve", "worker"])]
    pub engine: Option<EngineArg>,
    /// Pass further arguments to sbatch, as on its command line
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true, requires = "engine")]
    pub sbatch_args: Option<String>,
    /// Print the script that would start the workers instead of starting them
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with_all = ["engine", "dry_run", "serve", "worker"])]
    pub emit: Option<EmitArg>,
    /// Name machines for GNU parallel, one per line, in the format of its --sshloginfile
    #[arg(long, value_name = "FILE", requires = "emit")]
    pub hosts: Option<PathBuf>,
}

/// Engines that can run a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineArg {
    /// A job array of Slurm
    Slurm,
}

/// Scripts that start workers by other means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EmitArg {
    /// The script for sbatch
    Slurm,
    /// A command line of GNU parallel
    Parallel,
}

/// How the variations of several parameters are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CombineArg {
    /// One at a time
    Each,
    /// Every combination
    Product,
}
