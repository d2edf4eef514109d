//! Arguments that several commands share.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::recipe::RecipeArg;
use crate::run::{DeviceChoice, PrecisionChoice};

/// Overrides of parameters.
#[derive(Debug, Clone, Default, Args)]
pub struct SetArgs {
    /// Override a declared parameter, such as `width=128` or `res=[1,3]`; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,
}

/// What comes above the recipe of a net.
#[derive(Debug, Clone, Default, Args)]
pub struct LayerArgs {
    /// A recipe file of `key: value` lines, or a key of it, such as `peak_lr=0.2`; may be repeated,
    /// a key wins over the file
    #[arg(long, value_name = "R.yaml|KEY=VALUE")]
    pub recipe: Vec<RecipeArg>,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
            Ok((name.trim().into(), value.trim().into()))
        }
        _ => Err("expected NAME=VALUE, such as width=128".into()),
    }
}

/// Device and precision.
#[derive(Debug, Clone, Args)]
pub struct MachineArgs {
    /// auto, cpu, or cuda:0; netc has not been tested on CUDA yet
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: DeviceChoice,
    /// auto, fp32, bf16 or fp16; auto is fp16 on a GPU, bf16 on a CPU with instructions for it,
    /// else fp32
    #[arg(long, value_name = "PRECISION", default_value = "auto")]
    pub precision: PrecisionChoice,
}

/// A file that ends in .svg, .png or .pdf.
pub fn picture(text: &str) -> Result<PathBuf, String> {
    let extension =
        Path::new(text).extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
    match extension.as_str() {
        "svg" | "png" | "pdf" => Ok(PathBuf::from(text)),
        _ => Err("expected a file that ends in .svg, .png or .pdf".into()),
    }
}
