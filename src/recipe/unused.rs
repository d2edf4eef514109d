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
    own.filter_map(|setting| Some(warning(setting, reads(&setting.key.node)?))).collect()
}

/// Warns about the settings of a layer above the net that have no effect in the recipe in force.
/// Values that are the defaults are not meant to have one.
pub(super) fn unread(settings: &[Setting], recipe: &Recipe) -> Problems {
    let default = Recipe::default();
    let values: Vec<_> = recipe.values().zip(default.values()).collect();
    let is_default = |key: &str| {
        values.iter().any(|((known, value), (_, default))| known.name == key && value == default)
    };
    let warned = |setting: &Setting| {
        let key = setting.key.node.as_str();
        let (_, reader) = reader(key, recipe).filter(|_| !is_default(key))?;
        Some(warning(setting, reader))
    };
    settings.iter().filter_map(warned).collect()
}

fn warning(setting: &Setting, reader: &str) -> Problem {
    let message = format!("`{}` has no effect: {reader}", setting.key.node);
    Problem::new(Code::UnusedSetting, setting.key.span, message)
        .label("nothing reads it")
        .help("remove it, or the setting that overrules it")
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
