//! What reaches the terminal: the only place that writes to standard output and standard error.

use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::{self, ExitCode};

use clap::CommandFactory;
use clap::error::ErrorKind::UnknownArgument;
use clap::error::{ContextKind, ContextValue};
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::check::Checked;
use crate::diag::{Problems, Sources, Style, colour, escaped, render, visible};
use crate::disk;
use crate::recipe::KEYS;
use crate::tools::draw::{DrawFormat, pdf, png};

/// The exit code of a command that found problems in its input.
pub const PROBLEMS: u8 = 1;
/// The exit code of a command whose reader has gone away: 128 plus SIGPIPE.
const CLOSED: i32 = 141;

/// Writes a text to standard output, with deceptive characters made visible. If that fails the
/// program ends: quietly, as if by SIGPIPE, if the reader has gone away as `head` does; with an
/// error in all other cases.
pub fn print(text: &str) {
    put(&on_terminal(text)).unwrap_or_else(|error| end(&error));
}

/// Like [`print`], for a value as a line of JSON, with deceptive characters escaped. A value that
/// JSON cannot represent ends the program with an error, too.
pub fn print_json(value: &impl Serialize) {
    match serde_json::to_string(value) {
        Ok(json) => print_json_text(&json),
        Err(error) => {
            complain(&format!("cannot write JSON: {error}\n"));
            process::exit(PROBLEMS.into());
        }
    }
}

/// Like [`print_json`], for text that is JSON already.
pub fn print_json_text(json: &str) {
    put(&(escaped(json) + "\n")).unwrap_or_else(|error| end(&error));
}

/// The standard output of a command that continues without it.
#[derive(Debug, Default)]
pub struct Log {
    failed: Option<ErrorKind>,
}

impl Log {
    /// Like [`print`], but the first failure is only reported, and the rest of the output is
    /// dropped.
    pub fn print(&mut self, text: &str) {
        if self.failed.is_some() {
            return;
        }
        if let Err(error) = put(&on_terminal(text)) {
            complain(&format!("standard output: {error}; the work goes on without it\n"));
            self.failed = Some(error.kind());
        }
    }

    /// The exit code of a command that did its work: a reader may go away, but nothing else may be
    /// lost.
    pub fn code(&self) -> ExitCode {
        match self.failed {
            None | Some(ErrorKind::BrokenPipe) => ExitCode::SUCCESS,
            Some(_) => ExitCode::from(PROBLEMS),
        }
    }
}

/// Writes to standard error, with deceptive characters made visible. Failures are ignored: there
/// is nowhere left to report them.
pub fn complain(text: &str) {
    let _ = anstream::stderr().write_all(on_terminal(text).as_bytes());
}

/// The output of the argument parser: help on standard output, errors on standard error.
pub fn parsed<T: CommandFactory>(result: Result<T, clap::Error>) -> Result<T, ExitCode> {
    result.map_err(|mut error| {
        let tip = tip_of_recipe(&mut error, &T::command());
        let text = error.render();
        // It repeats arguments, whose own colours are not let through among its.
        let foreign = std::env::args_os().any(|arg| arg.as_encoded_bytes().contains(&0x1b));
        let text =
            if foreign { visible(&text.to_string()) } else { of_library(&text.ansi().to_string()) };
        let text = text + &foreign_bytes(&error) + &tip;
        match error.use_stderr() {
            true => drop(anstream::stderr().write_all(text.as_bytes())),
            false => put(&text).unwrap_or_else(|error| end(&error)),
        }
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(PROBLEMS))
    })
}

/// How to set what an unknown argument is called in a recipe, in place of clap's own suggestion.
fn tip_of_recipe(error: &mut clap::Error, all: &clap::Command) -> String {
    let command = std::env::args().nth(1).and_then(|name| all.find_subcommand(name));
    let takes_keys = command.is_some_and(|c| c.get_arguments().any(|arg| arg.get_id() == "recipe"));
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else {
        return String::new();
    };
    let word = argument.trim_start_matches('-').replace('-', "_");
    let like = |name: &&str| {
        name.strip_prefix(&word).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
            || name.strip_suffix(&word).is_some_and(|rest| rest.ends_with('_'))
    };
    let key = KEYS.iter().map(|key| key.name).find(like);
    let Some(key) = key.filter(|_| takes_keys && error.kind() == UnknownArgument) else {
        return String::new();
    };
    error.remove(ContextKind::Suggested);
    format!("help: a key of the recipe is set by `--recipe {key}=VALUE`\n")
}

