use std::process::ExitCode;

use crate::cli::net::args::ExpandArgs;
use crate::cli::net::compiled;
use crate::cli::out::{PROBLEMS, print};

pub(in crate::cli) fn run(args: &ExpandArgs) -> ExitCode {
    let Some((net, sources)) = compiled(&args.file, &args.set.set, "expand") else {
        return ExitCode::from(PROBLEMS);
    };
    print(&net.flat_text(Some(&sources)));
    ExitCode::SUCCESS
}
