use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::lower::{ConvChoice, Disabled};
use crate::passes::Choice;

/// What walks through a net forward and backward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Executor {
    /// A schedule made ahead, with gradients by rule, and on CPUs that have the instructions netc's own kernels.
    #[default]
    Compiled,
    /// libtorch op by op, with its tape.
    Eager,
}

impl FromStr for Executor {
    type Err = String;

    fn from_str(text: &str) -> Result<Executor, String> {
        match text {
            "compiled" => Ok(Executor::Compiled),
            "eager" => Ok(Executor::Eager),
            _ => Err(format!("expected compiled or eager, got `{text}`")),
        }
    }
}

/// How a training is computed, apart from what is trained: it changes the time, and the result by rounding alone, but for
/// `sync_norm`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Method {
    /// Who walks through the net.
    pub executor: Executor,
    /// The algorithms of convolutions.
    pub conv: ConvChoice,
    /// The passes that may rewrite the net.
    pub passes: Choice,
    /// What a compiled step does not use.
    #[serde(skip_serializing_if = "Disabled::is_empty")]
    pub without: Disabled,
    /// Whether nothing is chosen by time and nothing computed in an order that varies.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deterministic: bool,
    /// Whether batch normalisation takes the statistics of all ranks' shares of a batch together.
    pub sync_norm: bool,
}
