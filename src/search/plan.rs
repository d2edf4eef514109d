//! The plan of a search: every run, fixed before the first one starts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::variants::{self, Found};
use super::{Inputs, SearchError, Spec, Variant};
use crate::diag::{FileId, Sources};
use crate::recipe::{self, Recipe};
use crate::run::{LIBTORCH, RunError, write_atomically};

/// The most runs of one search.
pub const MAX_RUNS: usize = 1_000_000;

/// Every variant and every run of a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What was asked for.
    pub spec: Spec,
    /// The nets, each graph once.
    pub variants: Vec<Variant>,
    /// The names of variants that the spec's condition leaves out.
    pub excluded: Vec<String>,
    /// The recipe of each variant at each length, as YAML.
    pub recipes: BTreeMap<String, String>,
    /// The runs in the order in which they are taken up: one of each variant first.
    pub runs: Vec<PlannedRun>,
}

/// One run of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedRun {
    /// Its identity: a hash of all that it depends on.
    pub id: String,
    /// The variant, by its place in the plan.
    pub variant: usize,
    /// Its epochs.
    pub epochs: u32,
    /// Its seed.
    pub seed: u64,
}

impl Plan {
    /// The plan's file in a search's folder.
    pub const FILE: &str = "plan.json";

    /// Compiles every variant and lists the runs. The texts of the nets come beside it, by graph.
    ///
    /// # Errors
    /// Nets, parameters, conditions and recipes that are not sound.
    pub fn new(spec: &Spec) -> Result<(Plan, BTreeMap<String, String>), SearchError> {
        let found = variants::variants(spec)?;
        if found.found.is_empty() {
            return Err(SearchError::new("the condition leaves no variant").help("loosen --where"));
        }
        let recipe_text = spec.recipe.as_deref().map(recipe::read).transpose().map_err(SearchError::new)?;
        let mut plan = Plan {
            spec: spec.clone(),
            variants: Vec::new(),
            excluded: found.excluded,
            recipes: BTreeMap::new(),
            runs: Vec::new(),
        };
        let mut texts = BTreeMap::new();
        let mut lengths = Vec::new();
        for Found { variant, net, settings } in &found.found {
            texts.insert(variant.graph.clone(), net.flat_text(None));
            let all = if spec.epochs.is_empty() {
                vec![None]
            } else {
                spec.epochs.iter().map(|&e| Some(e)).collect()
            };
            let mut own = Vec::new();
            for epochs in all {
                let mut sources = Sources::default();
                let file = spec.recipe.as_deref().zip(recipe_text.as_deref());
                let file = file.map(|(path, text)| (sources.add(path.display().to_string(), text), text));
                let (recipe, problems) = Recipe::resolve(settings, file, epochs);
                if problems.has_errors() {
                    return Err(SearchError::Net(sources, problems));
                }
                // A net's claim is no part of how it is trained.
                let recipe = Recipe { accuracy: None, ..recipe };
                own.push(recipe.epochs);
                plan.recipes.insert(recipe_key(plan.variants.len(), recipe.epochs), recipe.to_yaml());
            }
            lengths.push(own);
            plan.variants.push(variant.clone());
        }
        plan.list_runs(&lengths, &texts)?;
        Ok((plan, texts))
    }

    fn list_runs(
        &mut self,
        lengths: &[Vec<u32>],
        texts: &BTreeMap<String, String>,
    ) -> Result<(), SearchError> {
        let per_round: usize = lengths.iter().map(Vec::len).sum();
        if per_round.saturating_mul(self.spec.runs as usize) > MAX_RUNS {
            return Err(SearchError::new(format!("the search has more than {MAX_RUNS} runs")));
        }
        for round in 0..u64::from(self.spec.runs) {
            for (variant, lengths) in lengths.iter().enumerate() {
                for &epochs in lengths {
                    let mut run =
                        PlannedRun { id: String::new(), variant, epochs, seed: self.spec.seed + round };
                    let text = texts.get(&self.variants[variant].graph).cloned().unwrap_or_default();
                    run.id = identity(&self.inputs(&run, text));
                    self.runs.push(run);
                }
            }
        }
        Ok(())
    }

