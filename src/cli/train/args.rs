use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};

use crate::cli::args::{Format, LayerArgs, MachineArgs, Named, SetArgs, picture};
use crate::lower::{ConvChoice, Disabled};
use crate::passes::Choice;
use crate::run::Executor;

/// Arguments of `netc train`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc train nets/resnet9.net
  netc train nets/extra_l1l2l3.net --epochs 60 --seed 3
  netc train nets/resnet9.net --data synthetic --epochs 4
  netc train nets/base.net --set res=[1,3] --recipe my.yaml -o runs/mine
  netc train my.net --weights big.safetensors --recipe freeze=[prep,layer1]
  netc train nets/resnet9.net --recipe peak_lr=0.2 --recipe batch_size=256
  netc train my.net --data photos
                                          with photos/train/CLASS/*.png
  netc train --resume runs/mine
  netc train nets/resnet9.net --log tensorboard
                                          then: tensorboard --logdir runs
  torchrun --no-python --nproc-per-node 2 netc train nets/resnet9.net

The recipe comes in layers, a later one wins: the built-in default, the net's recipe { }, a file of \
--recipe, its keys and --epochs; `netc recipe` lists the keys.

Ctrl-C ends the run after the step under way and saves its state. A run's folder belongs to the \
command that trains in it; one that holds anything else is refused. Where standard output is \
closed, as by `| head`, the training goes on without it. Started by torchrun or srun, the processes \
share each batch of the recipe.

Exit codes: 0 trained, 1 a problem, 2 wrong usage, 130 interrupted.")]
pub struct TrainArgs {
    /// The net
    #[arg(value_name = "FILE", required_unless_present = "resume")]
    pub file: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub set: SetArgs,
    /// Continue an interrupted run, with the net, recipe, data and seed in its folder
    #[arg(long, value_name = "RUN", conflicts_with_all =
        ["file", "set", "recipe", "weights", "names", "epochs", "seed", "output", "limit_train", "limit_test", "precision",
         "sync_bn", "passes", "executor", "conv", "without", "no_graph", "deterministic"])]
    pub resume: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub recipe: LayerArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub start: StartArgs,
    /// Train for N passes over the training set; stretches the recipe's schedule
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub epochs: Option<u32>,
    /// Train on this data: `cifar10` or `cifar100` (found or downloaded), `synthetic` (generated),
    /// a folder of images by class, or an `.npz` file; with --resume, where the run's images are
    /// now [default: cifar10; with --resume, what the run started with]
    #[arg(long, value_name = "DATA")]
    pub data: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub machine: MachineArgs,
    /// Draw the initial weights, the order of images, augmentation and dropout by this seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Keep the run in this folder [default: runs/NET-SEED, or the next free name]
    #[arg(short, long, alias = "out", value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Train on the first N images only
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub limit_train: Option<usize>,
    /// Test on the first N images only
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub limit_test: Option<usize>,
    /// Normalise by the statistics of the whole batch instead of each process's share
    #[arg(long)]
    pub sync_bn: bool,
    /// Let these passes rewrite the net: `all`, `none`, or names that `netc passes` lists
    #[arg(long, value_name = "NAMES", default_value = "all")]
    pub passes: Choice,
    /// Compute by this executor: `compiled` is a schedule made in advance, with netc's own kernels;
    /// `eager` is libtorch op by op, with autograd
    #[arg(long, value_name = "EXECUTOR", default_value = "compiled")]
    pub executor: Executor,
    /// Compute convolutions by this algorithm: `library` is libtorch's; `direct` is for depthwise
    /// ones with kernels of 3, 5 or 7 and a stride of 1 or 2, for those of 1 x 1 with one group and
    /// a stride of 1, and, but for the gradient with respect to the input, for those of one group
    /// with at most 96 weights for each output, such as 3 x 3 of 3 channels; `f2` and `f4` are
    /// Winograd's with tiles of 2 x 2 or 4 x 4, which are less precise in bf16; `int16` has tiles
    /// of 4 x 4 by integers of 16 bits; `auto` takes the fastest of libtorch's, `direct` and, in
    /// fp32, `f4`, in bf16, `f2` and `int16`, timed once for each shape. Those of Winograd are for
    /// kernels of 3 x 3 with `pad = 1`, one group and no dilation, `f2` for a stride of 1, the
    /// others also for 2. All other convolutions are libtorch's, but depthwise ones are computed
    /// directly with all but `library`
    #[arg(long, value_name = "ALGORITHM", default_value = "auto", hide_possible_values = true,
        value_parser = Named::convs())]
    pub conv: ConvChoice,
    /// Write a log for a viewer, too, into the run's folder
    #[arg(long, value_enum, value_name = "VIEWER")]
    pub log: Option<Viewer>,
    /// Disable optimisations of the compiled step, to measure what each gains: norm, relu, pool,
    /// add, memory, descent, kernels, graph
    #[arg(long, value_name = "NAMES", default_value = "", hide_default_value = true,
        hide_possible_values = true, value_parser = Named::optimisations())]
    pub without: Disabled,
    /// Launch each kernel of a GPU by itself instead of the whole step as one CUDA graph, to find
    /// faults
    #[arg(long)]
    pub no_graph: bool,
    /// Save a checkpoint this often; 0 is after every step
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub save_every: u32,
    /// Give bit-identical results also after the timings of --conv auto are lost, and on a GPU:
    /// choose no algorithm by time, and none whose order of additions varies
    #[arg(long)]
    pub deterministic: bool,
    /// Compute the net before and after each pass in fp64 first, and refuse to train if a pass
    /// changes it
    #[arg(long)]
    pub verify_passes: bool,
}

/// The weights that a training starts from.
#[derive(Debug, Clone, Default, Args)]
pub struct StartArgs {
    /// Start from the weights of a `.safetensors` file or of a run, as far as names and sizes are
    /// the net's; the rest is drawn
    #[arg(long, value_name = "FILE|RUN")]
    pub weights: Option<PathBuf>,
    /// Read what the net calls weights with other names from lines of `theirs: ours`
    #[arg(long, value_name = "NAMES.yaml", requires = "weights")]
    pub names: Option<PathBuf>,
}

/// Viewers of a running training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Viewer {
    /// Event files, for `tensorboard --logdir runs`
    Tensorboard,
}

/// Arguments of `netc profile`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc profile nets/resnet9.net
  netc profile nets/resnet9.net --batch 128 -o step.svg
  netc profile nets/base.net --precision fp32 --conv library
  netc profile nets/resnet9.net --phases
  netc profile nets/resnet9.net --retune       after the machine was busy
  netc profile nets/resnet9.net --format json | jq .step

A line a node: its time, multiply-accumulate operations, the bytes that it must at least read and \
write, and what part of this machine's measured peaks that makes. Winograd's convolutions need 1.78, \
2.25 or 4 times fewer operations than are counted, so they may pass 100%. The compiled step of \
`netc train` is measured, on random images.

Memory is what `netc check` predicts. --memory measures it: the process's peak without the pages of \
its files, less what it had before the net was built. Times are longer then, because freed memory \
goes back to the system; otherwise it is kept for the next step, and the process takes up to two \
thirds more than it holds.

Exit codes: 0 measured, 1 a problem, 2 wrong usage.")]
pub struct ProfileArgs {
    /// The net
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub set: SetArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub recipe: LayerArgs,
    /// Take this many images per step [default: the recipe's]
    #[arg(long, value_name = "N", value_parser = whole::<1_048_576>)]
    pub batch: Option<usize>,
    /// Measure this many steps, after two to warm up
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = whole::<1000>)]
    pub steps: usize,
    /// Compute convolutions by this algorithm: auto, library, direct, f2, f4 or int16
    #[arg(long, value_name = "ALGORITHM", default_value = "auto", hide_possible_values = true,
        value_parser = Named::convs())]
    pub conv: ConvChoice,
    /// Forget the timings of this net's convolutions that --conv auto chose by, and time again
    #[arg(long)]
    pub retune: bool,
    /// Let these passes rewrite the net: `all`, `none`, or names that `netc passes` lists
    #[arg(long, value_name = "NAMES", default_value = "all")]
    pub passes: Choice,
    /// Disable optimisations of the compiled step, to measure what each gains: norm, relu, pool,
    /// add, memory, descent, kernels, graph
    #[arg(long, value_name = "NAMES", default_value = "", hide_default_value = true,
        hide_possible_values = true, value_parser = Named::optimisations())]
    pub without: Disabled,
    /// Measure the peak memory of a step, too
    #[arg(long)]
    pub memory: bool,
    /// Show the time of each phase from the start of the process to the second step
    #[arg(long)]
    pub phases: bool,
    /// Show the time of each kernel and the gaps between kernels, too, as on a GPU always; on a CPU
    /// the kernels are libtorch's ops, by their own time
    #[arg(long)]
    pub kernels: bool,
    /// Write a trace of as many further steps to this file, for chrome://tracing or
    /// ui.perfetto.dev
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Print in this format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Draw it into this file, too; the extension decides the format: svg, png or pdf
    #[arg(short, long, alias = "svg", value_name = "FILE", value_parser = picture)]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub machine: MachineArgs,
}

fn whole<const MOST: usize>(text: &str) -> Result<usize, String> {
    let found = text.parse().ok().filter(|n| (1..=MOST).contains(n));
    found.ok_or_else(|| format!("expected a number from 1 to {MOST}"))
}

/// Arguments of `netc eval`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc eval runs/resnet9-0
  netc eval runs/resnet9-0 --data /data/cifar-10 --precision fp32
  netc eval runs/resnet9-0 --limit-test 1000
                                           as a training with this option
  netc eval runs/resnet9-0 --confusion     what was taken for what
  netc eval runs/resnet9-0 --confusion -o confusion.png
                                           the same as a picture, too
  netc eval runs/resnet9-0 --format json | jq .accuracy

Exit codes: 0 evaluated, 1 a problem, 2 wrong usage.")]
pub struct EvalArgs {
    /// The folder of a run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Evaluate on this data, as for `netc train` [default: what the run was trained on]
    #[arg(long, value_name = "DATA")]
    pub data: Option<String>,
    /// Test on the first N images only
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub limit_test: Option<usize>,
    /// Show the confusion matrix and the accuracy of each class
    #[arg(long)]
    pub confusion: bool,
    /// Draw the confusion matrix into this file; the extension decides the format: svg, png or pdf
    #[arg(short, long, value_name = "FILE", requires = "confusion", value_parser = picture)]
    pub output: Option<PathBuf>,
    /// Print in this format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub machine: MachineArgs,
}

/// Arguments of `netc predict`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc predict runs/resnet9-0 cat.png
  netc predict runs/resnet9-0 --top 3 photos/*.jpg --resize
  netc predict runs/resnet9-0 cat.png --format json | jq '.top[0].class'

Images are PNG or JPEG files. They are normalised as those that the run was trained on.

Exit codes: 0 all classified, 1 an image or the run cannot be read, 2 wrong usage.")]
pub struct PredictArgs {
    /// The folder of a run
    #[arg(value_name = "RUN", value_hint = clap::ValueHint::DirPath)]
    pub run: PathBuf,
    /// The images
    #[arg(required = true, value_name = "IMAGE", value_hint = clap::ValueHint::FilePath)]
    pub images: Vec<PathBuf>,
    /// List the N most probable classes of each image
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    pub top: u16,
    /// Scale images of another size to the net's, ignoring their aspect ratio
    #[arg(long)]
    pub resize: bool,
    /// Print in this format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub machine: MachineArgs,
}

/// Arguments of `netc recipe`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc recipe                         every key, its meaning and default
  netc recipe > my.yaml               for `netc train FILE --recipe my.yaml`
  netc recipe --format markdown       the same as tables
  netc explain peak_lr                one key
  netc explain my.net recipe          the recipe in force for a net

Exit codes: 0 printed, 2 wrong usage.")]
pub struct RecipeArgs {
    /// Print in this format
    #[arg(long, value_enum, default_value_t = RecipeFormat::Yaml)]
    pub format: RecipeFormat,
}

/// How the built-in recipe is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RecipeFormat {
    /// A recipe file, with comments
    Yaml,
    /// Tables
    Markdown,
}
