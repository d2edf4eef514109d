//! The `netc` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    netc::cli::main(|_| netc::cli::start_sibling())
}
