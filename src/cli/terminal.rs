//! Whether texts have colours, and how wide they may be.

use std::{env, io};

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum as _;

use crate::cli::args::ColorWhen;

/// The columns of what is no terminal.
const COLUMNS: usize = 80;
/// The widest help.
const HELP: usize = 100;

/// Obeys `--color` before the arguments are parsed, so that errors of the arguments do, too.
pub(super) fn obey_color() {
    let args = env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned());
    let mut args = args.take_while(|arg| arg != "--");
    while let Some(arg) = args.next() {
        let when = match arg.strip_prefix("--color") {
            Some("") => args.next(),
            Some(rest) => rest.strip_prefix('=').map(String::from),
            None => None,
        };
        match when.and_then(|when| ColorWhen::from_str(&when, false).ok()) {
            Some(ColorWhen::Always) => ColorChoice::Always.write_global(),
            Some(ColorWhen::Never) => ColorChoice::Never.write_global(),
            Some(ColorWhen::Auto) | None => {}
        }
    }
}

/// Whether standard output has colours.
pub fn has_colours() -> bool {
    AutoStream::choice(&io::stdout()) != ColorChoice::Never
}

/// The columns of a text: as `COLUMNS` says, else those of the terminal.
pub fn width() -> usize {
    let asked = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let found = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    asked.filter(|&columns| columns > 0).or_else(found).unwrap_or(COLUMNS)
}

/// The columns of a help text.
pub(super) fn help_width() -> usize {
    width().min(HELP)
}
