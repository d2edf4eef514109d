//! Files that a spec refers to. A spec may be untrusted, and errors quote lines of the file they
//! are about, so a file that does not start like a net or a recipe is never quoted.

use std::path::Path;

use super::SearchError;
use crate::diag::did_you_mean;
use crate::disk;
use crate::limits::{MAX_FILE_BYTES, MAX_RECIPE_BYTES};
use crate::recipe::KEYS;
use crate::syntax::nets_beside;

/// Refuses a file that does not start with `net`, `block` or `import`.
pub(super) fn begins_like_a_net(path: &Path) -> Result<(), SearchError> {
    if !path.exists() {
        let name = path.display().to_string();
        let error = SearchError::new(format!("`nets:` names {name}, and there is no such file"));
        let nets = nets_beside(&name);
        return Err(match did_you_mean(&name, nets.iter().map(String::as_str)).question() {
            Some(question) => error.help(question),
            None => error,
        });
    }
    let begins = |line: &str| {
        let word = line.split(|c: char| c.is_whitespace() || c == '"').next();
        word.is_some_and(|word| ["net", "block", "import"].contains(&word))
    };
    match begins(&first_line("nets", path, MAX_FILE_BYTES)?) {
        true => Ok(()),
        false => Err(SearchError::new(format!(
            "{} is named under `nets:` and is no net: it does not begin with `net`, `block` or `import`",
            path.display()
        ))
        .help(format!("if it should be one, see what is wrong with it: netc check {}", path.display()))),
    }
}

/// Refuses a file that does not start with a recipe key.
pub(super) fn begins_like_a_recipe(path: &Path) -> Result<(), SearchError> {
    let line = first_line("recipe", path, MAX_RECIPE_BYTES)?;
    let key = line.split(':').next().unwrap_or_default().trim();
    match line.is_empty() || KEYS.iter().any(|known| known.name == key) {
        true => Ok(()),
        false => Err(SearchError::new(format!(
            "{} is named under `recipe:` and is no recipe: its first line sets no key of one",
            path.display()
        ))
        .help("write lines of `key: value`; `netc recipe` lists the keys")),
    }
}

/// The first line that is neither blank nor a comment; empty for a file without one.
fn first_line(key: &str, path: &Path, most: usize) -> Result<String, SearchError> {
    let text = disk::read_text(path, most).map_err(|failure| {
        let (name, found) = (path.display(), disk::found(&failure));
        SearchError::new(format!("`{key}:` names {name}: expected a file, got {found}"))
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let says = |line: &&str| !line.is_empty() && !line.starts_with('#') && *line != "---";
    Ok(text.lines().map(str::trim).find(says).unwrap_or_default().to_string())
}
