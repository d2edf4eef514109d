//! The weights that a training starts from.

use std::path::Path;

use crate::check::Checked;
use crate::cli::export::source::weight_bytes;
use crate::cli::out::show;
use crate::cli::train::args::StartArgs;
use crate::diag::{Code, FileId, Problem, Problems, Sources, Span};
use crate::graph::{Setting, Value};
use crate::limits::MAX_CHECKPOINT_BYTES;
use crate::lower::{Renaming, StartWeights, unused_renamings};
use crate::recipe;

/// The first weights that the arguments name, if any. Problems of the names are shown; the error
/// holds what remains to be reported.
///
/// # Errors
/// A file that cannot be read, in which nothing fits, or names that are not in it.
pub fn start_weights(args: &StartArgs, net: &Checked) -> Result<Option<StartWeights>, String> {
    let Some(path) = &args.weights else { return Ok(None) };
    let bytes = weight_bytes(path, MAX_CHECKPOINT_BYTES)?;
    let wrong = |why: String| format!("the weights {}: {why}", path.display());
    let mut renamings = Vec::new();
    if let Some(names) = &args.names {
        let text = recipe::read(names)?;
        let mut sources = Sources::default();
        let id = sources.add(names.display().to_string(), text.as_str());
        renamings = read(id, &text, &bytes, path).map_err(|problems| {
            show(&problems, &sources);
            "no training: the names of the weights are not sound".to_string()
        })?;
    }
    let start = StartWeights::of_safetensors(net, &bytes, &renamings)
        .map_err(|error| wrong(error.to_string()))?;
    Ok(Some(start))
}

/// The lines `theirs: ours` of a file, each of a name in the weights.
fn read(id: FileId, text: &str, bytes: &[u8], weights: &Path) -> Result<Vec<Renaming>, Problems> {
    let (settings, mut problems) = recipe::settings(id, text)?;
    let mut renamings: Vec<(Renaming, Span)> = Vec::new();
    for Setting { key, value, span, .. } in settings {
        match value {
            Value::Str(ours) => renamings.push((Renaming { theirs: key.node, ours }, span)),
            other => {
                let message = format!("expected a path of the net for `{}`, got {other}", key.node);
                problems.push(Problem::new(Code::Recipe, span, message));
            }
        }
    }
    let all: Vec<Renaming> = renamings.iter().map(|(renaming, _)| renaming.clone()).collect();
    // A damaged file is reported when it is read.
    for lost in unused_renamings(bytes, &all).unwrap_or_default() {
        let span = renamings.iter().find(|(renaming, _)| renaming == lost).map(|(_, span)| *span);
        let message = format!("{} has no tensor `{}`", weights.display(), lost.theirs);
        problems.push(Problem::new(Code::Recipe, span, message));
    }
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}
