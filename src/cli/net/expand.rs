use std::process::ExitCode;

use crate::cli::net::args::ExpandArgs;
use crate::cli::out::{PROBLEMS, complain, print, show};
use crate::compile;

pub(in crate::cli) fn run(args: &ExpandArgs) -> ExitCode {
    let compilation = compile(&args.file, &args.set.set);
    show(&compilation.problems, &compilation.sources);
    match &compilation.net {
        Some(net) => {
            print(&net.flat_text(Some(&compilation.sources)));
            ExitCode::SUCCESS
        }
        None if compilation.ok() => {
            complain(&format!(
                "{} holds blocks alone; there is no net to expand\n",
                args.file.display()
            ));
            ExitCode::from(PROBLEMS)
        }
        None => ExitCode::from(PROBLEMS),
    }
}
