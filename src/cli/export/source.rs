//! A net with its weights, from a net file or the folder of a run.

use std::path::Path;

use crate::check::Checked;
use crate::cli::export::args::SourceArgs;
use crate::cli::out::show;
use crate::disk;
use crate::lower::Weights;
use crate::run::{RunError, RunFolder};
use crate::syntax::Overlay;
use crate::{Compilation, compile, compile_over};

/// A net with its weights.
#[derive(Debug)]
pub struct WeightedNet {
    pub net: Checked,
    pub weights: Weights,
}

/// Reads what the arguments name, and shows the errors of the text; of a file the warnings, too,
/// which were shown for a run when it began. The error holds what remains to be reported.
pub fn load(args: &SourceArgs) -> Result<WeightedNet, String> {
    let run = args.net.is_dir();
    let compilation = match run {
        true => {
            RunFolder::info(&args.net).map_err(|error| error.to_string())?;
            compile_run(&args.net, &args.set.set).map_err(|error| error.to_string())?
        }
        false => compile(&args.net, &args.set.set),
    };
    if !run || !compilation.ok() {
        show(&compilation.problems, &compilation.sources);
    }
    let net = match compilation.net {
        Some(net) => net,
        None if compilation.problems.has_errors() => return Err(String::new()),
        None => {
            return Err(format!(
                "{} holds blocks alone; there is no net in it",
                args.net.display()
            ));
        }
    };
    let own = (run && args.seed.is_none()).then_some(&args.net);
    let weights = match args.weights.as_ref().or(own) {
        Some(path) => {
            let bytes = weight_bytes(path, Weights::most_bytes(&net))?;
            Weights::of_safetensors(&net, &bytes).map_err(|reason| {
                format!("the weights {} do not fit the net: {reason}", path.display())
            })?
        }
        None => Weights::initial(&net, args.seed.unwrap_or(0)).map_err(|e| e.to_string())?,
    };
    Ok(WeightedNet { net, weights })
}

/// The bytes of the weights that an argument names: a `.safetensors` file, or a run for those of
/// its checkpoint; at most `most`.
///
/// # Errors
/// Neither, or one that cannot be read.
pub fn weight_bytes(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    match path.is_dir() {
        true => RunFolder::read_checkpoint(path, most).map_err(|error| error.to_string()),
        false => disk::read(path, most)
            .map_err(|error| format!("{}: {}", path.display(), disk::found(&error))),
    }
}

/// The net of a run's folder. Its warnings were shown when the run began; errors are shown.
pub fn net_of_run(run: &Path) -> Result<Checked, String> {
    let compilation = compile_run(run, &[]).map_err(|error| error.to_string())?;
    if !compilation.ok() {
        show(&compilation.problems, &compilation.sources);
    }
    compilation.net.ok_or_else(|| "the run's net is not sound".into())
}

fn compile_run(run: &Path, set: &[(String, String)]) -> Result<Compilation, RunError> {
    let file = run.join(RunFolder::NET);
    let text = RunFolder::net(run)?;
    Ok(compile_over(&file, set, &Overlay::from([(file.display().to_string(), text)])))
}
