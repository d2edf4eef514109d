//! The check of a file that holds settings: a recipe, or the spec of a search.

use std::path::Path;

use crate::Compilation;
use crate::cli::args::extension;
use crate::diag::{Code, Problem, Problems, Sources, Span};
use crate::recipe::{self, KEYS, Recipe};
use crate::search::{SearchError, Spec};
use crate::syntax::Overlay;

/// Whether a file holds settings, by its name.
pub(super) fn is_settings(file: &Path) -> bool {
    matches!(extension(file).as_str(), "yaml" | "yml")
}

/// The problems of the keys and values in a file; a text of `texts` stands in for it.
pub(super) fn check(file: &Path, texts: &Overlay) -> Compilation {
    let name = file.to_string_lossy();
    let mut sources = Sources::default();
    let problems = match texts.get(&*name).cloned().map_or_else(|| recipe::read(file), Ok) {
        Ok(text) => {
            let id = sources.add(name, text.as_str());
            match recipe::settings(id, &text) {
                Ok((settings, _)) if is_search(settings.iter().map(|s| s.key.node.as_str())) => {
                    let folder = file.parent().unwrap_or(Path::new(""));
                    match Spec::parse(id, &text, folder) {
                        Ok(spec) => match spec.names_files() {
                            Ok(()) => Problems::new(),
                            Err((key, error)) => {
                                let named = settings.iter().find(|s| s.key.node == key);
                                let span = named.map(|setting| setting.key.span);
                                Problems::from(misnamed(span, error))
                            }
                        },
                        Err(problems) => problems,
                    }
                }
                Ok((settings, mut problems)) => {
                    problems.extend(Recipe::problems(&settings));
                    problems
                }
                Err(problems) => problems,
            }
        }
        Err(message) => Problems::from(Problem::new(Code::Unreadable, None, message)),
    };
    Compilation { sources, problems, net: None, unchecked: None, seconds: [0.0; 3] }
}

/// A file that a spec names, and that is not what it should be.
fn misnamed(span: Option<Span>, error: SearchError) -> Problem {
    let (message, help) = match error {
        SearchError::Other { message, help } => (message, help),
        error @ (SearchError::Net(..) | SearchError::Io { .. }) => (error.to_string(), None),
    };
    Problem::new(Code::Recipe, span, message).help_if(help)
}

/// Whether the keys are those of a search: `nets` is among them, or more are of a search than of a
/// recipe.
fn is_search<'k>(keys: impl Iterator<Item = &'k str> + Clone) -> bool {
    if keys.clone().any(|key| key == "nets") {
        return true;
    }
    let of_search = keys.clone().filter(|key| Spec::KEYS.contains(key)).count();
    let of_recipe = keys.filter(|key| KEYS.iter().any(|known| known.name == *key)).count();
    of_search > of_recipe
}
