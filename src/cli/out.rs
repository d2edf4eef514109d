//! What reaches the terminal: the only place that writes to standard output and standard error.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::{self, ExitCode};

use anstream::{AutoStream, ColorChoice};
use clap::CommandFactory;
use serde::Serialize;

use crate::cli::terminal::width;
use crate::cli::usage;
use crate::diag::colour::{self, BOLD, PLAIN, RED, YELLOW};
use crate::diag::{Problems, Sources, Style, escaped, render, visible};
use crate::disk;
use crate::tools::draw::{DrawFormat, pdf, png};

/// The exit code of a command that found problems in its input.
pub const PROBLEMS: u8 = 1;
/// The exit code of wrong usage, as of arguments that the parser refuses.
const MISUSE: u8 = 2;
/// The exit code of a command whose reader has gone away: 128 plus SIGPIPE.
const CLOSED: i32 = 141;

/// A word as a shell takes it: a stranger's path must not become a command of its own.
pub fn quoted(word: impl Display) -> String {
    let word = word.to_string();
    shlex::try_quote(&word).map_or_else(|_| word.clone(), Cow::into_owned)
}

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
        Err(why) => {
            error(&format!("cannot write JSON: {why}"));
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
        if let Err(why) = put(&on_terminal(text)) {
            warning(&format!("standard output: {why}; the work goes on without it"));
            self.failed = Some(why.kind());
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

/// The end of a command: an error, if there is one, is reported.
pub fn ended(result: Result<(), impl Display>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            error(&message.to_string());
            ExitCode::from(PROBLEMS)
        }
    }
}

/// The end of a command that was used wrongly.
pub fn misused(message: &str) -> ExitCode {
    error(message);
    ExitCode::from(MISUSE)
}

/// Reports an error; nothing where its message is empty, because all has been said.
pub fn error(message: &str) {
    if !message.is_empty() {
        say(RED, "error", message);
    }
}

/// Reports what may not be meant, or may change a result.
pub fn warning(message: &str) {
    say(YELLOW, "warning", message);
}

/// Reports what is good to know.
pub fn note(message: &str) {
    say(BOLD, "note", message);
}

fn say(colour: &str, word: &str, message: &str) {
    let message = message.replace("\nhelp: ", "\n  help: ");
    tell(&format!("{colour}{word}:{PLAIN} {message}\n"));
}

/// Writes to standard error, with deceptive characters made visible. Failures are ignored: there
/// is nowhere left to report them.
pub fn tell(text: &str) {
    let _ = anstream::stderr().write_all(on_terminal(text).as_bytes());
}

/// The output of the argument parser: help on standard output, errors on standard error.
pub fn parsed<T: CommandFactory>(result: Result<T, clap::Error>) -> Result<T, ExitCode> {
    result.map_err(|mut error| {
        usage::suggest(&mut error, &T::command());
        let text = error.render();
        // It repeats arguments, whose own colours are not let through among its.
        let foreign = std::env::args_os().any(|arg| arg.as_encoded_bytes().contains(&0x1b));
        let text =
            if foreign { visible(&text.to_string()) } else { of_library(&text.ansi().to_string()) };
        let text = text + &usage::foreign_bytes(&error);
        match error.use_stderr() {
            true => drop(anstream::stderr().write_all(text.as_bytes())),
            false => put(&text).unwrap_or_else(|error| end(&error)),
        }
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(PROBLEMS))
    })
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

/// Clears the screen, if standard output is one.
pub fn clear_screen() {
    if io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb") {
        let _ = io::stdout().write_all(b"\x1b[2J\x1b[3J\x1b[H");
    }
}

fn end(why: &io::Error) -> ! {
    if why.kind() == ErrorKind::BrokenPipe {
        process::exit(CLOSED);
    }
    error(&format!("cannot write to standard output: {why}"));
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
    let colour = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
    let style = Style { colour, width: width().clamp(40, 120), all };
    let text = render(problems, sources, style);
    let _ = anstream::stderr().write_all(of_library(&text).as_bytes());
}