/// Which arguments the error is about, where it is that they are not in UTF-8: clap does not say.
fn foreign_bytes(error: &clap::Error) -> String {
    if error.kind() != clap::error::ErrorKind::InvalidUtf8 {
        return String::new();
    }
    let foreign = std::env::args_os().filter(|arg| arg.to_str().is_none());
    foreign.map(|arg| format!("not in UTF-8: {}\n", visible(&arg.to_string_lossy()))).collect()
}

/// A text with netc's colours, and no other control of the terminal.
fn on_terminal(text: &str) -> String {
    colour::coloured(&visible(text))
}

/// A text that a library has coloured by escapes, without any other control of the terminal.
fn of_library(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut out = parts.next().map(visible).unwrap_or_default();
    for part in parts {
        let digits = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        let start = if digits.starts_with('m') { "\u{1b}[" } else { "?[" };
        out += &(start.to_owned() + &visible(part));
    }
    out
}

/// Writes to standard output. Colours are dropped where it is not a terminal.
fn put(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush())
}

fn end(error: &io::Error) -> ! {
    if error.kind() == ErrorKind::BrokenPipe {
        process::exit(CLOSED);
    }
    complain(&format!("cannot write to standard output: {error}\n"));
    process::exit(PROBLEMS.into());
}

/// Writes a picture, whose extension decides the format.
pub fn write_picture(path: &Path, svg: &str) -> Result<(), String> {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    let bytes = match extension.as_deref().and_then(DrawFormat::of_extension) {
        Some(DrawFormat::Png) => png(svg),
        Some(DrawFormat::Pdf) => pdf(svg),
        _ => Ok(svg.as_bytes().to_vec()),
    };
    let bytes = bytes.map_err(|e| e.to_string())?;
    write(path, &bytes)
}

/// Writes to a path that the user named; a file there is replaced atomically.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    disk::write_out(path, bytes)
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Writes to several paths that the user named, to none of them unless all can be written.
pub fn write_together<'p>(outs: impl Iterator<Item = (&'p Path, &'p [u8])>) -> Result<(), String> {
    let outs: Vec<(&Path, &[u8])> = outs.collect();
    disk::write_together(&outs)
        .map_err(|(path, error)| format!("cannot write {}: {error}", path.display()))
}

/// Checks that [`write_together`] can write to these paths.
pub fn may_write_together<'p>(outs: impl Iterator<Item = &'p Path>) -> Result<(), String> {
    let outs: Vec<&Path> = outs.collect();
    disk::may_write_together(&outs)
        .map_err(|(path, error)| format!("cannot write {}: {error}", path.display()))
}

/// Shows problems on standard error, a few of each code.
pub fn show(problems: &Problems, sources: &Sources) {
    show_of(problems, sources, false);
}

/// Shows problems on standard error, a few of each code or all.
pub fn show_of(problems: &Problems, sources: &Sources, all: bool) {
    let width = terminal_size::terminal_size()
        .map_or(100, |(width, _)| usize::from(width.0).clamp(40, 120));
    let text = render(problems, sources, Style { colour: io::stderr().is_terminal(), width, all });
    let _ = anstream::stderr().write_all(of_library(&text).as_bytes());
}

/// Echoes what `--set` changed.
pub fn echo_overrides(net: &Checked, set: &[(String, String)]) -> String {
    let value =
        |name: &str| net.graph().params.iter().find(|(n, _)| n == name).map(|(_, v)| v.to_string());
    let parts: Vec<String> = set
        .iter()
        .map(|(name, given)| format!("{name} = {}", value(name).unwrap_or_else(|| given.clone())))
        .collect();
    if parts.is_empty() { String::new() } else { format!("with {}\n", parts.join(", ")) }
}

/// `6573120` as `6,573,120`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// MACs in millions, with one decimal: `379.3 M`.
pub fn millions(n: u64) -> String {
    format!("{:.1} M", n as f64 / 1e6)
}

/// Bytes in the unit that fits: `1.4 GiB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{n} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// A table without rules; the columns in `right` hold numbers.
pub fn table(header: &[&str], right: std::ops::Range<usize>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.to_vec());
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if right.contains(&i) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// A table as text, without blanks at the ends of lines.
pub fn trimmed(table: &Table) -> String {
    table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
