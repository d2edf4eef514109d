//! The recipe reference, generated from the table of keys.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::{KEYS, KeyKind, Recipe};

/// Maximum line length of the YAML.
const WIDTH: usize = 100;

impl Recipe {
    /// The recipe as YAML with a comment on every key; it parses to the same recipe.
    pub fn explained(&self) -> String {
        let mut text = String::new();
        let mut group = "";
        for key in KEYS {
            if key.group != group {
                let gap = if group.is_empty() { "" } else { "\n" };
                let _ = write!(text, "{gap}# {}\n\n", key.group.to_uppercase());
                group = key.group;
            }
            for line in
                wrapped(&format!("{} Accepts {}.", key.about(), key.kind.describe()), WIDTH - 2)
            {
                let _ = writeln!(text, "# {line}");
            }
            match self.value(key.name) {
                Some(value) => drop(writeln!(text, "{}: {}", key.name, plain(&value))),
                None => drop(writeln!(text, "# {}:", key.name)),
            }
        }
        text
    }

    /// The recipe as Markdown tables: key, accepted values, value here, meaning.
    pub fn markdown(&self) -> String {
        let mut text = HEAD.to_string();
        let mut group = "";
        for key in KEYS {
            if key.group != group {
                let _ = write!(
                    text,
                    "\n## {}\n\n| key | accepts | default | meaning |\n|---|---|---|---|\n",
                    key.group
                );
                group = key.group;
            }
            let value =
                self.value(key.name).map_or("none".into(), |value| format!("`{}`", plain(&value)));
            let accepts = match key.kind {
                KeyKind::Word(words) => {
                    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
                }
                other => other.describe(),
            };
            let _ = writeln!(text, "| `{}` | {accepts} | {value} | {} |", key.name, key.about());
        }
        text
    }
}

const HEAD: &str = "\
# Recipe reference

A recipe says how a net is trained. It is built up in layers, and later layers override earlier
ones: the built-in recipe, which is the article's; the net's `recipe { key = value }`; a YAML file
of `key: value` lines, `--recipe my.yaml`; keys on the command line, `--recipe peak_lr=0.2`, and
`--epochs`. A layer that changes `epochs` rescales the epochs that earlier layers set. A run's
folder holds the resulting recipe as `recipe.yaml`.

This page is the output of `netc recipe --format markdown`; `netc recipe` prints the built-in
recipe as YAML with comments.
";

/// A value as YAML and a `.net` file write it.
fn plain(value: &Json) -> String {
    match value {
        Json::String(word) => word.clone(),
        other => other.to_string(),
    }
}

/// Text wrapped to a maximum width.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines
}
