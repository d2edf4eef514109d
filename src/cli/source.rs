//! A net with its weights, from the file of a net or the folder of a run.

use std::path::Path;

use super::args_export::SourceArgs;
use super::out::show;
use crate::check::Checked;
use crate::compile;
use crate::disk;
use crate::limits::MAX_CHECKPOINT_BYTES;
use crate::lower::Weights;
use crate::run::RunFolder;

/// A net with its weights.
#[derive(Debug)]
pub(super) struct Source {
    pub net: Checked,
    pub weights: Weights,
}

/// Reads what the arguments name; shows what is wrong or odd about the text. An error is what remains to be said.
pub(super) fn load(args: &SourceArgs) -> Result<Source, String> {
    let run = args.net.is_dir();
    let file = if run { args.net.join(RunFolder::NET) } else { args.net.clone() };
    if run {
        RunFolder::info(&args.net).map_err(|error| error.to_string())?;
    }
    let compilation = compile(&file, &args.set.set);
    show(&compilation.problems, &compilation.sources);
    let net = match compilation.net {
        Some(net) => net,
        None if compilation.problems.has_errors() => return Err(String::new()),
        None => return Err(format!("{} holds blocks alone; there is no net in it", file.display())),
    };
    let own = args.net.join(RunFolder::CHECKPOINT);
    let weights = match (&args.weights, args.seed) {
        (Some(path), _) => read(path, &net)?,
        (None, None) if run => read(&own, &net)?,
        (None, seed) => Weights::initial(&net, seed.unwrap_or(0))?,
    };
    Ok(Source { net, weights })
}

fn read(path: &Path, net: &Checked) -> Result<Weights, String> {
    let bytes =
        disk::read(path, MAX_CHECKPOINT_BYTES).map_err(|error| format!("{}: {error}", path.display()))?;
    Weights::of_safetensors(net, &bytes)
        .map_err(|reason| format!("the weights {} do not fit the net: {reason}", path.display()))
}
