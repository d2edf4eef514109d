use std::path::{Path, PathBuf};

use clap::Args;

use super::args::Format;
use super::args_train::MachineArgs;

/// Arguments of `netc plot`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc plot runs/resnet9-0 -o curves.svg
  netc plot runs/resnet9-* runs/backbone-0 -o curves.png     several runs in one picture
  netc plot runs/resnet9-0 > curves.svg

Accuracy and loss of training and test, against epochs and against time. A run may be plotted while it goes on,
once it has a whole epoch.

Exit codes: 0 drawn, 1 a folder holds no run, no run has a whole epoch, or the picture cannot be written, 2 wrong usage.")]
pub struct PlotArgs {
    /// The folders of runs
    #[arg(required = true, value_name = "RUN", value_hint = clap::ValueHint::DirPath)]
    pub runs: Vec<PathBuf>,
    /// Where to write; the extension decides the format: svg or png. Without it, SVG to standard output
    #[arg(short, long, value_name = "FILE", value_parser = picture)]
    pub output: Option<PathBuf>,
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
    /// Number of classes to list for each image, the most probable first
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    pub top: u16,
    /// Scale images of another size to the net's, ignoring their aspect ratio
    #[arg(long)]
    pub resize: bool,
    /// Output format: for people, or a line of JSON for each image
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub machine: MachineArgs,
}

/// A file that ends in .svg or .png.
pub fn picture(text: &str) -> Result<PathBuf, String> {
    let extension = Path::new(text).extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
    match extension.as_str() {
        "svg" | "png" => Ok(PathBuf::from(text)),
        _ => Err("expected a file that ends in .svg or .png".into()),
    }
}
