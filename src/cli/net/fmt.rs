use std::path::Path;
use std::process::ExitCode;

use crate::cli::net::args::FmtArgs;
use crate::cli::net::read_stdin;
use crate::cli::out::{PROBLEMS, error, print, show};
use crate::diag::Sources;
use crate::disk;
use crate::limits::MAX_FILE_BYTES;
use crate::syntax;

/// The result of `fmt` for one file.
enum Formatted {
    Canonical,
    Changed,
    Failed,
}

pub(in crate::cli) fn run(args: &FmtArgs) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for file in &args.files {
        let outcome = if file == Path::new("-") {
            from_stdin(args.check)
        } else {
            in_place(file, args.check)
        };
        match outcome {
            Formatted::Canonical => {}
            Formatted::Changed if args.check => {
                print(&format!("{}: not in canonical form; run `netc fmt {0}`\n", file.display()));
                code = ExitCode::from(PROBLEMS);
            }
            Formatted::Changed => {}
            Formatted::Failed => code = ExitCode::from(PROBLEMS),
        }
    }
    code
}

fn from_stdin(check: bool) -> Formatted {
    let text = match read_stdin() {
        Ok(text) => text,
        Err(message) => {
            error(&message);
            return Formatted::Failed;
        }
    };
    match canonical("<stdin>", &text) {
        Some(new) => {
            if !check {
                print(&new);
            }
            if new == text { Formatted::Canonical } else { Formatted::Changed }
        }
        None => Formatted::Failed,
    }
}

fn in_place(file: &Path, check: bool) -> Formatted {
    let text = match disk::read_text(file, MAX_FILE_BYTES) {
        Ok(text) => text,
        Err(why) => {
            error(&format!("cannot read {}: {}", file.display(), disk::found(&why)));
            return Formatted::Failed;
        }
    };
    let Some(new) = canonical(&file.display().to_string(), &text) else { return Formatted::Failed };
    if new == text {
        return Formatted::Canonical;
    }
    if !check && let Err(why) = disk::rewrite(file, new.as_bytes()) {
        error(&format!("cannot write {}: {why}", file.display()));
        return Formatted::Failed;
    }
    Formatted::Changed
}

fn canonical(name: &str, text: &str) -> Option<String> {
    let mut sources = Sources::default();
    let id = sources.add(name, text);
    syntax::parse(&sources, id)
        .map(|file| syntax::print(&file))
        .map_err(|p| show(&p, &sources))
        .ok()
}
