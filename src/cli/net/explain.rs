use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use crate::cli::args::Format;
use crate::cli::net::args::ExplainArgs;
use crate::cli::net::explain_path::{self, wrong};
use crate::cli::out::{print, print_json};
use crate::diag::{Code, did_you_mean};

pub(in crate::cli) fn run(args: &ExplainArgs) -> ExitCode {
    let Some(subject) = &args.subject else { return codes(args, Code::ALL) };
    let code = Code::ALL.iter().find(|code| Path::new(code.as_str()) == subject);
    match code {
        Some(code) if args.path.is_none() => codes(args, std::slice::from_ref(code)),
        _ if subject.exists() || (code.is_none() && meant_as_file(subject)) => {
            explain_path::run(args, subject)
        }
        Some(code) => {
            wrong(&format!("`{}` is a code, which has no paths; name a file", code.as_str()))
        }
        None => {
            let word = subject.display().to_string();
            let near = did_you_mean(&word, Code::ALL.iter().map(|code| code.as_str()));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`netc explain` lists every code".into(),
            };
            wrong(&format!("`{word}` is neither a code nor a file; {help}"))
        }
    }
}

/// Whether a word looks like a file name, so that the error is about a file.
fn meant_as_file(subject: &Path) -> bool {
    subject.extension().is_some_and(|e| e == "net") || subject.components().count() > 1
}

fn codes(args: &ExplainArgs, codes: &[Code]) -> ExitCode {
    if !args.set.set.is_empty() {
        return wrong("`--set` is for a net; name a file");
    }
    match (args.format, codes) {
        (Format::Json, codes) => codes.iter().for_each(|code| print_json(&json(code))),
        (Format::Text, [code]) => {
            print(&format!("{}: {}\n\n{}", code.severity().as_str(), code.as_str(), code.page()));
        }
        (Format::Text, codes) => print(&lines(codes)),
    }
    ExitCode::SUCCESS
}

/// A line for each code.
fn lines(codes: &[Code]) -> String {
    let width = codes.iter().map(|code| code.as_str().len()).max().unwrap_or(0);
    let line = |code: &Code| {
        format!("{:width$}  {:7}  {}\n", code.as_str(), code.severity().as_str(), code.summary())
    };
    codes.iter().map(line).collect()
}

#[derive(Serialize)]
struct CodeJson {
    code: &'static str,
    severity: &'static str,
    summary: &'static str,
    page: &'static str,
}

fn json(code: &Code) -> CodeJson {
    CodeJson {
        code: code.as_str(),
        severity: code.severity().as_str(),
        summary: code.summary(),
        page: code.page(),
    }
}
