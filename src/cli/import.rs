use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use super::PROBLEMS;
use super::args_export::ImportArgs;
use super::out::{complain, print, table, thousands, trimmed, write};
use crate::disk;
use crate::onnx::{ImportError, MAX_FILE, import};
use crate::tools::derive::reread;

pub(super) fn run(args: &ImportArgs) -> ExitCode {
    match go(args) {
        Ok(summary) => {
            complain(&summary);
            ExitCode::SUCCESS
        }
        Err(message) => {
            complain(&format!("{}: {message}\n", args.model.display()));
            ExitCode::from(PROBLEMS)
        }
    }
}

fn go(args: &ImportArgs) -> Result<String, String> {
    let stem = args.model.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let imported = import(read(&args.model)?, &stem).map_err(|error| match error {
        ImportError::Unsupported(what) => listed(&what),
        error => error.to_string(),
    })?;
    let (text, net) = reread(&imported.net)?;
    let file = args.model.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let text = format!("# {} after `netc import`.\n{text}", file.replace(char::is_control, "?"));
    match &args.out {
        Some(out) => write(out, text.as_bytes())?,
        None => print(&text),
    }
    if let Some(out) = &args.weights {
        let weights = imported.weights.renamed(&imported.net, &net)?;
        write(out, &weights.to_safetensors(None)?)?;
    }
    let (ops, params) = (net.order().len() - 1, thousands(net.params()));
    Ok(format!("{}: {ops} ops, {params} params\n", args.model.display()))
}

/// The file's bytes, if it is no longer than a model can be.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    disk::read(path, MAX_FILE).map_err(|error| error.to_string())
}

/// What netc has no op for, a line each.
fn listed(unsupported: &BTreeMap<String, usize>) -> String {
    let mut rows = table(&["count", "op"], 0..1);
    for (what, count) in unsupported {
        rows.add_row([count.to_string(), what.clone()]);
    }
    format!("it needs what netc does not have\n{}", trimmed(&rows))
}
