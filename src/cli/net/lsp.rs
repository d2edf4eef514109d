use std::io::BufReader;
use std::process::ExitCode;

use crate::cli::net::args::LspArgs;
use crate::cli::out::{PROBLEMS, error};
use crate::lsp;

pub(in crate::cli) fn run(_args: &LspArgs) -> ExitCode {
    match lsp::serve(BufReader::new(std::io::stdin()), std::io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        // The protocol's code for an editor that leaves without `shutdown`.
        Ok(false) => ExitCode::from(PROBLEMS),
        Err(why) => {
            error(&format!("the connection to the editor broke: {why}"));
            ExitCode::from(PROBLEMS)
        }
    }
}
