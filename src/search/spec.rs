//! The specification of a search: a flat YAML file, or command line options with the same names.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::SearchError;
use super::condition::{self, Condition};
use super::named::{begins_like_a_net, begins_like_a_recipe};
use crate::diag::{Code, FileId, Nearest, Problem, Problems, Sources, Span, did_you_mean};
use crate::graph::{Setting, Value};
use crate::limits::{MAX_EPOCHS, MAX_HALVING, MAX_IMAGES, MAX_RUNS, MAX_SEED};
use crate::recipe::{self, KEYS, Layers, RecipeArg};
use crate::run::data::DataSpec;
use crate::run::{PrecisionChoice, own};

/// What to vary and how to train it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spec {
    /// The nets to start from; absolute in a plan.
    pub nets: Vec<PathBuf>,
    /// Parameters to set for every variant: `width=16`.
    pub set: Vec<String>,
    /// What to vary: `res` for every value of a parameter's declared domain, `width=[64, 128]` for
    /// some.
    pub over: Vec<String>,
    /// How variations are combined.
    pub combine: Combine,
    /// A condition over `params`, `macs` and the nets' parameters; variants that do not satisfy it
    /// are excluded.
    #[serde(rename = "where")]
    pub filter: Option<String>,
    /// Each variant is trained for each of these numbers of epochs; if empty, for that of its
    /// recipe.
    pub epochs: Vec<u32>,
    /// Runs of each variant at each length, with seeds `seed`, `seed + 1`, ...
    pub runs: u32,
    /// Successive halving: after 1, N, N², ... runs continue only with the best 1/N of the
    /// variants.
    pub halving: Option<u32>,
    /// The first seed.
    pub seed: u64,
    /// A recipe file that overrides the nets' own recipes.
    pub recipe: Option<PathBuf>,
    /// Keys of recipes, which win over that file: `peak_lr=0.2`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// `cifar10`, `cifar100`, `synthetic`, a folder of images by class, or an `.npz` file.
    pub data: String,
    /// Train on only this many images, the first ones.
    pub limit_train: Option<usize>,
    /// Test on only this many images, the first ones.
    pub limit_test: Option<usize>,
    /// `auto`, `fp32`, `bf16` or `fp16`.
    pub precision: String,
}

/// How variations of several parameters are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Combine {
    /// One parameter at a time, the others at the net's values.
    Each,
    /// Every combination.
    Product,
}

impl Default for Spec {
    fn default() -> Spec {
        Spec {
            nets: Vec::new(),
            set: Vec::new(),
            over: Vec::new(),
            combine: Combine::Each,
            filter: None,
            epochs: Vec::new(),
            runs: 5,
            halving: None,
            seed: 0,
            recipe: None,
            keys: Vec::new(),
            data: "cifar10".into(),
            limit_train: None,
            limit_test: None,
            precision: "auto".into(),
        }
    }
}

impl Spec {
    /// The keys of a file.
    pub const KEYS: &[&str] = &[
        "nets",
        "set",
        "over",
        "combine",
        "where",
        "epochs",
        "runs",
        "halving",
        "seed",
        "recipe",
        "keys",
        "data",
        "limit_train",
        "limit_test",
        "precision",
    ];

    /// Reads a spec from a file; paths are relative to its folder. The file may be untrusted: files
    /// that it refers to must start like a net or a recipe before they are read further or quoted.
    ///
    /// # Errors
    /// A file that cannot be read, those of [`Spec::parse`], and a referenced file that is
    /// something else.
    pub fn read(file: &Path) -> Result<Spec, SearchError> {
        let text = recipe::read(file).map_err(SearchError::new)?;
        let mut sources = Sources::default();
        let id = sources.add(file.display().to_string(), text.clone());
        let folder = file.parent().unwrap_or(Path::new(""));
        let spec = Spec::parse(id, &text, folder)
            .map_err(|problems| SearchError::Net(sources, problems))?;
        spec.names_files().map_err(|(_, error)| error)?;
        Ok(spec)
    }

