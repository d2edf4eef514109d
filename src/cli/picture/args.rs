use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::args::{SetArgs, picture};
use crate::tools::draw::DrawFormat;

/// Arguments of `netc draw`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc draw nets/resnet9.net > resnet9.svg
  netc draw nets/dawnbench.net -o dawnbench.png
  netc draw nets/dawnbench.net --collapse -o overview.svg
  netc draw nets/resnet9.net -o resnet9.mmd        for GitHub's Markdown
  netc draw nets/base.net --set res=[1,3] --columns 1 -o base.svg

Exit codes: 0 drawn, 1 the file has problems or the picture cannot be written, 2 wrong usage.")]
pub struct DrawArgs {
    /// The file to draw
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where to write; the extension decides the format: svg, png, dot or mmd (Mermaid). Without
    /// it, SVG to standard output
    #[arg(short, long, value_name = "FILE", value_parser = drawing)]
    pub output: Option<(PathBuf, DrawFormat)>,
    /// Draw each block as one box
    #[arg(long)]
    pub collapse: bool,
    /// Number of columns of stages [default: what fits a page best]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub columns: Option<u16>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub set: SetArgs,
}

/// A file with the format that its extension names.
fn drawing(text: &str) -> Result<(PathBuf, DrawFormat), String> {
    let extension = Path::new(text).extension().and_then(|e| e.to_str()).unwrap_or_default();
    match DrawFormat::of_extension(&extension.to_lowercase()) {
        Some(format) => Ok((PathBuf::from(text), format)),
        None => Err("expected a file that ends in .svg, .png, .dot, .gv or .mmd".into()),
    }
}

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
    /// Where to write; the extension decides the format: svg or png. Without it, SVG to standard
    /// output
    #[arg(short, long, value_name = "FILE", value_parser = picture)]
    pub output: Option<PathBuf>,
}
