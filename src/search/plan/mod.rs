//! The plan of a search: every run, fixed before the first one starts.

mod file;
mod valid;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::variants::{self, Found};
use super::{Inputs, RunId, SearchError, Sha, Spec, Variant};
use crate::check::Checked;
use crate::compile_over;
use crate::diag::FileId;
use crate::limits::{MAX_RUNS, MAX_SEED};
use crate::recipe::{Recipe, Task};
use crate::run::LIBTORCH;
use crate::run::data::DataSpec;

/// Every variant and every run of a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What was asked for.
    pub spec: Spec,
    /// The hash of the images to train on, [`crate::run::data::Dataset::sha256`]; `None` in the
    /// plan of a dry run.
    #[serde(default)]
    pub data_sha256: Option<Sha>,
    /// Proof that this user's netc wrote the path in `spec.data`: an untrusted folder could name
    /// any file.
    #[serde(default)]
    pub data_mark: Option<String>,
    /// The variants: each combination of graph and recipe once.
    pub variants: Vec<Variant>,
    /// The number of runs before each extension of the plan.
    #[serde(default)]
    pub extended: Vec<usize>,
    /// The names of variants that the spec's condition leaves out.
    pub excluded: Vec<String>,
    /// The recipe of each variant at each length, as YAML.
    pub recipes: BTreeMap<String, String>,
    /// The runs in the order in which they are started: first one of each variant.
    pub runs: Vec<PlannedRun>,
}

/// One run of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedRun {
    /// Its id: a hash of everything it depends on.
    pub id: RunId,
    /// The index of its variant in the plan.
    pub variant: usize,
    /// Its epochs.
    pub epochs: u32,
    /// Its seed.
    pub seed: u64,
}

/// The flat text of each net of a plan.
pub type Texts = BTreeMap<Sha, String>;

impl Plan {
    /// The folder of the runs in that of a search.
    pub const RUNS: &str = "runs";

    /// The plan's file in a search's folder.
    pub const FILE: &str = "plan.json";

    /// Compiles every variant and lists the runs, without reading the data. Also returns the texts
    /// of the nets.
    ///
    /// # Errors
    /// Invalid nets, parameters, conditions or recipes.
    pub fn new(spec: &Spec) -> Result<(Plan, Texts), SearchError> {
        let spec = spec.absolute()?;
        let found = variants::variants(&spec)?;
        if found.found.is_empty() {
            let help = match found.in_quotes {
                Some(name) => format!("did you mean `{name}`? In quotes it is a text"),
                None => "loosen --where".into(),
            };
            return Err(SearchError::new("the condition leaves no variant").help(help));
        }
        let mut plan = Plan {
            data_mark: spec.data_mark(),
            spec,
            data_sha256: None,
            variants: Vec::new(),
            extended: Vec::new(),
            excluded: found.excluded,
            recipes: BTreeMap::new(),
            runs: Vec::new(),
        };
        let (mut texts, mut lengths) = (Texts::new(), Vec::new());
        for Found { variant, net, recipes } in found.found {
            texts.insert(variant.graph.clone(), net.flat_text(None));
            lengths.push(recipes.iter().map(|recipe| recipe.epochs).collect::<Vec<u32>>());
            for recipe in recipes {
                plan.recipes
                    .insert(recipe_key(plan.variants.len(), recipe.epochs), recipe.to_yaml());
            }
            plan.variants.push(variant);
        }
        plan.list_runs(&lengths)?;
        Ok((plan, texts))
    }

    /// The same plan for images with this hash, which becomes part of the run ids, and these
    /// numbers of training and test images. Limits that exclude no image are removed.
    #[must_use]
    pub fn on(mut self, data: Sha, [train, test]: [usize; 2]) -> Plan {
        self.data_sha256 = Some(data);
        self.spec.limit_train = self.spec.limit_train.filter(|limit| *limit < train);
        self.spec.limit_test = self.spec.limit_test.filter(|limit| *limit < test);
        let ids: Vec<RunId> =
            self.runs.iter().map(|run| self.inputs(run, String::new()).identity()).collect();
        for (run, id) in self.runs.iter_mut().zip(ids) {
            run.id = id;
        }
        self
    }

