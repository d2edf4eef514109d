use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::args::{Format, SetArgs};
use crate::passes::Choice;

/// Arguments of `netc show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc show nets/resnet9.net
  netc show nets/base.net --set width=128
  netc show nets/resnet9.net --ssa      one op a line, with operands and shape

A line that a net goes through several times shows the shapes of all its calls: [N, 64|128, 32|16, 32|16] x2.

Exit codes: 0 shown, 1 the file has problems or holds no net, 2 wrong usage.")]
pub struct ShowArgs {
    /// The file to show
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub set: SetArgs,
    /// One op per line: `%name = op(operands, arguments) : shape`
    #[arg(long)]
    pub ssa: bool,
}

/// Arguments of `netc diff`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc diff nets/base.net nets/resnet9.net
  netc diff nets/base.net nets/base.net --set width=128
  netc diff --summary nets/backbone.net nets/backbone_norepeat.net
  netc diff --format json nets/base.net nets/extra_l1.net | jq .params

Exit codes: 0 the same graph, 1 they differ, 2 wrong usage or a file that does not check.")]
pub struct DiffArgs {
    /// The net to start from
    #[arg(value_name = "A")]
    pub a: PathBuf,
    /// The net to compare with it
    #[arg(value_name = "B")]
    pub b: PathBuf,
    /// Override a declared parameter of B
    #[command(flatten)]
    pub set: SetArgs,
    /// Group similar changes on one line
    #[arg(long)]
    pub summary: bool,
    /// Output format: for people, or one JSON object
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `netc derive`.
#[derive(Debug, Args)]
pub struct DeriveArgs {
    /// What to derive.
    #[command(subcommand)]
    pub what: Derive,
}

/// The derivations.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  netc derive shortest-path nets/dawnbench.net -o backbone.net
  netc derive drop-repeats backbone.net

Exit codes: 0 derived or nothing to derive, 1 the file has problems or holds no net, 2 wrong usage.")]
pub enum Derive {
    /// Keep only the shortest branch of each `add` and `mul`, and drop identities
    #[command(after_help = "\
Examples:
  netc derive shortest-path nets/dawnbench.net
  netc derive shortest-path nets/dawnbench.net -o backbone.net

Of the values that an add or a mul joins, the one with the fewest ops from the input is kept, the
first of several. A concat stays: it collects features, it is no way round a layer.

Exit codes: 0 derived or nothing to derive, 1 the file has problems or holds no net, 2 wrong usage.")]
    ShortestPath(DeriveFile),
    /// Drop each bn -> relu whose operand is already the result of bn -> relu
    #[command(after_help = "\
Examples:
  netc derive drop-repeats nets/backbone.net

Exit codes: 0 derived or nothing to derive, 1 the file has problems or holds no net, 2 wrong usage.")]
    DropRepeats(DeriveFile),
}

/// What every derivation reads and writes.
#[derive(Debug, Args)]
pub struct DeriveFile {
    /// The net file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub set: SetArgs,
    /// Write the net to this file instead of standard output
    #[arg(short, long, value_name = "OUT")]
    pub out: Option<PathBuf>,
}

/// Arguments of `netc recipe`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc recipe                        every key, what it means, and its value if nothing is said
  netc recipe > my.yaml              a start for a recipe of your own: netc train FILE --recipe my.yaml
  netc recipe --markdown             the same as tables
  netc explain nets/resnet9.net recipe     the recipe in force for a net, and where each value comes from

Exit codes: 0 printed, 2 wrong usage.")]
pub struct RecipeArgs {
    /// Print tables in Markdown instead of YAML
    #[arg(long)]
    pub markdown: bool,
}

/// Arguments of `netc completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc completions bash > ~/.local/share/bash-completion/completions/netc
  netc completions zsh > ~/.zfunc/_netc              with `fpath+=~/.zfunc` before `compinit` in ~/.zshrc
  netc completions fish > ~/.config/fish/completions/netc.fish
  netc completions elvish >> ~/.config/elvish/rc.elv
  netc completions powershell >> $PROFILE

Exit codes: 0 printed, 2 wrong usage.")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Arguments of `netc man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc man | man -l -
  netc man --out ~/.local/share/man/man1      then `man netc` and `man netc-check` work

Exit codes: 0 written, 1 the folder cannot be written, 2 wrong usage.")]
pub struct ManArgs {
    /// Write the man page of netc and of each command into this folder, creating it if needed
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Arguments of `netc passes`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc passes nets/resnet9.net                  what each pass does to it for evaluation
  netc passes nets/resnet9.net --for training
  netc passes nets/*.net --verify               compute each net before and after each pass

MACs and traffic are for one image: multiply-accumulate operations, and numbers that ops read and write, each
op by itself. `netc train --passes NAMES` chooses among the passes, `--passes none` runs the net as written.

Exit codes: 0 listed, 1 a file that does not check or a pass that changes a result, 2 wrong usage.")]
pub struct PassesArgs {
    /// The nets
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub set: SetArgs,
    /// The purpose for which the net is computed
    #[arg(long = "for", value_enum, value_name = "PURPOSE", default_value = "evaluation")]
    pub purpose: PurposeArg,
    /// The passes to run: `all`, `none`, or names
    #[arg(long, value_name = "NAMES", default_value = "all")]
    pub passes: Choice,
    /// Compute the net before and after each pass, on random images and weights in fp64
    #[arg(long)]
    pub verify: bool,
}

/// The purpose for which a net is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PurposeArg {
    /// Forward and backward.
    Training,
    /// Forward only, with the running statistics.
    Evaluation,
}
