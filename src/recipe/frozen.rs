//! The paths that a net's recipe freezes.

use super::keys::Recipe;
use crate::check::Checked;
use crate::diag::{Code, Problem, Problems, did_you_mean, listed};
use crate::graph::Setting;
use crate::graph::pattern::Pattern;

/// Refuses the paths of a recipe's `freeze` that hold no weight of the net.
pub(super) fn frozen(settings: &[Setting], recipe: &Recipe, net: &Checked) -> Problems {
    let Some(setting) = settings.iter().rev().find(|setting| setting.key.node == "freeze") else {
        return Problems::new();
    };
    let weighted = net.order().iter().filter(|id| net.node_params(**id) > 0);
    let paths: Vec<&str> = weighted.map(|id| net.node(*id).path.as_str()).collect();
    let refused = unfrozen(&recipe.freeze, &paths);
    refused
        .map(|(message, help)| Problem::new(Code::Recipe, setting.span, message).help(help))
        .collect()
}

/// The patterns of frozen paths that hold none of the paths with weights: what is wrong with each,
/// and what to do.
pub fn unfrozen<'a>(
    patterns: &'a [String],
    paths: &'a [&str],
) -> impl Iterator<Item = (String, String)> + use<'a> {
    let refused = patterns.iter().filter(|pattern| {
        let pattern = Pattern::new(pattern);
        !paths.iter().any(|path| pattern.holds(path))
    });
    refused.map(move |pattern| {
        let starts = paths.iter().flat_map(|path| {
            let dots = path.match_indices('.').map(|(dot, _)| dot).chain([path.len()]);
            dots.map(|end| &path[..end])
        });
        let question = did_you_mean(pattern, starts).question();
        let help = question.unwrap_or_else(|| match paths {
            [] => "the net has no weights".to_owned(),
            paths => format!("the net has weights at {}", listed(paths)),
        });
        (format!("`freeze` names `{pattern}`, where nothing is trained"), help)
    })
}
