//! The provenance of each key of a net's recipe.

use serde::Serialize;
use serde_json::Value as Json;

use super::position::FilePosition;
use super::step::json;
use crate::diag::Sources;
use crate::graph::Graph;
use crate::recipe::{self, Recipe};

/// One key of a recipe.
#[derive(Debug, Clone, Serialize)]
pub struct RecipeKey {
    /// The key.
    pub key: &'static str,
    /// Its effective value, `null` if it has none. It may differ from that of its layer, because a
    /// layer that changes the number of epochs rescales the schedule of the layers before it.
    pub value: Json,
    /// The value in each layer, the effective one first.
    pub said: Vec<Said>,
}

/// The value of a key in one layer.
#[derive(Debug, Clone, Serialize)]
pub struct Said {
    /// The layer.
    pub layer: Layer,
    /// The value.
    pub value: Json,
    /// The place; `None` for the built-in recipe.
    pub place: Option<FilePosition>,
}

/// A layer of a recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// The built-in recipe.
    Default,
    /// A net that this one extends.
    Parent,
    /// The net itself.
    Net,
}

/// Every key, in the order of the default.
pub(super) fn keys(graph: &Graph, sources: &Sources) -> Vec<RecipeKey> {
    let (built_in, in_force) = (Recipe::default(), Recipe::resolve(&graph.settings, &[]).0);
    let key = |key: &'static recipe::Key| {
        let key = key.name;
        let settings = graph.settings.iter().rev().filter(|s| s.applies() && s.key.node == key);
        let said = settings.map(|s| Said {
            layer: if s.inherited { Layer::Parent } else { Layer::Net },
            value: json(&s.value),
            place: Some(FilePosition::of(s.span, sources)),
        });
        let default =
            built_in.value(key).map(|value| Said { layer: Layer::Default, value, place: None });
        let value = in_force.value(key).unwrap_or_default();
        RecipeKey { key, value, said: said.chain(default).collect() }
    };
    recipe::KEYS.iter().map(key).collect()
}
