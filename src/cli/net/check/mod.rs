//! `netc check`.

pub mod args;
mod compiled;
mod fix;
mod github;
mod json;
mod place;
mod sarif;
mod settings;
mod table;
mod targets;
mod watch;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use args::{CheckArgs, CheckFormat};
use compiled::compiled;
use fix::repair;
use targets::Targets;

use crate::Compilation;
use crate::cli::net::memory::MemoryEstimate;
use crate::cli::out::{PROBLEMS, error, misused, print, print_json, show_of};
use crate::diag::{Problem, Problems, Sources};

pub(in crate::cli) fn run(args: &CheckArgs) -> ExitCode {
    if args.files.iter().any(|file| file == Path::new("-")) {
        match (args.watch, args.fix) {
            (true, _) => return misused("standard input cannot be watched\nhelp: name a file"),
            (_, true) => return misused("standard input cannot be repaired\nhelp: name a file"),
            (false, false) => {}
        }
    }
    if !args.set.set.is_empty() && args.files.iter().all(|file| settings::is_settings(file)) {
        return misused("`--set` is for a net\nhelp: name a file with one");
    }
    if args.watch {
        return watch::run(args);
    }
    match once(args) {
        Ok(checkups) if checkups.iter().all(|checkup| checkup.passes(args)) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(PROBLEMS),
        Err(message) => {
            error(&message);
            ExitCode::from(PROBLEMS)
        }
    }
}

/// The check of one file.
struct Checkup {
    /// As the user named it.
    name: String,
    compilation: Compilation,
    /// Its problems, without those of an import that an earlier file has shown.
    fresh: Problems,
}

impl Checkup {
    /// Whether a file has no problems, counting warnings if they are denied.
    fn passes(&self, args: &CheckArgs) -> bool {
        self.compilation.ok() && (args.deny.is_none() || self.compilation.problems.is_empty())
    }
}

/// Checks all files and prints the result. The error says why none could be checked.
fn once(args: &CheckArgs) -> Result<Vec<Checkup>, String> {
    let Targets { files, mut texts } = Targets::of(&args.files)?;
    if args.fix {
        texts.extend(repair(args, &files)?);
    }
    let mut seen = BTreeSet::new();
    let checkup = |file: &PathBuf| {
        let compilation = compiled(file, args, &texts);
        let mut fresh = compilation.problems.clone();
        fresh.retain(|problem| seen.insert(key(problem, &compilation.sources, file)));
        Checkup { name: file.display().to_string(), compilation, fresh }
    };
    let checkups: Vec<Checkup> = files.iter().map(checkup).collect();
    report(&checkups, args);
    Ok(checkups)
}

/// What makes a problem the same for two files: its place and what it says.
fn key(problem: &Problem, sources: &Sources, file: &Path) -> (String, [usize; 2], String) {
    let (name, place) = match problem.span {
        Some(span) => (sources.get(span.file).name.clone(), [span.start, span.end]),
        None => (file.display().to_string(), [0; 2]),
    };
    (name, place, problem.message.clone())
}

fn report(checkups: &[Checkup], args: &CheckArgs) {
    match args.format {
        CheckFormat::Json => checkups.iter().for_each(|c| print_json(&json::json(c, args))),
        CheckFormat::Sarif => print_json(&sarif::sarif(checkups)),
        CheckFormat::Github => {
            for Checkup { name, compilation, fresh } in checkups {
                for problem in fresh.sorted() {
                    print(&github::annotation(problem, &compilation.sources, name));
                }
            }
        }
        CheckFormat::Text => {
            checkups.iter().for_each(|c| show_of(&c.fresh, &c.compilation.sources, args.all));
            print(&table::text(checkups, args));
        }
    }
}