    /// All that a run depends on, given the text of its net.
    pub fn inputs(&self, run: &PlannedRun, text: String) -> Inputs {
        let (variant, spec) = (&self.variants[run.variant], &self.spec);
        Inputs {
            variant: variant.name.clone(),
            family: variant.family.clone(),
            graph: variant.graph.clone(),
            text,
            recipe: self.recipes.get(&recipe_key(run.variant, run.epochs)).cloned().unwrap_or_default(),
            epochs: run.epochs,
            seed: run.seed,
            data: spec.data.clone(),
            limit_train: spec.limit_train,
            limit_test: spec.limit_test,
            precision: spec.precision.clone(),
            params: variant.params,
            macs: variant.macs,
            netc: env!("CARGO_PKG_VERSION").into(),
            libtorch: LIBTORCH.into(),
        }
    }

    /// The recipe of a run.
    pub fn recipe(&self, run: &PlannedRun) -> Option<Recipe> {
        let text = self.recipes.get(&recipe_key(run.variant, run.epochs))?;
        Some(Recipe::resolve(&[], Some((FileId(0), text)), None).0)
    }

    /// Multiply-accumulate operations of all runs on so many training and test images: a step of training
    /// counts as three forward passes.
    pub fn macs(&self, train: usize, test: usize) -> f64 {
        let images = (3 * train + test) as f64;
        let run = |run: &PlannedRun| self.variants[run.variant].macs as f64 * f64::from(run.epochs) * images;
        self.runs.iter().map(run).sum()
    }

    /// The file of a net's text.
    pub fn net_file(folder: &Path, graph: &str) -> PathBuf {
        folder.join("nets").join(format!("{}.net", &graph[..graph.len().min(16)]))
    }

    /// The folder of a run.
    pub fn run_folder(folder: &Path, id: &str) -> PathBuf {
        folder.join("runs").join(id)
    }

    /// Writes the plan and the nets' texts into a search's folder. If a plan is there already, it must be
    /// the same but for more runs.
    ///
    /// # Errors
    /// A folder with another search, or one that cannot be written.
    pub fn write(&self, folder: &Path, texts: &BTreeMap<String, String>) -> Result<(), SearchError> {
        if folder.join(Self::FILE).exists() {
            let old = Plan::read(folder)?;
            let gone = old.runs.iter().filter(|run| !self.runs.iter().any(|r| r.id == run.id)).count();
            if gone > 0 {
                return Err(SearchError::new(format!(
                    "{} holds another search: {gone} of its {} runs are not in this one",
                    folder.display(),
                    old.runs.len()
                ))
                .help("choose another folder with --out, or go on with that search: netc search DIR"));
            }
        }
        fs::create_dir_all(folder.join("nets")).map_err(SearchError::io(folder))?;
        fs::create_dir_all(folder.join("runs")).map_err(SearchError::io(folder))?;
        for (graph, text) in texts {
            write(&Plan::net_file(folder, graph), text.as_bytes())?;
        }
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        write(&folder.join(Self::FILE), format!("{text}\n").as_bytes())
    }

    /// The plan in a search's folder.
    ///
    /// # Errors
    /// No plan, or not one of this version.
    pub fn read(folder: &Path) -> Result<Plan, SearchError> {
        let path = folder.join(Self::FILE);
        let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                SearchError::new(format!("{} holds no search: there is no {}", folder.display(), Self::FILE))
                    .help("start one: netc search nets/base.net --over res --out DIR")
            }
            _ => SearchError::Io { path: path.clone(), source: error },
        })?;
        serde_json::from_str(&text).map_err(|error| {
            SearchError::new(format!("{}: not a plan of this version: {error}", path.display()))
        })
    }
}

/// Replaces a file.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), SearchError> {
    write_atomically(path, bytes).map_err(|error| match error {
        RunError::Io { path, source } => SearchError::Io { path, source },
        other => SearchError::new(other.to_string()),
    })
}

fn recipe_key(variant: usize, epochs: u32) -> String {
    format!("{variant}/{epochs}")
}

/// The hash of all that a run depends on; its names do not count.
fn identity(inputs: &Inputs) -> String {
    let nameless =
        Inputs { variant: String::new(), family: String::new(), text: String::new(), ..inputs.clone() };
    let text = serde_json::to_string(&nameless).unwrap_or_default();
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
