use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::SetArgs;

/// Arguments of `netc export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc export runs/resnet9-0 --to onnx              a trained net: resnet9.onnx
  netc export nets/resnet9.net --to onnx -o my.onnx   with the first weights of a seed
  netc export nets/resnet9.net --weights my.safetensors --to onnx

Exit codes: 0 written, 1 the file has problems or cannot be written, 2 wrong usage.")]
pub struct ExportArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub source: SourceArgs,
    /// The format to write
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub to: ExportFormat,
    /// The file to write [default: the net's name with the format's ending]
    #[arg(short, long, value_name = "OUT")]
    pub out: Option<PathBuf>,
}

/// A net with its weights.
#[derive(Debug, Clone, Args)]
pub struct SourceArgs {
    /// The file of a net, or the folder of a run
    #[arg(value_name = "FILE|RUN", value_hint = clap::ValueHint::AnyPath)]
    pub net: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub set: SetArgs,
    /// Weights for it: a `safetensors` file that names them by path [default: a run's own]
    #[arg(long, value_name = "FILE", conflicts_with = "seed")]
    pub weights: Option<PathBuf>,
    /// Seed of the first weights, where there are no others [default: 0]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// What a net can be exported to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// ONNX, weights embedded
    Onnx,
    /// A Python module for PyTorch, with a loader for the weights
    Pytorch,
}

impl ExportFormat {
    /// How its files end.
    pub fn ending(self) -> &'static str {
        match self {
            ExportFormat::Onnx => "onnx",
            ExportFormat::Pytorch => "py",
        }
    }
}