    /// Whether the nets and the recipe are there, and begin like what they should be.
    ///
    /// # Errors
    /// The key that names another file, and what is wrong with that.
    pub fn names_files(&self) -> Result<(), (&'static str, SearchError)> {
        let nets = self.nets.iter().try_for_each(|net| begins_like_a_net(net));
        nets.map_err(|error| ("nets", error))?;
        let recipe = self.recipe.iter().try_for_each(|recipe| begins_like_a_recipe(recipe));
        recipe.map_err(|error| ("recipe", error))
    }

    /// The same with absolute paths, so that the search can be continued from any folder.
    ///
    /// # Errors
    /// A working directory that no longer exists, a path that is not UTF-8.
    pub fn absolute(&self) -> Result<Spec, SearchError> {
        let whole = |path: &PathBuf| {
            let named = |why: &str| SearchError::new(format!("{}: {why}", path.display()));
            let whole = std::path::absolute(path).map_err(|error| named(&error.to_string()))?;
            match whole.to_str() {
                Some(_) => Ok(whole),
                None => Err(named("a path that is not in UTF-8 cannot stand in a plan")),
            }
        };
        let data = match DataSpec::from(self.data.as_str()) {
            DataSpec::Path(path) => whole(&path)?.to_string_lossy().into_owned(),
            _ => self.data.clone(),
        };
        Ok(Spec {
            nets: self.nets.iter().map(whole).collect::<Result<_, _>>()?,
            recipe: self.recipe.as_ref().map(whole).transpose()?,
            data,
            ..self.clone()
        })
    }

    /// What comes above the nets' own recipes.
    pub fn layers(&self) -> Layers {
        Layers { file: self.recipe.clone(), keys: self.keys.clone() }
    }

    /// Proof that this user's netc wrote the path of the images.
    pub(super) fn data_mark(&self) -> Option<String> {
        own::mark_of(&[b"data\0", self.data.as_bytes()].concat())
    }

    /// Parses the text of a spec file. Paths in it are relative to its folder.
    ///
    /// # Errors
    /// Unknown keys and invalid values, with their spans.
    pub fn parse(file: FileId, text: &str, folder: &Path) -> Result<Spec, Problems> {
        let mut spec = Spec::default();
        let mut problems = Problems::new();
        let (settings, found) = recipe::settings(file, text)?;
        problems.extend(found);
        for Setting { key, value, span, .. } in settings {
            if let Err(problem) = spec.set(&key.node, &value, span, folder) {
                problems.push(*problem);
            }
        }
        if spec.nets.is_empty() && problems.is_empty() {
            let problem = Problem::new(Code::Recipe, None, "the search names no net");
            problems.push(problem.help("add `nets: base.net`"));
        }
        if problems.is_empty() { Ok(spec) } else { Err(problems) }
    }

