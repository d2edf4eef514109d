//! Completions, man pages and the reference, made from the definition of the arguments.

use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::cli::command::Cli;
use crate::cli::machine::args::{CompletionsArgs, ManArgs, ManFormat};
use crate::cli::machine::reference::reference;
use crate::cli::out::{PROBLEMS, error, print};

pub(in crate::cli) fn completions(args: &CompletionsArgs) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "netc", &mut script);
    print(&String::from_utf8_lossy(&script));
    ExitCode::SUCCESS
}

pub(in crate::cli) fn man(args: &ManArgs) -> ExitCode {
    let written = match &args.output {
        Some(folder) => pages(folder),
        None if args.format == ManFormat::Markdown => {
            print(&reference(Cli::command()));
            Ok(())
        }
        None => page(),
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let place = args.output.as_deref().unwrap_or(Path::new("the page")).display();
            error(&format!("cannot write {place}: {why}"));
            ExitCode::from(PROBLEMS)
        }
    }
}

fn page() -> std::io::Result<()> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut text)?;
    print(&String::from_utf8_lossy(&text));
    Ok(())
}

fn pages(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Cli::command(), folder)
}
