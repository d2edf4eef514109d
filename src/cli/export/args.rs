use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::args::SetArgs;

/// Arguments of `netc export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc export runs/resnet9-0 --to onnx              a trained net: resnet9.onnx
  netc export nets/resnet9.net --to onnx -o my.onnx   with the first weights of a seed
  netc export nets/resnet9.net --weights my.safetensors --to onnx
  netc export runs/resnet9-0 --to torchscript       for libtorch: resnet9.pt
  netc export nets/resnet9.net --to pytorch         its source for PyTorch: resnet9.py
  python -c \"import resnet9; resnet9.load('runs/resnet9-0/checkpoint.safetensors')\"

Exit codes: 0 written, 1 the file has problems or cannot be written, 2 wrong usage.")]
pub struct ExportArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub source: SourceArgs,
    /// The format to write
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub to: ExportFormat,
    /// `folded` for evaluation, with batch normalisation folded into the weights; `training` with
    /// every op as it is
    /// [default: folded for onnx and torchscript, training for the others]
    #[arg(long, value_enum, value_name = "FORM")]
    pub form: Option<FormArg>,
    /// The file to write [default: the net's name with the format's extension]
    #[arg(short, long, value_name = "OUT")]
    pub out: Option<PathBuf>,
}

/// A net with its weights.
#[derive(Debug, Clone, Args)]
pub struct SourceArgs {
    /// A net file, or the folder of a run
    #[arg(value_name = "FILE|RUN", value_hint = clap::ValueHint::AnyPath)]
    pub net: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub set: SetArgs,
    /// Weights: a `safetensors` file keyed by path [default: those of the run]
    #[arg(long, value_name = "FILE", conflicts_with = "seed")]
    pub weights: Option<PathBuf>,
    /// Seed of the initial weights, if no others are given [default: 0]
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
    /// TorchScript for evaluation, weights embedded; libtorch alone can load it
    Torchscript,
    /// The weights by path, with the net's text and hash in the metadata
    Safetensors,
}

/// The form in which a net is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormArg {
    /// What evaluation needs.
    Folded,
    /// Every op, one for one.
    Training,
}

impl FormArg {
    /// Its name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            FormArg::Folded => "folded",
            FormArg::Training => "training",
        }
    }
}

impl ExportFormat {
    /// Its file extension.
    pub fn ending(self) -> &'static str {
        match self {
            ExportFormat::Onnx => "onnx",
            ExportFormat::Pytorch => "py",
            ExportFormat::Torchscript => "pt",
            ExportFormat::Safetensors => "safetensors",
        }
    }

    /// Its default form.
    pub fn usual_form(self) -> FormArg {
        match self {
            ExportFormat::Onnx | ExportFormat::Torchscript => FormArg::Folded,
            ExportFormat::Pytorch | ExportFormat::Safetensors => FormArg::Training,
        }
    }

    /// Whether writing it needs libtorch.
    pub fn needs_tensors(self) -> bool {
        match self {
            ExportFormat::Torchscript => true,
            ExportFormat::Onnx | ExportFormat::Pytorch | ExportFormat::Safetensors => false,
        }
    }
}

/// Arguments of `netc import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc import resnet18.onnx -o resnet18.net
  netc import resnet18.onnx -o resnet18.net --weights resnet18.safetensors
  netc import any_size.onnx --input 3x224x224 -o any_size.net
  netc export resnet18.net --weights resnet18.safetensors --to onnx

The model must hold its weights in fp32 and be a net of one input and one output, exported for evaluation. What recurs in
it becomes blocks. Ops that netc does not have are listed, each with how often it stands in the model.

Exit codes: 0 imported, 1 a broken file or a model that netc cannot say, 2 wrong usage.")]
pub struct ImportArgs {
    /// The ONNX model
    #[arg(value_name = "MODEL.onnx", value_hint = clap::ValueHint::FilePath)]
    pub model: PathBuf,
    /// Write the net to this file instead of standard output
    #[arg(short, long, value_name = "F.net")]
    pub out: Option<PathBuf>,
    /// Write the weights to this file
    #[arg(long, value_name = "F.safetensors")]
    pub weights: Option<PathBuf>,
    /// The input's sizes without the batch, for a model that leaves them open
    #[arg(long, value_name = "CxHxW", value_parser = sizes)]
    pub input: Option<InputSizes>,
}

/// The sizes of an input without the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputSizes(
    /// One for each dimension.
    pub Vec<u64>,
);

fn sizes(text: &str) -> Result<InputSizes, String> {
    let size = |part: &str| part.parse().ok().filter(|&size: &u64| size > 0);
    let sizes: Option<Vec<u64>> =
        text.split(['x', 'X', ',']).map(|part| size(part.trim())).collect();
    sizes.map(InputSizes).ok_or_else(|| "expected sizes from 1 on, as in 3x224x224".into())
}

/// Arguments of `netc logits`.
#[derive(Debug, Args)]
pub struct LogitsArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub source: SourceArgs,
    /// A `safetensors` file with `images`, fp32
    #[arg(long, value_name = "FILE")]
    pub images: PathBuf,
    /// The `safetensors` file to write, with `logits`
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}
