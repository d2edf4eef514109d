use std::path::PathBuf;
use std::process::ExitCode;

use netc::cli::export::args::ExportArgs;
use netc::cli::export::source;
use netc::cli::export::write::{end, out, source_in};
use netc::cli::out::write;

use crate::lower::script;

/// `netc export --format torchscript`, in a program that links libtorch.
pub(super) fn run(args: &ExportArgs) -> ExitCode {
    end(go(args))
}

fn go(args: &ExportArgs) -> Result<PathBuf, String> {
    let source = source::load(&args.source)?;
    let out = out(args, &source);
    let (net, weights) = source_in(&source, args.form.unwrap_or(args.format.usual_form()))?;
    let archive = script(&net, &weights).map_err(|error| error.to_string())?;
    write(&out, &archive)?;
    Ok(out)
}
