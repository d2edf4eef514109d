use std::path::Path;
use std::process::ExitCode;

use crate::check::Checked;
use crate::cli::args::Format;
use crate::cli::net::args::DiffArgs;
use crate::cli::net::blocks_alone;
use crate::cli::out::{error, print, print_json, show, write_picture};
use crate::compile;
use crate::tools::diff::{self, Diff};
use crate::tools::draw;

/// The nets differ.
const DIFFERENT: u8 = 1;
/// A net cannot be compared; the code of wrong usage, so that 1 always means a difference.
const TROUBLE: u8 = 2;

pub(in crate::cli) fn run(args: &DiffArgs) -> ExitCode {
    if args.output.is_none() && !args.look.is_default() {
        error("the options of pictures need one: add `-o diff.svg`");
        return ExitCode::from(TROUBLE);
    }
    let (Some(a), Some(b)) = (net(&args.a, &[]), net(&args.b, &args.set.set)) else {
        return ExitCode::from(TROUBLE);
    };
    let found = diff::diff(&a, &b);
    if let Some(path) = &args.output {
        let picture = draw::draw_together(&a, &b, &args.look.options());
        if let Err(message) = write_picture(path, &picture) {
            error(&message);
            return ExitCode::from(TROUBLE);
        }
    }
    match (args.format, args.summary) {
        (Format::Json, _) => print_json(&found),
        (Format::Text, true) => print(&diff::summary(&found)),
        (Format::Text, false) if args.output.is_some() => {}
        (Format::Text, false) => print(&diff::full(&found)),
    }
    code(&found)
}

fn code(found: &Diff) -> ExitCode {
    if found.equal { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENT) }
}

fn net(file: &Path, set: &[(String, String)]) -> Option<Checked> {
    let compilation = compile(file, set);
    if compilation.problems.has_errors() {
        show(&compilation.problems, &compilation.sources);
    } else if compilation.net.is_none() {
        error(&blocks_alone(file, "compare"));
    }
    compilation.net
}
