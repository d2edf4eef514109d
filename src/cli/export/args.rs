use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::args::{SetArgs, extension, of_format, with_extension};

/// Arguments of `netc export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc export runs/resnet9-0 --format onnx     a trained net: resnet9.onnx
  netc export nets/resnet9.net --format onnx -o my.onnx
                                               with the initial weights of a seed
  netc export nets/resnet9.net --weights my.safetensors --format onnx
  netc export runs/resnet9-0 --format torchscript
                                               for libtorch: resnet9.pt
  netc export nets/resnet9.net --format pytorch
                                               for PyTorch: resnet9.py
  python -c \"import resnet9; \\
    resnet9.load('runs/resnet9-0/checkpoint.safetensors')\"

Exit codes: 0 written, 1 the file has problems or cannot be written, 2 wrong usage.")]
pub struct ExportArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub source: SourceArgs,
    /// Write in this format
    #[arg(long, alias = "to", value_enum)]
    pub format: ExportFormat,
    /// Write the net in this form [default: folded for onnx and torchscript, training for the
    /// others]
    #[arg(long, value_enum, value_name = "FORM")]
    pub form: Option<FormArg>,
    /// Write to this file [default: the net's name with the format's extension]
    #[arg(short, long, alias = "out", value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl ExportArgs {
    /// Refuses a file whose name is of another format.
    ///
    /// # Errors
    /// Such a name, as a message for the user.
    pub fn check_name(&self) -> Result<(), String> {
        self.output.iter().try_for_each(|path| of_format(path, self.format.ending()))
    }
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
    /// Take the weights, keyed by path, from a `.safetensors` file or a run [default: those of the
    /// run]
    #[arg(long, value_name = "FILE|RUN", conflicts_with = "seed")]
    pub weights: Option<PathBuf>,
    /// Draw initial weights by this seed, if no others are given [default: 0]
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
    /// For evaluation, with batch normalisation folded into the weights
    Folded,
    /// Every op as it is
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
  netc import resnet18.onnx -o resnet18.net -o resnet18.safetensors
  netc import any_size.onnx --input 3x224x224 -o any_size.net
  netc export resnet18.net --weights resnet18.safetensors --format onnx

The model must hold its weights in fp32 and be a net of one input and one output, exported for \
evaluation. What recurs in it becomes blocks. Ops that netc does not have are listed, each with how \
often it stands in the model.

Exit codes: 0 imported, 1 a broken file or a model that netc cannot express, 2 wrong usage.")]
pub struct ImportArgs {
    /// The ONNX model
    #[arg(value_name = "MODEL.onnx", value_hint = clap::ValueHint::FilePath)]
    pub model: PathBuf,
    /// Write the net to a `.net` file instead of standard output, or the weights to a
    /// `.safetensors` file; may be repeated
    #[arg(short, long, aliases = ["out", "weights"], value_name = "FILE", value_parser = imported)]
    pub output: Vec<PathBuf>,
    /// Give the input these sizes, without the batch, in a model that leaves them open
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

impl ImportArgs {
    /// The file to write that has this extension.
    ///
    /// # Errors
    /// There are two.
    pub fn output(&self, ending: &str) -> Result<Option<&Path>, String> {
        let mut found = self.output.iter().filter(|path| extension(path) == ending);
        match (found.next(), found.next()) {
            (Some(one), Some(other)) => Err(format!(
                "one .{ending} file is written, got {} and {}",
                one.display(),
                other.display()
            )),
            (one, _) => Ok(one.map(PathBuf::as_path)),
        }
    }
}

fn imported(text: &str) -> Result<PathBuf, String> {
    with_extension(text, &["net", "safetensors"])
}

/// Arguments of `netc logits`.
#[derive(Debug, Args)]
pub struct LogitsArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub source: SourceArgs,
    /// Read `images`, in fp32, from this `.safetensors` file
    #[arg(long, value_name = "FILE")]
    pub images: PathBuf,
    /// Write `logits` to this `.safetensors` file
    #[arg(short, long, alias = "out", value_name = "FILE")]
    pub output: PathBuf,
}
