use std::path::Path;
use std::process::ExitCode;

use crate::cli::net::args::{Derive, DeriveArgs, DeriveFile};
use crate::cli::out::{self, PROBLEMS, complain, print, show, thousands};
use crate::compile;
use crate::tools::derive::{Derivation, derive, readable};

pub(in crate::cli) fn run(args: &DeriveArgs) -> ExitCode {
    match &args.what {
        Derive::ShortestPath(file) => one(file, "shortest-path", Derivation::ShortestPath),
        Derive::DropRepeats(file) => one(file, "drop-repeats", Derivation::DropRepeats),
    }
}

fn one(args: &DeriveFile, name: &str, derivation: Derivation) -> ExitCode {
    let compilation = compile(&args.file, &args.set.set);
    show(&compilation.problems, &compilation.sources);
    let file = args.file.display();
    let Some(net) = &compilation.net else {
        if compilation.ok() {
            complain(&format!("{file} holds blocks alone; there is no net to derive from\n"));
        }
        return ExitCode::from(PROBLEMS);
    };
    let derived = match derive(net, derivation) {
        Ok(Some(derived)) => derived,
        Ok(None) => {
            complain(&format!("{file}: nothing to derive by {name}\n"));
            return ExitCode::SUCCESS;
        }
        Err(problems) => {
            complain(&format!("{file}: what {name} makes of it does not check\n"));
            show(&problems, &compilation.sources);
            return ExitCode::from(PROBLEMS);
        }
    };
    let text = format!("# {file} after `netc derive {name}`.\n{}", readable(&derived.net));
    if let Err(error) = write(args.out.as_deref(), &text) {
        complain(&error);
        return ExitCode::from(PROBLEMS);
    }
    let (before, after) = (thousands(net.params()), thousands(derived.net.params()));
    let ops = derived.dropped.len();
    complain(&format!("{file}: {ops} ops dropped, {before} -> {after} params\n"));
    ExitCode::SUCCESS
}

fn write(out: Option<&Path>, text: &str) -> Result<(), String> {
    match out {
        None => {
            print(text);
            Ok(())
        }
        Some(path) => out::write(path, text.as_bytes()).map_err(|error| format!("{error}\n")),
    }
}
