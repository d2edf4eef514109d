use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::args::{SetArgs, picture};
use crate::tools::draw::{Direction, DrawFormat, DrawOptions, Fold, PageOptions};

/// Arguments of `netc draw`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc draw nets/resnet9.net > resnet9.svg
  netc draw nets/dawnbench.net -o dawnbench.png
  netc draw nets/dawnbench.net --collapse -o overview.svg
  netc draw nets/resnet9.net --direction right -o resnet9.pdf
  netc draw nets/resnet9.net -o resnet9.mmd       for GitHub's Markdown
  netc draw nets/base.net --set res=[1,3] --columns 1 -o base.svg

Exit codes: 0 drawn, 1 the file has problems or the picture cannot be written, 2 wrong usage.")]
pub struct DrawArgs {
    /// The file to draw
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Write to this file instead of SVG to standard output; the extension decides the format:
    /// svg, png, pdf, dot or mmd (Mermaid)
    #[arg(short, long, value_name = "FILE", value_parser = drawing)]
    pub output: Option<(PathBuf, DrawFormat)>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub look: LookArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub set: SetArgs,
}

/// How a net is drawn.
#[derive(Debug, Clone, Args)]
pub struct LookArgs {
    /// Draw each block as one box; equal calls in a row are one, such as `bottleneck(64) x3`
    #[arg(long)]
    pub collapse: bool,
    /// Draw every iteration of a `repeat`, not one with `x6` for all that are equal
    #[arg(long, conflicts_with = "collapse")]
    pub unroll: bool,
    /// Put the stages into this many columns, or rows with `--direction right` [default: what fits
    /// a page best; a net that goes down and up is a U]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub columns: Option<u16>,
    /// Draw the net in this direction
    #[arg(long, value_enum, default_value_t = Towards::Down)]
    pub direction: Towards,
    /// Leave these parts out
    #[arg(long, value_enum, value_name = "PART,...", value_delimiter = ',')]
    pub without: Vec<Part>,
}

/// Where a net leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Towards {
    /// Downwards, in columns
    Down,
    /// To the right, in rows
    Right,
}

/// A part of a picture that can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The name of the net and what it costs
    Title,
    /// What the colours mean
    Legend,
    /// The shapes of values
    Shapes,
}

impl LookArgs {
    /// Whether nothing is asked for.
    pub fn is_default(&self) -> bool {
        let LookArgs { collapse, unroll, columns, direction, without } = self;
        let folded = *collapse || *unroll;
        !folded && columns.is_none() && *direction == Towards::Down && without.is_empty()
    }

    /// The same for the tool that draws.
    pub fn options(&self) -> DrawOptions {
        let without = |part: Part| self.without.contains(&part);
        DrawOptions {
            fold: match (self.collapse, self.unroll) {
                (true, _) => Fold::Calls,
                (_, true) => Fold::Nothing,
                _ => Fold::Rounds,
            },
            hide_shapes: without(Part::Shapes),
            page: PageOptions {
                direction: match self.direction {
                    Towards::Down => Direction::Down,
                    Towards::Right => Direction::Right,
                },
                columns: self.columns.map(usize::from),
                hide_title: without(Part::Title),
                hide_legend: without(Part::Legend),
            },
        }
    }
}

/// A file with the format that its extension names.
fn drawing(text: &str) -> Result<(PathBuf, DrawFormat), String> {
    let extension = Path::new(text).extension().and_then(|e| e.to_str()).unwrap_or_default();
    match DrawFormat::of_extension(&extension.to_lowercase()) {
        Some(format) => Ok((PathBuf::from(text), format)),
        None => Err("expected a file that ends in .svg, .png, .pdf, .dot, .gv or .mmd".into()),
    }
}

/// Arguments of `netc plot`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc plot runs/resnet9-0 -o curves.svg
  netc plot runs/resnet9-* runs/backbone-0 -o curves.png
                                           several runs in one picture
  netc plot runs/resnet9-0 > curves.svg

Accuracy and loss of training and test, against epochs and against time. A run may be plotted while \
it goes on, once it has a whole epoch.

Exit codes: 0 drawn, 1 a folder holds no run, no run has a whole epoch, or the picture cannot be \
written, 2 wrong usage.")]
pub struct PlotArgs {
    /// The folders of runs
    #[arg(required = true, value_name = "RUN", value_hint = clap::ValueHint::DirPath)]
    pub runs: Vec<PathBuf>,
    /// Write to this file instead of SVG to standard output; the extension decides the format:
    /// svg, png or pdf
    #[arg(short, long, value_name = "FILE", value_parser = picture)]
    pub output: Option<PathBuf>,
}