    fn set(
        &mut self,
        key: &str,
        value: &Value,
        span: Span,
        folder: &Path,
    ) -> Result<(), Box<Problem>> {
        let expected = |what: &str| {
            let message = format!("expected {what} for `{key}`, got {value}");
            Box::new(Problem::new(Code::Recipe, span, message))
        };
        let count = |range: RangeInclusive<u64>| match *value {
            Value::Int(n) if n >= 0 && range.contains(&(n as u64)) => Ok(n as u64),
            _ => {
                let [least, most] = [range.start(), range.end()];
                Err(expected(&format!("a whole number from {least} to {most}")))
            }
        };
        let misread = |error| Box::new(misread(key, span, error));
        let word = || match value {
            Value::Str(word) => Ok(word.clone()),
            _ => Err(expected("a word")),
        };
        let words = || match value {
            Value::Str(word) => Ok(vec![word.clone()]),
            Value::List(items) => items
                .iter()
                .map(|v| if let Value::Str(s) = v { Some(s.clone()) } else { None })
                .collect::<Option<_>>()
                .ok_or_else(|| expected("words")),
            _ => Err(expected("a word or a list of words")),
        };
        match key {
            "nets" => self.nets = words()?.iter().map(|name| folder.join(name)).collect(),
            "set" => self.set = words()?,
            "over" => {
                self.over = words()?;
                self.over
                    .iter()
                    .try_for_each(|over| condition::well_formed(over))
                    .map_err(misread)?;
            }
            "combine" => {
                self.combine = match word()?.as_str() {
                    "each" => Combine::Each,
                    "product" => Combine::Product,
                    _ => return Err(expected("each or product")),
                }
            }
            "where" => {
                let condition = word()?;
                Condition::parse(&condition).map_err(misread)?;
                self.filter = Some(condition);
            }
            "epochs" => {
                let items = if let Value::List(items) = value {
                    items.clone()
                } else {
                    vec![value.clone()]
                };
                let epoch = |v: &Value| match *v {
                    Value::Int(n) => u32::try_from(n).ok().filter(|n| (1..=MAX_EPOCHS).contains(n)),
                    _ => None,
                };
                let epochs: Option<Vec<u32>> = items.iter().map(epoch).collect();
                let range = || expected(&format!("whole numbers from 1 to {MAX_EPOCHS}"));
                self.epochs = epochs.ok_or_else(range)?;
            }
            "runs" => self.runs = count(1..=MAX_RUNS as u64)? as u32,
            "halving" => self.halving = Some(count(2..=MAX_HALVING.into())? as u32),
            "seed" => self.seed = count(0..=MAX_SEED)?,
            "recipe" => match word()?.parse() {
                Ok(RecipeArg::File(file)) => self.recipe = Some(folder.join(file)),
                Ok(RecipeArg::Key(key)) => {
                    let help = format!("write `keys: [\"{key}\"]`");
                    return Err(Box::new(expected("a file").help(help)));
                }
                Err(_) => return Err(expected("a file")),
            },
            "keys" => {
                let key = |text: &String| matches!(text.parse(), Ok(RecipeArg::Key(_)));
                self.keys = words()?;
                if !self.keys.iter().all(key) {
                    return Err(expected("words such as peak_lr=0.2"));
                }
                let (layers, mut sources) = (self.layers(), Sources::default());
                let problems = layers.problems(&mut sources);
                if problems.has_errors() {
                    return Err(misread(SearchError::Net(sources, problems)));
                }
            }
            "data" => {
                let data = word()?;
                self.data = match DataSpec::from(data.as_str()) {
                    DataSpec::Path(path) => folder.join(path).to_string_lossy().into_owned(),
                    _ => data,
                };
            }
            "limit_train" => self.limit_train = Some(count(1..=MAX_IMAGES)? as usize),
            "limit_test" => self.limit_test = Some(count(1..=MAX_IMAGES)? as usize),
            "precision" => {
                let precision = word()?;
                precision
                    .parse::<PrecisionChoice>()
                    .map_err(|_| expected(PrecisionChoice::WORDS))?;
                self.precision = precision;
            }
            _ => {
                let of_recipes = KEYS.iter().any(|known| known.name == key);
                let near = match of_recipes {
                    true => Nearest::default(),
                    false => did_you_mean(key, Spec::KEYS.iter().copied()),
                };
                let other = || match of_recipes {
                    true => {
                        let value = value.to_string().replace('"', "");
                        format!("it is a key of recipes: write `keys: [\"{key}={value}\"]`")
                    }
                    false => format!("the keys are {}", Spec::KEYS.join(", ")),
                };
                let help = near.question().unwrap_or_else(other);
                let problem =
                    Problem::new(Code::Recipe, span, format!("a search has no key `{key}`"));
                return Err(Box::new(problem.label("unknown key").help(help).respell(&near)));
            }
        }
        Ok(())
    }
}

/// What is wrong within the value of a key, told at the key.
fn misread(key: &str, span: Span, error: SearchError) -> Problem {
    let found = match &error {
        SearchError::Net(_, problems) => {
            problems.sorted().first().map(|first| (first.message.clone(), first.help.clone()))
        }
        SearchError::Other { message, help } => Some((message.clone(), help.clone())),
        SearchError::Io { .. } => None,
    };
    let (message, help) = found.unwrap_or_else(|| (error.to_string(), None));
    let problem = Problem::new(Code::Recipe, span, format!("`{key}`: {message}"));
    match help {
        Some(help) => problem.help(help),
        None => problem,
    }
}
