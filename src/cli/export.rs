use std::path::PathBuf;
use std::process::ExitCode;

use super::PROBLEMS;
use super::args_export::{ExportArgs, ExportFormat};
use super::out::{complain, print};
use super::source::{self, Source};
use crate::lower::pytorch;
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
        ExportFormat::Onnx => onnx(&source)?,
        ExportFormat::Pytorch => pytorch(&source.net).into_bytes(),
    };
    let name = format!("{}.{}", source.net.graph().name, args.to.ending());
    let out = args.out.clone().unwrap_or_else(|| name.into());
    write_atomically(&out, &bytes).map_err(|error| error.to_string())?;
    Ok(out)
}

fn onnx(_source: &Source) -> Result<Vec<u8>, String> {
    Err("the ONNX exporter follows in the next commit".into())
}
