use std::path::{Path, PathBuf};
use std::process::ExitCode;

use netc::cli::args_export::ExportArgs;
use netc::cli::export::{end, out, source_in};
use netc::cli::out::write;
use netc::cli::source;

use crate::lower::save_script;

/// `netc export --to torchscript`, in a program that links libtorch.
pub(super) fn run(args: &ExportArgs) -> ExitCode {
    end(go(args))
}

fn go(args: &ExportArgs) -> Result<PathBuf, String> {
    let source = source::load(&args.source)?;
    let out = out(args, &source);
    let (net, weights) = source_in(&source, args.form.unwrap_or(args.to.usual_form()))?;
    // libtorch writes to a file beside it, which takes its place once it is whole.
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |error: std::io::Error| format!("{}: {error}", out.display());
    let new = tempfile::Builder::new().suffix(".pt").tempfile_in(folder).map_err(failed)?;
    save_script(&net, &weights, new.path()).map_err(|error| error.to_string())?;
    let bytes = std::fs::read(new.path()).map_err(failed)?;
    write(&out, &bytes)?;
    Ok(out)
}
