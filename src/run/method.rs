use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::lower::cpu::{Features, kernels_need};
use crate::lower::{ConvChoice, Disabled, Precision, Processor};
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

impl Method {
    /// What there is to know of the choice of convolutions: that it has no effect, or that it costs
    /// accuracy. Without products of bf16 numbers, those of fp32 are used.
    pub fn conv_warning(&self, precision: Precision, processor: Processor) -> Option<String> {
        let conv = self.conv;
        let none = |why: String| Some(format!("--conv {conv} has no effect {why}"));
        let features = match processor {
            _ if matches!(conv, ConvChoice::Auto | ConvChoice::Library) => return None,
            Processor::Cuda => return none("on a GPU, where the convolutions are cuDNN's".into()),
            Processor::Cpu(features) => features,
        };
        if self.executor == Executor::Eager {
            return none("with --executor eager, where the convolutions are libtorch's".into());
        }
        if self.sync_norm {
            return none("with --sync-bn, where the convolutions are libtorch's".into());
        }
        let Some(needed) = kernels_need(precision) else {
            return none(format!("in {precision}: netc's own convolutions are for fp32 and bf16"));
        };
        if let Some(missing) = features.missing(needed).next() {
            return none(format!("on this processor: netc's own convolutions need {missing}"));
        }
        let rounds = precision == Precision::Bf16 && features.contains(Features::AVX512_BF16);
        (conv == ConvChoice::F4 && rounds).then(|| {
            "f4 convolutions in bf16 lose more than half of a gradient's accuracy; choose --conv auto \
             or --precision fp32"
                .into()
        })
    }
}
