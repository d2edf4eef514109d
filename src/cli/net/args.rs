use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::args::{Format, SetArgs, of_format, picture};
use crate::cli::picture::args::LookArgs;
use crate::passes::Choice;

/// Arguments of `netc new`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc new                       the nets that come with netc
  netc new resnet9               writes resnet9.net
  netc new resnet9 -o my.net

A file that exists is left alone. What it imports comes with netc: `import std: residual`.

Exit codes: 0 written or listed, 1 no such net or the file cannot be written, 2 wrong usage.")]
pub struct NewArgs {
    /// The net to start from; without it, all are listed
    #[arg(value_name = "NET")]
    pub name: Option<String>,
    /// Write to this file [default: NET.net]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The file to write
    #[arg(hide = true, conflicts_with = "output")]
    pub file: Option<PathBuf>,
}

/// Arguments of `netc fmt`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc fmt nets/*.net            rewrite in place
  netc fmt --check nets/*.net    name the files that would change
  netc fmt - < my.net            from standard input to standard output

Exit codes: 0 all in canonical form, 1 a file that does not parse or, with --check, is not in \
canonical form, 2 wrong usage.")]
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
  netc explain                     all ops, blocks, keys and codes, a line each
  netc explain conv                an op: arguments, shape, weights, cost
  netc explain residual            a block of std: what it is, and its text
  netc explain peak_lr             a recipe key: what it means and accepts
  netc explain shape               a code: a wrong example, the right one
  netc explain my.net              every path of the net, a line each
  netc explain my.net layer1       those of one stage or block
  netc explain my.net layer1.conv --set width=32
                                   where each of its values comes from
  netc explain my.net recipe       which layer gives each key of the recipe

Exit codes: 0 explained, 1 the file cannot be read, has problems or holds no net, 2 there is no \
such word or path.")]
pub struct ExplainArgs {
    /// An op, a block of std, a recipe key, the code of a problem, or a net file
    #[arg(value_name = "WORD|FILE", value_hint = clap::ValueHint::FilePath)]
    pub subject: Option<PathBuf>,
    /// A node of the net by its path, a stage or block, or `recipe`
    pub path: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub set: SetArgs,
    /// Print in this format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `netc expand`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc expand nets/resnet9.net
  netc expand nets/base.net --set res=[1,3]

Exit codes: 0 printed, 1 the file has problems or holds no net, 2 wrong usage.")]
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

/// Arguments of `netc show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc show nets/resnet9.net
  netc show nets/base.net --set width=128
  netc show nets/resnet9.net --ssa      one op a line, with operands and shape

A line that a net goes through several times shows the shapes of all its calls: \
[N, 64|128, 32|16, 32|16] x2.

Exit codes: 0 shown, 1 the file has problems or holds no net, 2 wrong usage.")]
pub struct ShowArgs {
    /// The file to show
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub set: SetArgs,
    /// Print one op per line: `%name = op(operands, arguments) : shape`
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
  netc diff nets/base.net nets/resnet9.net -o diff.svg
                               both pictures, with what differs marked

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
    /// Print in this format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Draw both nets side by side, with what differs marked; the extension decides the format:
    /// svg, png or pdf. Without --summary or --format json nothing is printed then
    #[arg(short, long, value_name = "FILE", value_parser = picture)]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub look: LookArgs,
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

Exit codes: 0 derived or nothing to derive, 1 the file has problems or holds no net, 2 wrong \
usage.")]
pub enum Derive {
    /// Keep only the shortest branch of each `add` and `mul`, and drop identities
    #[command(after_help = "\
Examples:
  netc derive shortest-path nets/dawnbench.net
  netc derive shortest-path nets/dawnbench.net -o backbone.net

Of the values that an add or a mul joins, the one with the fewest ops from the input is kept, the \
first of several. A concat stays: it collects features, it does not bypass a layer.

Exit codes: 0 derived or nothing to derive, 1 the file has problems or holds no net, 2 wrong \
usage.")]
    ShortestPath(DeriveFile),
    /// Drop each bn -> relu whose operand is already the result of bn -> relu
    #[command(after_help = "\
Examples:
  netc derive drop-repeats nets/backbone.net

Exit codes: 0 derived or nothing to derive, 1 the file has problems or holds no net, 2 wrong \
usage.")]
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
    #[arg(short, long, alias = "out", value_name = "FILE", value_parser = net)]
    pub output: Option<PathBuf>,
}

fn net(text: &str) -> Result<PathBuf, String> {
    of_format(text.as_ref(), "net").map(|()| text.into())
}

/// Arguments of `netc passes`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc passes nets/resnet9.net           what each pass does for evaluation
  netc passes nets/resnet9.net --for training
  netc passes nets/*.net --verify        compute before and after each pass

MACs and traffic are for one image: multiply-accumulate operations, and numbers that ops read and \
write, each op by itself. `netc train --passes NAMES` chooses among the passes, `--passes none` \
runs the net as written.

Exit codes: 0 listed, 1 a file that does not check or a pass that changes a result, 2 wrong usage.")]
pub struct PassesArgs {
    /// The nets
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub set: SetArgs,
    /// Compute the net for this purpose
    #[arg(long = "for", value_enum, value_name = "PURPOSE", default_value = "evaluation")]
    pub purpose: PurposeArg,
    /// Run these passes: `all`, `none`, or names
    #[arg(long, value_name = "NAMES", default_value = "all")]
    pub passes: Choice,
    /// Compute the net before and after each pass, on random images and weights in fp64
    #[arg(long)]
    pub verify: bool,
}

/// The purpose for which a net is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PurposeArg {
    /// Forward and backward
    Training,
    /// Forward only, with the running statistics
    Evaluation,
}