    /// The task that the nets are trained for.
    pub fn task(&self) -> Task {
        Recipe::default().task()
    }

    /// Whether the images may be loaded from where the plan says: a known data set, or a path that
    /// this user's netc wrote.
    pub fn names_own_data(&self) -> bool {
        let named = !matches!(DataSpec::from(self.spec.data.as_str()), DataSpec::Path(_));
        named || (self.data_mark.is_some() && self.data_mark == self.spec.data_mark())
    }

    fn list_runs(&mut self, lengths: &[Vec<u32>]) -> Result<(), SearchError> {
        let per_round: usize = lengths.iter().map(Vec::len).sum();
        if per_round.saturating_mul(self.spec.runs as usize) > MAX_RUNS {
            return Err(SearchError::new(format!("the search has more than {MAX_RUNS} runs")));
        }
        let rounds = u64::from(self.spec.runs);
        if self.spec.seed.checked_add(rounds).is_none_or(|last| last > MAX_SEED) {
            return Err(SearchError::new(format!("a seed of the search is more than {MAX_SEED}"))
                .help("choose a smaller --seed"));
        }
        for round in 0..rounds {
            for (variant, lengths) in lengths.iter().enumerate() {
                for &epochs in lengths {
                    let seed = self.spec.seed + round;
                    let mut run = PlannedRun { id: RunId::digest(b""), variant, epochs, seed };
                    run.id = self.inputs(&run, String::new()).identity();
                    self.runs.push(run);
                }
            }
        }
        Ok(())
    }

    /// Everything a run depends on, given the text of its net.
    pub fn inputs(&self, run: &PlannedRun, text: String) -> Inputs {
        let (variant, spec) = (&self.variants[run.variant], &self.spec);
        Inputs {
            variant: variant.name.clone(),
            family: variant.family.clone(),
            graph: variant.graph.clone(),
            text,
            recipe: self
                .recipes
                .get(&recipe_key(run.variant, run.epochs))
                .cloned()
                .unwrap_or_default(),
            epochs: run.epochs,
            seed: run.seed,
            data: spec.data.clone(),
            data_sha256: self.data_sha256.clone(),
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
        Some(Recipe::resolve(&[], &[(FileId(0), text)]).0)
    }

    /// Multiply-accumulate operations of all runs with these numbers of training and test images; a
    /// training step counts as three forward passes.
    pub fn macs(&self, train: usize, test: usize) -> f64 {
        let images = (3 * train + test) as f64;
        let run = |run: &PlannedRun| {
            self.variants[run.variant].macs as f64 * f64::from(run.epochs) * images
        };
        self.runs.iter().map(run).sum()
    }

    /// Compiles a flat text, if it has this graph.
    ///
    /// # Errors
    /// Another graph, or none.
    pub fn compile(text: &str, graph: &Sha) -> Result<Checked, SearchError> {
        let name = net_name(graph);
        let overlay = [(name.clone(), text.to_string())].into();
        let net = compile_over(Path::new(&name), &[], &overlay).net;
        net.filter(|net| net.graph().hash() == graph.as_str()).ok_or_else(|| {
            SearchError::new(format!("nets/{name} is no longer the net of the plan"))
                .help("it is written by the search; start another search to try another net")
        })
    }

    /// The folder of a run.
    pub fn run_folder(folder: &Path, id: &RunId) -> PathBuf {
        folder.join(Plan::RUNS).join(id.as_str())
    }
}

/// The name of a net's file.
fn net_name(graph: &Sha) -> String {
    format!("{}.net", &graph.as_str()[..16])
}

fn recipe_key(variant: usize, epochs: u32) -> String {
    format!("{variant}/{epochs}")
}
