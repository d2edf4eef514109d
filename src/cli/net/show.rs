use std::process::ExitCode;

use crate::cli::net::args::ShowArgs;
use crate::cli::net::compiled;
use crate::cli::out::{PROBLEMS, print};
use crate::cli::table::{echo_overrides, thousands};
use crate::cli::terminal;
use crate::diag::colour::{BOLD, DIM, PLAIN};
use crate::tools::show::{AnnotatedFile, AnnotatedLine, annotated, ssa};

pub(in crate::cli) fn run(args: &ShowArgs) -> ExitCode {
    let Some((net, sources)) = compiled(&args.file, &args.set.set, "show") else {
        return ExitCode::from(PROBLEMS);
    };
    if args.ssa {
        print(&ssa(&net));
        return ExitCode::SUCCESS;
    }
    let width = terminal::width();
    print(&echo_overrides(&net, &args.set.set));
    for (i, file) in annotated(&net, &sources).iter().enumerate() {
        let gap = if i > 0 { "\n" } else { "" };
        print(&format!("{gap}{BOLD}{}{PLAIN}\n{}", file.name, text(file, width)));
    }
    ExitCode::SUCCESS
}

/// The lines with their annotations, aligned in one column if the width allows it.
fn text(file: &AnnotatedFile, width: usize) -> String {
    let length = |line: &AnnotatedLine| line.text.chars().count();
    let params =
        |line: &AnnotatedLine| if line.params > 0 { thousands(line.params) } else { String::new() };
    let most = |width: fn(&AnnotatedLine) -> usize| file.lines.iter().map(width).max().unwrap_or(0);
    let (shape, digits) = (most(|l| l.shape.chars().count()), most(|l| thousands(l.params).len()));
    let margin = |line: &AnnotatedLine| match params(line) {
        none if none.is_empty() => line.shape.clone(),
        params => format!("{:shape$}  {params:>digits$} params", line.shape),
    };
    let margins: Vec<String> = file.lines.iter().map(margin).collect();
    let widest = margins.iter().map(|m| m.chars().count()).max().unwrap_or(0);
    let longest = file.lines.iter().filter(|l| !l.shape.is_empty()).map(length).max().unwrap_or(0);
    let column = longest.min(width.saturating_sub(widest + 2));
    let mut out = String::new();
    for (line, margin) in file.lines.iter().zip(margins) {
        // Below a line that leaves no room for it.
        let gap = if length(line) > column { format!("\n{:column$}", "") } else { String::new() };
        out += &match margin.is_empty() {
            true => format!("{}\n", line.text),
            false => format!("{:column$}{gap}  {DIM}{margin}{PLAIN}\n", line.text),
        };
    }
    out
}
