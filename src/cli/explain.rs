use std::process::ExitCode;

use super::args::ExplainArgs;
use super::out::print;
use crate::diag::Code;

pub(super) fn run(args: &ExplainArgs) -> ExitCode {
    match Code::ALL.iter().find(|code| args.code.as_deref() == Some(code.as_str())) {
        Some(code) => print(&format!("{}: {}\n\n{}", code.severity().as_str(), code.as_str(), code.page())),
        None => print(&all()),
    }
    ExitCode::SUCCESS
}

/// A line for each code.
fn all() -> String {
    let width = Code::ALL.iter().map(|code| code.as_str().len()).max().unwrap_or(0);
    let line = |code: &Code| {
        format!("{:width$}  {:7}  {}\n", code.as_str(), code.severity().as_str(), code.summary())
    };
    Code::ALL.iter().map(line).collect()
}
