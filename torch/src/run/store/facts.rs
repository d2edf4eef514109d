use std::path::Path;

use netc::lower::Precision;
use netc::run::{Method, RunError};
use serde::{Deserialize, Serialize};

use crate::run::train::job::Job;
use crate::run::train::part::Part;

/// Facts about the training that wrote a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::run) struct Facts {
    /// netc's version.
    pub version: String,
    /// The net's name.
    pub net: String,
    /// The SHA-256 of its canonical graph.
    pub graph: String,
    /// Its flat text.
    pub flat: String,
    /// The resolved recipe, as YAML.
    pub recipe: String,
    /// The random seed.
    pub seed: u64,
    /// The precision; `None` in a checkpoint of an older netc.
    #[serde(default)]
    pub precision: Option<Precision>,
    /// How it was computed; `None` in a checkpoint of an older netc.
    #[serde(default)]
    pub method: Option<Method>,
    /// Training and test examples used; `None` in a checkpoint of an older netc.
    #[serde(default)]
    pub examples: Option<[usize; 2]>,
    /// Whole epochs done.
    pub epochs: usize,
    /// The progress in the next one.
    pub part: Part,
}

impl Facts {
    /// The facts of a job after this many epochs.
    pub fn of(job: &Job<'_>, epochs: usize, part: Part) -> Facts {
        let used = |limit: Option<usize>, all: usize| limit.map_or(all, |limit| limit.min(all));
        let Job { data, net, .. } = job;
        Facts {
            version: env!("CARGO_PKG_VERSION").into(),
            net: net.graph().name.clone(),
            graph: net.graph().hash(),
            flat: net.flat_text(None),
            recipe: job.recipe.to_yaml(),
            seed: job.seed,
            precision: Some(job.machine.precision),
            method: Some(job.method.clone()),
            examples: Some([
                used(job.limit_train, data.train.len()),
                used(job.limit_test, data.test.len()),
            ]),
            epochs,
            part,
        }
    }

    /// Refuses to resume a training other than the one that wrote the checkpoint at `path`.
    pub fn is_of(&self, job: &Job<'_>, path: &Path) -> Result<(), RunError> {
        let now = Facts::of(job, 0, Part::default());
        let changed = |what, was: &str, is: &str| {
            Err(RunError::Changed { path: path.into(), what, was: was.into(), is: is.into() })
        };
        let refuse = |what: &str, expected: String, got: String| {
            let reason = format!("expected {what} {expected}, got {got}");
            Err(RunError::Checkpoint { path: path.into(), reason })
        };
        if self.graph != now.graph {
            return changed("net", &self.flat, &now.flat);
        }
        if self.recipe != now.recipe {
            return changed("recipe", &self.recipe, &now.recipe);
        }
        if self.seed != now.seed {
            return refuse("seed", now.seed.to_string(), self.seed.to_string());
        }
        if let (Some(was), Some(is)) = (self.precision, now.precision)
            && was != is
        {
            return refuse("precision", is.to_string(), was.to_string());
        }
        if let (Some(was), Some(is)) = (&self.method, &now.method)
            && was != is
        {
            return changed("method", &lines(was)?, &lines(is)?);
        }
        if let (Some(was), Some(is)) = (self.examples, now.examples)
            && was != is
        {
            let has = [job.data.train.len(), job.data.test.len()];
            if has[0] < was[0] || has[1] < was[1] {
                let (path, data) = (path.into(), job.data.name.clone());
                return Err(RunError::TooFew { path, data, was, is: has });
            }
            let text =
                |[train, test]: [usize; 2]| format!("{train} training and {test} test examples");
            return refuse("a training on", text(is), text(was));
        }
        Ok(())
    }
}

/// A method as `run.json` has it, a line for each of its parts.
fn lines(method: &Method) -> Result<String, RunError> {
    serde_json::to_string_pretty(method).map_err(|error| RunError::Data(error.to_string()))
}
