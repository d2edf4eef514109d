use std::path::PathBuf;
use std::process::ExitCode;

use crate::check::Checked;
use crate::cli::export::args::{ExportArgs, ExportFormat, FormArg};
use crate::cli::export::source::{self, WeightedNet};
use crate::cli::out::{PROBLEMS, error, print, write};
use crate::lower::{Weights, pytorch};
use crate::onnx::{self, ExportForm};
use crate::passes::{Choice, Purpose, optimise};

/// The formats that need no libtorch.
pub fn run(args: &ExportArgs) -> ExitCode {
    end(go(args))
}

/// Prints which file was written, or why none was.
pub fn end(result: Result<PathBuf, String>) -> ExitCode {
    match result {
        Ok(out) => {
            print(&format!("{}\n", out.display()));
            ExitCode::SUCCESS
        }
        Err(message) => {
            error(&message);
            ExitCode::from(PROBLEMS)
        }
    }
}

/// The file to write.
pub fn out(args: &ExportArgs, source: &WeightedNet) -> PathBuf {
    args.output
        .clone()
        .unwrap_or_else(|| format!("{}.{}", source.net.graph().name, args.format.ending()).into())
}

fn go(args: &ExportArgs) -> Result<PathBuf, String> {
    let source = source::load(&args.source)?;
    let form = args.form.unwrap_or(args.format.usual_form());
    let bytes = match args.format {
        ExportFormat::Onnx => onnx(&source, form)?,
        ExportFormat::Pytorch if args.form == Some(FormArg::Folded) => {
            return Err("PyTorch's module is the net as written: leave --form out".into());
        }
        ExportFormat::Pytorch => pytorch(&source.net).into_bytes(),
        ExportFormat::Safetensors => {
            let (net, weights) = source_in(&source, form)?;
            safetensors(&net, &weights, form)?
        }
        ExportFormat::Torchscript => return Err("TorchScript is written by netc-torch".into()),
    };
    let out = out(args, &source);
    write(&out, &bytes)?;
    Ok(out)
}

fn onnx(source: &WeightedNet, form: FormArg) -> Result<Vec<u8>, String> {
    let form = match form {
        FormArg::Folded => ExportForm::Folded,
        FormArg::Training => ExportForm::Training,
    };
    onnx::export(&source.net, &source.weights, form).map_err(|e| e.to_string())
}

/// A net in the requested form, with its weights in that form.
pub fn source_in(source: &WeightedNet, form: FormArg) -> Result<(Checked, Weights), String> {
    match form {
        FormArg::Training => Ok((source.net.clone(), source.weights.clone())),
        FormArg::Folded => {
            let optimised = optimise(&source.net, Purpose::Evaluation, &Choice::All)
                .map_err(|e| e.to_string())?;
            Ok((
                optimised.net().clone(),
                source.weights.folded(&optimised).map_err(|e| e.to_string())?,
            ))
        }
    }
}

fn safetensors(net: &Checked, weights: &Weights, form: FormArg) -> Result<Vec<u8>, String> {
    let facts = serde_json::json!({
        "netc": env!("CARGO_PKG_VERSION"),
        "form": form.as_str(),
        "graph": net.graph().hash(),
        "net": net.flat_text(None),
    });
    weights.to_safetensors(Some(&facts)).map_err(|e| e.to_string())
}
