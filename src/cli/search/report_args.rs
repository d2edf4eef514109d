use std::path::PathBuf;

use clap::Args;

use crate::cli::args::picture;

/// Arguments of `netc report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc report searches/base                        means, intervals, what cannot be told apart
  netc report searches/base --plot base.svg        accuracy against time, as SVG or PNG
  netc report searches/base --html base.html       all of it as one page that works offline
  netc report searches/base --json - | jq .groups  for other programs
  netc report searches/base --sqlite base.sqlite   for queries in SQL

A search may be reported while it runs; what is not over is named and not counted.

Exit codes: 0 reported, 1 no such search, or a file that cannot be read or written, 2 wrong usage.")]
pub struct ReportArgs {
    /// The folder of a search
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub folder: PathBuf,
    /// Write everything as one page that works offline
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write one row for each variant at each length; `-` for standard output
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Write everything as one JSON object; `-` for standard output
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the runs and their epochs to a new SQLite database, for your own queries
    #[arg(long, value_name = "FILE")]
    pub sqlite: Option<PathBuf>,
    /// Draw accuracy against time; the extension decides the format: svg or png
    #[arg(long, value_name = "FILE", value_parser = picture)]
    pub plot: Option<PathBuf>,
}
