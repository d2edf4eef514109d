use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use crate::cli::args::extension;
use crate::cli::export::args::ImportArgs;
use crate::cli::out::{PROBLEMS, error, print, tell, write_together};
use crate::cli::table::{table, thousands, trimmed};
use crate::diag::plural;
use crate::disk;
use crate::onnx::{ImportError, MAX_FILE, import_beside};
use crate::tools::derive::reread;

pub(in crate::cli) fn run(args: &ImportArgs) -> ExitCode {
    match go(args) {
        Ok(summary) => {
            tell(&summary);
            ExitCode::SUCCESS
        }
        Err(message) => {
            error(&format!("{}: {message}", args.model.display()));
            ExitCode::from(PROBLEMS)
        }
    }
}

fn go(args: &ImportArgs) -> Result<String, String> {
    let (net_out, weights_out) = (args.output("net")?, args.output("safetensors")?);
    let stem =
        args.model.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let sizes = args.input.as_ref().map(|sizes| sizes.0.as_slice());
    let model = read(&args.model)?;
    let is_text = is_text(&model);
    let folder = args.model.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let imported = import_beside(model, folder, &stem, sizes).map_err(|error| match error {
        ImportError::Malformed(_) if is_text => not_a_model(&args.model),
        error => refusal(&error),
    })?;
    let (text, net) = reread(&imported.net)?;
    let file =
        args.model.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let text = format!("# {} after `netc import`.\n{text}", file.replace(char::is_control, "?"));
    let weights = match weights_out {
        Some(_) => Some(
            imported
                .weights
                .renamed(&imported.net, &net)
                .map_err(|e| e.to_string())?
                .to_safetensors(None)
                .map_err(|e| e.to_string())?,
        ),
        None => None,
    };
    let text_out = net_out.map(|out| (out, text.as_bytes()));
    let weights_out = weights_out.zip(weights.as_deref());
    write_together(text_out.into_iter().chain(weights_out))?;
    if net_out.is_none() {
        print(&text);
    }
    let ops = count(net.order().len() as u64 - 1, "op");
    let params = count(net.params(), "param");
    Ok(format!("{}: {ops}, {params}\n", args.model.display()))
}

fn count(n: u64, what: &str) -> String {
    format!("{} {}", thousands(n), plural(n, what))
}

/// The file's bytes, if it is within the size limit of a model.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    disk::read(path, MAX_FILE).map_err(|error| disk::found(&error))
}

/// Whether bytes are a text; even the shortest model has control characters.
fn is_text(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty());
    text.is_some_and(|text| !text.contains(|c: char| c.is_control() && !c.is_whitespace()))
}

/// What a text is that stands where a model should.
fn not_a_model(path: &Path) -> String {
    match extension(path).as_str() {
        "net" => format!("a net of netc, not an ONNX model\nhelp: netc check {}", path.display()),
        _ => "a text, not an ONNX model".into(),
    }
}

/// Why a model cannot be imported, and what to do.
fn refusal(error: &ImportError) -> String {
    match error {
        ImportError::Unsupported(what) => listed(what),
        ImportError::Open { missing, .. } => {
            let help = "give the sizes without the batch, as in `--input 3x224x224`";
            let also =
                if missing.is_empty() { String::new() } else { format!("\n{}", listed(missing)) };
            format!("{error}\nhelp: {help}{also}")
        }
        ImportError::Sizes { .. } => {
            format!(
                "{error}\nhelp: `--input` gives all sizes but the batch; those that the model fixes stay"
            )
        }
        ImportError::Beside { .. } => {
            let help = "keep that file beside the model, or export with everything in one file; in \
                        PyTorch by `external_data=False`";
            format!("{error}\nhelp: {help}")
        }
        ImportError::Malformed(_) | ImportError::Unsound(_) => error.to_string(),
    }
}

/// The ops that netc lacks, one per line.
fn listed(unsupported: &BTreeMap<String, usize>) -> String {
    let mut rows = table(&["count", "op"], 0..1);
    for (what, count) in unsupported {
        rows.add_row([count.to_string(), what.clone()]);
    }
    format!("it needs what netc does not have\n{}", trimmed(&rows))
}
