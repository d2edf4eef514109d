//! Settings of a net that nothing reads.

use super::keys::{Algorithm, Recipe};
use crate::diag::{Code, Problem, Problems};
use crate::graph::Setting;

/// Warns about the settings of a net's own recipe that have no effect beside its others. A setting
/// that a parameter decides may have one with another value, and where nothing in the net decides,
/// a recipe beside it may.
pub(super) fn unused(settings: &[Setting], recipe: &Recipe) -> Problems {
    let decided = |key: &str| {
        let mut given = settings.iter().filter(|s| s.key.node == key).peekable();
        given.peek().is_some() && given.all(|setting| setting.literal)
    };
    let own = settings.iter().filter(|setting| !setting.inherited);
    let reads = |key: &str| {
        let (by, reader) = reader(key, recipe)?;
        decided(by).then_some(reader)
    };
    let warned = own.filter_map(|setting| {
        let key = &setting.key.node;
        let reader = reads(key)?;
        let message = format!("`{key}` has no effect: {reader}");
        let problem = Problem::new(Code::UnusedSetting, setting.key.span, message);
        Some(problem.label("nothing reads it").help("remove it, or the setting that overrules it"))
    });
    warned.collect()
}

/// Which key decides that another one is not read, and why.
fn reader(key: &str, recipe: &Recipe) -> Option<(&'static str, &'static str)> {
    let optimiser = recipe.optimiser;
    let by_optimiser = match key {
        "adam_beta1" | "adam_beta2" | "adam_eps" => {
            (optimiser != Algorithm::AdamW).then_some("it is for `optimiser = \"adamw\"`")
        }
        "muon_lr" | "muon_momentum" | "muon_steps" => {
            (optimiser != Algorithm::Muon).then_some("it is for `optimiser = \"muon\"`")
        }
        "momentum" | "nesterov" => {
            (optimiser == Algorithm::AdamW).then_some("`optimiser = \"adamw\"` has none")
        }
        _ => None,
    };
    let lookahead = matches!(key, "lookahead_decay" | "lookahead_power" | "lookahead_start");
    match key {
        "peak_lr" | "peak_epoch" if !recipe.lr_epochs.is_empty() => {
            Some(("lr_epochs", "`lr_epochs` and `lr_values` give the whole schedule"))
        }
        _ if lookahead && recipe.lookahead_every == 0 => {
            Some(("lookahead_every", "`lookahead_every` is 0"))
        }
        _ => by_optimiser.map(|why| ("optimiser", why)),
    }
}
