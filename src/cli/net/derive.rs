use std::path::Path;
use std::process::ExitCode;

use crate::cli::net::args::{Derive, DeriveArgs, DeriveFile};
use crate::cli::net::compiled;
use crate::cli::out::{self, PROBLEMS, error, print, show, tell};
use crate::cli::table::thousands;
use crate::tools::derive::{Derivation, derive, readable};

pub(in crate::cli) fn run(args: &DeriveArgs) -> ExitCode {
    match &args.what {
        Derive::ShortestPath(file) => one(file, "shortest-path", Derivation::ShortestPath),
        Derive::DropRepeats(file) => one(file, "drop-repeats", Derivation::DropRepeats),
    }
}

fn one(args: &DeriveFile, name: &str, derivation: Derivation) -> ExitCode {
    let file = args.file.display();
    let Some((net, sources)) = compiled(&args.file, &args.set.set, "derive from") else {
        return ExitCode::from(PROBLEMS);
    };
    let derived = match derive(&net, derivation) {
        Ok(Some(derived)) => derived,
        Ok(None) => {
            tell(&format!("{file}: nothing to derive by {name}\n"));
            return ExitCode::SUCCESS;
        }
        Err(problems) => {
            error(&format!("{file}: what {name} makes of it does not check"));
            show(&problems, &sources);
            return ExitCode::from(PROBLEMS);
        }
    };
    let text = format!("# {file} after `netc derive {name}`.\n{}", readable(&derived.net));
    if let Err(why) = write(args.output.as_deref(), &text) {
        error(&why);
        return ExitCode::from(PROBLEMS);
    }
    let (before, after) = (thousands(net.params()), thousands(derived.net.params()));
    let ops = derived.dropped.len();
    tell(&format!("{file}: {ops} ops dropped, {before} -> {after} params\n"));
    ExitCode::SUCCESS
}

fn write(out: Option<&Path>, text: &str) -> Result<(), String> {
    match out {
        None => {
            print(text);
            Ok(())
        }
        Some(path) => out::write(path, text.as_bytes()),
    }
}
