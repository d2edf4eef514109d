use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::args::with_extension;

/// Arguments of `netc report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc report searches/base                    means, intervals, what is alike
  netc report searches/base -o base.svg        accuracy against time
  netc report searches/base -o base.html       one page that works offline
  netc report searches/base -o base.sqlite     for queries in SQL
  netc report searches/base --format json | jq .groups

A search may be reported while it runs; what is not over is named and not counted.

Exit codes: 0 reported, 1 no such search, or a file that cannot be read or written, 2 wrong usage.")]
pub struct ReportArgs {
    /// The folder of a search
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub folder: PathBuf,
    /// Print in this format
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    /// Write to this file, too; the extension decides what: html (everything as one page that works
    /// offline), json, csv, sqlite (the runs and their epochs), or svg, png or pdf (accuracy
    /// against time); may be repeated
    #[arg(short, long, value_name = "FILE", value_parser = reported,
        aliases = ["html", "csv", "json", "sqlite", "plot"])]
    pub output: Vec<PathBuf>,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people
    Text,
    /// Everything as one JSON object
    Json,
    /// A row for each variant at each length
    Csv,
}

fn reported(text: &str) -> Result<PathBuf, String> {
    let found = with_extension(text, &["html", "json", "csv", "sqlite", "svg", "png", "pdf"]);
    found.map_err(|why| format!("{why}; --format is for standard output"))
}
