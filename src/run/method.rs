use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::lower::{ConvChoice, Disabled};
use crate::passes::Choice;

/// What executes a net forward and backward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Executor {
    /// A precomputed schedule with explicit backward rules, and netc's own kernels on CPUs that
    /// have the required instructions.
    #[default]
    Compiled,
    /// libtorch op by op, with autograd.
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

/// How a training is computed, as opposed to what is trained: except for `sync_norm`, it changes
/// only the time and the rounding of the result.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Method {
    /// The executor.
    pub executor: Executor,
    /// The algorithms of convolutions.
    pub conv: ConvChoice,
    /// The passes that may rewrite the net.
    pub passes: Choice,
    /// The optimisations that are disabled in a compiled step.
    #[serde(skip_serializing_if = "Disabled::is_empty")]
    pub without: Disabled,
    /// Whether no algorithm is chosen by time and no order of additions varies.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deterministic: bool,
    /// Whether batch normalisation uses the statistics of the whole batch over all ranks.
    pub sync_norm: bool,
}
