//! What a command adds to the recipe of a net.

use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Recipe, unused, yaml};
use crate::diag::{FileId, Problems, Sources};
use crate::graph::Setting;

/// A recipe file, or a key of a recipe with its value: what `--recipe` takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipeArg {
    /// A file of `key: value` lines.
    File(PathBuf),
    /// `key=value`, the value as in a file.
    Key(String),
}

impl FromStr for RecipeArg {
    type Err = String;

    /// What stands before the first `=` is a key if it is a word; a file with `=` in its name may
    /// be given as `./a=b.yaml`.
    fn from_str(text: &str) -> Result<RecipeArg, String> {
        let word = |key: &str| key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        match text.split_once('=').filter(|(key, _)| word(key.trim())) {
            None if text.trim().is_empty() => {
                Err("expected a file, or KEY=VALUE, such as batch_size=256".into())
            }
            None => Ok(RecipeArg::File(text.into())),
            Some((key, value)) => match [key, value].iter().any(|part| part.trim().is_empty()) {
                true => Err("expected KEY=VALUE, such as batch_size=256".into()),
                false if text.contains(['\n', '\r']) => Err("a value is one line".into()),
                false => Ok(RecipeArg::Key(format!("{}={}", key.trim(), value.trim()))),
            },
        }
    }
}

/// The layers above the recipe of a net: a file, and keys, which win.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Layers {
    /// The file.
    pub file: Option<PathBuf>,
    /// `key=value`.
    pub keys: Vec<String>,
}

impl Layers {
    /// The layers that arguments describe.
    ///
    /// # Errors
    /// More than one file, as a message for the user.
    pub fn of(arguments: &[RecipeArg]) -> Result<Layers, String> {
        let mut layers = Layers::default();
        for argument in arguments {
            match argument {
                RecipeArg::Key(key) => layers.keys.push(key.clone()),
                RecipeArg::File(file) => {
                    if let Some(first) = layers.file.replace(file.clone()) {
                        let [first, file] = [&first, file].map(|path| path.display());
                        return Err(format!("expected one recipe file, got {first} and {file}"));
                    }
                }
            }
        }
        Ok(layers)
    }

    /// The recipe in force for a net with these `recipe { }` lines, trained for this number of
    /// epochs if given, with every problem found. The texts of the layers join the sources.
    ///
    /// # Errors
    /// A file that cannot be read, as a message for the user.
    pub fn resolve(
        &self,
        settings: &[Setting],
        epochs: Option<u32>,
        sources: &mut Sources,
    ) -> Result<(Recipe, Problems), String> {
        let texts = self.texts(epochs)?;
        let ids: Vec<_> =
            texts.iter().map(|(name, text)| sources.add(name.as_str(), text.as_str())).collect();
        let texts: Vec<_> =
            ids.into_iter().zip(texts.iter().map(|(_, text)| text.as_str())).collect();
        let (recipe, mut problems) = Recipe::resolve(settings, &texts);
        for &(file, text) in &texts {
            if let Ok((layer, _)) = yaml::parse(file, text) {
                problems.extend(unused::unread(&layer, &recipe));
            }
        }
        Ok((recipe, problems))
    }

    /// The file and the keys, lowest first: what each is called, and its text.
    fn texts(&self, epochs: Option<u32>) -> Result<Vec<(String, String)>, String> {
        let mut texts = Vec::new();
        if let Some(file) = &self.file {
            texts.push((file.display().to_string(), yaml::read(file)?));
        }
        let keys = self.keys.iter().map(|key| line(key));
        let lines: Vec<String> =
            keys.chain(epochs.map(|epochs| format!("epochs: {epochs}"))).collect();
        if !lines.is_empty() {
            texts.push(("the command line".into(), lines.join("\n") + "\n"));
        }
        Ok(texts)
    }

    /// The keys that have no effect in any of these recipes, in which these layers are in force,
    /// each with the reason in one of them.
    ///
    /// # Errors
    /// A file that cannot be read, as a message for the user.
    pub fn unread(&self, recipes: &[Recipe]) -> Result<Vec<String>, String> {
        let mut all = Vec::new();
        for (_, text) in self.texts(None)? {
            let (layer, _) = yaml::parse(FileId(0), &text).unwrap_or_default();
            for setting in layer.chunks(1) {
                let told = recipes.iter().map(|recipe| unused::unread(setting, recipe));
                let told: Option<Vec<_>> =
                    told.map(|problems| problems.into_iter().next()).collect();
                all.extend(told.and_then(|told| Some(told.into_iter().next()?.message)));
            }
        }
        Ok(all)
    }

    /// What is wrong with the keys by themselves. Their text joins the sources.
    pub fn problems(&self, sources: &mut Sources) -> Problems {
        let lines: String = self.keys.iter().map(|key| line(key) + "\n").collect();
        match yaml::parse(sources.add("the keys", lines.as_str()), &lines) {
            Ok((settings, mut problems)) => {
                problems.extend(Recipe::problems(&settings));
                problems
            }
            Err(problems) => problems,
        }
    }

    /// In words, for a training that differs from the net's recipe; `None` if there are none.
    pub fn words(&self) -> Option<String> {
        let file = self.file.iter().map(|file| format!("the recipe {}", file.display()));
        let all: Vec<String> = file.chain(self.keys.iter().cloned()).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }
}

/// `key=value` as a line of YAML, where a word that begins with `*` stands in quotes.
fn line(key: &str) -> String {
    let (name, value) = key.split_once('=').unwrap_or((key, ""));
    let word = |word: &str| match word.trim().starts_with('*') {
        true => format!("'{}'", word.trim()),
        false => word.to_owned(),
    };
    let items = value.strip_prefix('[').and_then(|items| items.strip_suffix(']'));
    let value = match items {
        Some(items) => format!("[{}]", items.split(',').map(word).collect::<Vec<_>>().join(",")),
        None => word(value),
    };
    format!("{name}: {value}")
}
