use std::path::PathBuf;
use std::process::ExitCode;

use super::PROBLEMS;
use super::args_export::{ExportArgs, ExportFormat, FormArg};
use super::out::{complain, print};
use super::source::{self, Source};
use crate::onnx::{Form, export};
use crate::run::write_atomically;

pub(super) fn run(args: &ExportArgs) -> ExitCode {
    match go(args) {
        Ok(out) => {
            print(&format!("{}\n", out.display()));
            ExitCode::SUCCESS
        }
        Err(message) => {
            if !message.is_empty() {
                complain(&format!("{message}\n"));
            }
            ExitCode::from(PROBLEMS)
        }
    }
}

fn go(args: &ExportArgs) -> Result<PathBuf, String> {
    let source = source::load(&args.source)?;
    let bytes = match args.to {
        ExportFormat::Onnx => onnx(&source, args.form)?,
    };
    let name = format!("{}.{}", source.net.graph().name, args.to.ending());
    let out = args.out.clone().unwrap_or_else(|| name.into());
    write_atomically(&out, &bytes).map_err(|error| error.to_string())?;
    Ok(out)
}

fn onnx(source: &Source, form: FormArg) -> Result<Vec<u8>, String> {
    let form = match form {
        FormArg::Folded => Form::Folded,
        FormArg::Training => Form::Training,
    };
    export(&source.net, &source.weights, form)
}
