use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{Named, SetArgs};
use crate::lower::{Disabled, Precision};
use crate::run::DeviceChoice;

/// Arguments of `netc parity`.
#[derive(Debug, Args)]
pub struct ParityArgs {
    /// The net
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Write into this folder
    #[arg(short, long, alias = "out", value_name = "DIR")]
    pub output: PathBuf,
    /// Take this many images per step
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub batch: usize,
    /// Take this many steps
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub steps: usize,
    /// Compute in this precision: fp64, fp32, bf16 or fp16
    #[arg(long, value_name = "PRECISION", default_value = "fp32")]
    pub precision: Precision,
    /// Draw weights and images by this seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Take the weights from a `.safetensors` file instead of drawing them
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
}

/// Arguments of `netc agree`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc agree nets/*.net --device cuda       a training step of each net
  netc agree nets/resnet9.net --set width=8 --steps 100 --precision fp64
  netc agree nets/base.net --device cpu --without kernels
                                            as on a GPU, on the CPU

Takes the same steps on the CPU in fp64 op by op, and on the device in each precision by both \
executors. Prints how far each is from the first: the root of the mean square of the differences \
over that of the exact numbers, of the logits in evaluation and in training, of the gradients of \
the first step, and of what all steps changed.

Exit codes: 0 all within their bounds, 1 one is not, or a problem, 2 wrong usage.")]
pub struct AgreeArgs {
    /// The nets; one whose output is not classes is skipped
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub set: SetArgs,
    /// Compute on this device: auto, cpu or cuda:0
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: DeviceChoice,
    /// Compute in these precisions
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "fp64,fp32,fp16,bf16"
    )]
    pub precision: Vec<Precision>,
    /// Take this many images per step
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub batch: usize,
    /// Take this many steps
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub steps: usize,
    /// Disable optimisations of the compiled step: norm, relu, pool, add, memory, descent,
    /// kernels, graph
    #[arg(long, value_name = "NAMES", default_value = "", hide_possible_values = true,
        value_parser = Named::optimisations())]
    pub without: Disabled,
    /// Write the exact steps of each net into a folder named after it, as `netc parity` does
    #[arg(short, long, alias = "out", value_name = "DIR")]
    pub output: Option<PathBuf>,
}
