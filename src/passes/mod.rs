//! Passes: rewrites that compute the same function of the same weights at a lower cost.
//!
//! Each pass is a file. It rewrites the net as a list of ops, and its result is checked like any
//! graph. What it must preserve depends on the [`Purpose`]: for training the values, gradients and
//! running statistics; for evaluation only the values, so that weights may be folded ([`Fold`]).

mod common;
mod cost;
mod fold;
mod fold_linear;
mod fold_norm;
mod fold_scale;
mod identity;
mod join;
mod pool_first;
mod rewrite;

use serde::{Deserialize, Serialize};

use rewrite::RewriteGraph;

use crate::check::{CheckError, Checked, check};

pub use fold::Fold;

pub use cost::traffic;

/// The mode that a net is optimised for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Forward and backward, batch by batch.
    Training,
    /// Forward only, with the running statistics.
    Evaluation,
}

/// A rewrite of the net.
#[derive(Debug)]
pub struct Pass {
    /// Its name on the command line.
    pub name: &'static str,
    /// A short description.
    pub about: &'static str,
    /// Whether it applies only to evaluation.
    pub evaluation_only: bool,
    /// Rewrites the net and returns a description of each change.
    run: fn(&mut RewriteGraph) -> Vec<String>,
}

/// Every pass, in the order in which they run.
pub const PASSES: &[Pass] = &[
    Pass {
        name: "identity",
        about: "drop ops that change nothing",
        evaluation_only: false,
        run: identity::run,
    },
    Pass {
        name: "common",
        about: "compute equal values once",
        evaluation_only: false,
        run: common::run,
    },
    Pass {
        name: "join",
        about: "one sum or concat for a chain of them",
        evaluation_only: false,
        run: join::run,
    },
    Pass {
        name: "fold-norm",
        about: "batch normalisation into the convolution before it",
        evaluation_only: true,
        run: fold_norm::run,
    },
    Pass {
        name: "fold-scale",
        about: "a factor into the weights before it",
        evaluation_only: true,
        run: fold_scale::run,
    },
    Pass {
        name: "fold-linear",
        about: "two linear layers into one, where that is less work",
        evaluation_only: true,
        run: fold_linear::run,
    },
    Pass {
        name: "pool-first",
        about: "max pool before a monotonic activation",
        evaluation_only: false,
        run: pool_first::run,
    },
];

/// The result of one pass.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The pass.
    pub pass: &'static str,
    /// A description of each change.
    pub changes: Vec<String>,
    /// The net after it.
    pub net: Checked,
    /// All folds so far, in the order in which they are applied.
    pub folds: Vec<Fold>,
}

/// A net and the results of the passes.
#[derive(Debug, Clone)]
pub struct Optimised {
    source: Checked,
    /// The passes that changed something, in order.
    pub stages: Vec<Stage>,
}

impl Optimised {
    /// The final net.
    pub fn net(&self) -> &Checked {
        self.stages.last().map_or(&self.source, |stage| &stage.net)
    }

    /// The original net.
    pub fn source(&self) -> &Checked {
        &self.source
    }

    /// The result of the first `count` stages only.
    pub fn until(&self, count: usize) -> Optimised {
        Optimised {
            source: self.source.clone(),
            stages: self.stages.iter().take(count).cloned().collect(),
        }
    }

    /// How its weights are computed from those of the source.
    pub fn folds(&self) -> &[Fold] {
        self.stages.last().map_or(&[], |stage| &stage.folds)
    }
}

/// Which passes run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Choice {
    /// All.
    #[default]
    All,
    /// These, by name; none of them for an empty list.
    Only(Vec<String>),
}

impl From<Choice> for String {
    fn from(choice: Choice) -> String {
        match choice {
            Choice::All => "all".into(),
            Choice::Only(names) if names.is_empty() => "none".into(),
            Choice::Only(names) => names.join(","),
        }
    }
}

impl TryFrom<String> for Choice {
    type Error = String;

    fn try_from(text: String) -> Result<Choice, String> {
        text.parse()
    }
}

impl std::str::FromStr for Choice {
    type Err = String;

    /// `all`, `none`, or comma-separated names.
    fn from_str(text: &str) -> Result<Choice, String> {
        match text {
            "all" => return Ok(Choice::All),
            "none" => return Ok(Choice::Only(Vec::new())),
            _ => {}
        }
        let names: Vec<String> = text.split(',').map(|name| name.trim().to_string()).collect();
        match names.iter().find(|name| !PASSES.iter().any(|pass| pass.name == **name)) {
            None => Ok(Choice::Only(names)),
            Some(name) => {
                let all: Vec<&str> = PASSES.iter().map(|pass| pass.name).collect();
                Err(format!(
                    "there is no pass `{name}`; expected all, none, or some of {}",
                    all.join(", ")
                ))
            }
        }
    }
}

/// A pass made a net that does not check: a bug in the pass.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the pass `{pass}` made a net that does not check: {error}")]
pub struct PassError {
    /// The pass.
    pub pass: &'static str,
    /// What is wrong with the net.
    pub error: Box<CheckError>,
}

/// Runs the chosen passes for a purpose.
///
/// # Errors
/// A pass whose result fails the check: a bug in the pass.
pub fn optimise(net: &Checked, purpose: Purpose, choice: &Choice) -> Result<Optimised, PassError> {
    let mut graph = RewriteGraph::of(net);
    let mut stages = Vec::new();
    for pass in PASSES {
        let chosen = match choice {
            Choice::All => true,
            Choice::Only(names) => names.iter().any(|name| name == pass.name),
        };
        if !chosen || (pass.evaluation_only && purpose == Purpose::Training) {
            continue;
        }
        let changes = (pass.run)(&mut graph);
        if changes.is_empty() {
            continue;
        }
        let net = check(graph.graph(net)).map_err(|error| PassError { pass: pass.name, error })?;
        stages.push(Stage { pass: pass.name, changes, net, folds: graph.folds.clone() });
    }
    Ok(Optimised { source: net.clone(), stages })
}
