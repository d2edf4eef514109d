use std::path::Path;

use super::keys::{KEYS, Key, Recipe};
use super::refusal::Refusal;
use crate::diag::{FileId, Problems, Span};
use crate::disk;
use crate::graph::{Setting, Value};
use crate::limits::MAX_RECIPE_BYTES;
use crate::syntax::ast::Spanned;
use crate::syntax::vanishes;

/// The text of a recipe file, of at most [`MAX_RECIPE_BYTES`].
///
/// # Errors
/// A file that cannot be read, is too long, or is not UTF-8, as a message for the user.
pub fn read(path: &Path) -> Result<String, String> {
    disk::read_text(path, MAX_RECIPE_BYTES).map_err(|error| {
        format!("cannot read the recipe {}: {}", path.display(), disk::found(&error))
    })
}

/// The settings in a flat YAML mapping, in its order, and what is wrong with the others. A leading
/// byte order mark is skipped.
///
/// # Errors
/// Anything other than a mapping, with its position.
pub fn parse(file: FileId, text: &str) -> Result<(Vec<Setting>, Problems), Problems> {
    let keys = top_level_keys(file, text);
    if let Some((key, span)) = keys.iter().enumerate().find_map(|(i, (key, span))| {
        keys[..i].iter().any(|(earlier, _)| earlier == key).then_some((key, *span))
    }) {
        return Err(Refusal::new(format!("`{key}` is set twice")).at(Some(span)).into());
    }
    let mark = mark(text);
    let start = Span { file, start: mark, end: mark };
    let root: serde_yaml::Value = serde_yaml::from_str(&text[mark..]).map_err(|error| {
        let start = error.location().map_or(0, |l| mark + l.index()).min(text.len());
        let message = error.to_string();
        let message = match message.split(" at line ").next().unwrap_or_default() {
            message if message.contains("invalid type: integer") => "a number is too large",
            message if message.contains("more than one document") && !text.contains("---") => {
                "the lines do not begin in the same column"
            }
            message => message,
        };
        let problem = Refusal::new(format!("not valid YAML: {message}")).at(Some(Span {
            file,
            start,
            end: start,
        }));
        problem.help_if(unquoted(text, start))
    })?;
    let entries = match root {
        serde_yaml::Value::Null => return Ok((Vec::new(), Problems::new())),
        serde_yaml::Value::Mapping(entries) => entries,
        _ => {
            let line = Span { end: text.lines().next().map_or(mark, str::len), ..start };
            return Err(Refusal::new("expected lines of `key: value`").at(Some(line)).into());
        }
    };
    let mut settings = Vec::new();
    let mut problems = Problems::new();
    let vanished = vanished(text, &keys);
    for (key, value) in entries {
        let key = match key {
            serde_yaml::Value::String(key) => key,
            serde_yaml::Value::Bool(key) => key.to_string(),
            serde_yaml::Value::Number(key) => key.to_string(),
            _ => {
                let refusal = Refusal::new("expected a word as a key, as in `key: value`");
                return Err(refusal.at(Some(start)).into());
            }
        };
        let span = keys.iter().find(|(k, _)| *k == key).map_or(start, |(_, span)| *span);
        if let Some((_, number)) = vanished.iter().find(|(k, _)| *k == key) {
            let message = format!("`{number}` of `{key}` is nearer to 0 than a number can be");
            problems.push(Refusal::new(message).at(Some(span)));
            continue;
        }
        match plain(&value) {
            Some(value) => {
                let key = Spanned { node: key, span };
                settings.push(Setting { key, value, span, inherited: false, literal: true });
            }
            None => {
                let message = format!(
                    "expected a finite number, true, false, a word, or a list of them for `{key}`"
                );
                let problem = Refusal::new(message).at(Some(span));
                problems.push(problem.help_if(flat(&key, &value)));
            }
        }
    }
    Ok((settings, problems))
}

/// How a mapping is written without another in it.
fn flat(key: &str, value: &serde_yaml::Value) -> Option<String> {
    let serde_yaml::Value::Mapping(inner) = value else { return None };
    let inner = inner.iter().find_map(|(name, value)| Some((name.as_str()?, plain(value)?)));
    Some(match (key, inner) {
        ("set" | "over" | "keys", Some((name, value))) => {
            format!("write `{key}: [\"{name}={value}\"]`")
        }
        ("recipe", Some((name, value))) => {
            format!("`recipe` names a file; to set keys, write `keys: [\"{name}={value}\"]`")
        }
        _ => "no key stands within another: write each on a line of its own".into(),
    })
}

/// How the line at an error is written if a word in it begins with `*`, which begins an alias.
fn unquoted(text: &str, at: usize) -> Option<String> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    let line = text[start..].lines().next()?.trim();
    let ends = |c: char| c.is_whitespace() || [',', '[', ']', '#'].contains(&c);
    let word = line.split(ends).find(|word| word.starts_with('*'))?;
    let quoted = line.replacen(word, &format!("\"{word}\""), 1);
    Some(format!("what begins with `*` stands in quotes: `{quoted}`"))
}

/// Length of the byte order mark that some editors write.
fn mark(text: &str) -> usize {
    if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}

/// The keys at the start of a line, with their spans.
fn top_level_keys(file: FileId, text: &str) -> Vec<(String, Span)> {
    let mut keys = Vec::new();
    let mut start = mark(text);
    for line in text[start..].split_inclusive('\n') {
        if let Some((key, _)) =
            line.split_once(':').filter(|_| !line.starts_with([' ', '#', '-', '\t']))
        {
            let span = Span { file, start, end: start + key.len() };
            keys.push((key.trim_matches(['"', '\'', ' ']).to_string(), span));
        }
        start += line.len();
    }
    keys
}

/// Numbers that would be read as 0 without being 0, each with its key.
fn vanished<'t>(text: &'t str, keys: &[(String, Span)]) -> Vec<(String, &'t str)> {
    let ends = keys.iter().skip(1).map(|(_, next)| next.start).chain([text.len()]);
    let values = keys.iter().zip(ends).flat_map(|((key, span), end)| {
        let lines = text[span.end..end].lines();
        let parts = lines.filter_map(|line| line.split('#').next());
        let words = parts.flat_map(|part| part.split([':', ',', '[', ']', ' ', '\t']));
        words.map(move |word| (key, word))
    });
    values.filter(|(_, word)| vanishes(word)).map(|(key, word)| (key.clone(), word)).collect()
}

fn plain(value: &serde_yaml::Value) -> Option<Value> {
    match value {
        serde_yaml::Value::Bool(b) => Some(Value::Bool(*b)),
        serde_yaml::Value::Number(n) => match n.as_i64() {
            Some(i) => Some(Value::Int(i)),
            None => n.as_f64().filter(|x| x.is_finite()).map(number),
        },
        serde_yaml::Value::String(s) => Some(Value::Str(s.clone())),
        serde_yaml::Value::Sequence(items) => {
            items.iter().map(plain).collect::<Option<_>>().map(Value::List)
        }
        serde_yaml::Value::Null | serde_yaml::Value::Mapping(_) | serde_yaml::Value::Tagged(_) => {
            None
        }
    }
}

/// A number as the language has it: `3.0` is whole.
fn number(x: f64) -> Value {
    match x.fract() == 0.0 && x.abs() < 2f64.powi(53) {
        true => Value::Int(x as i64),
        false => Value::Float(x),
    }
}

/// The keys that have a value, in the order of the table.
pub(super) fn print(recipe: &Recipe) -> String {
    let entry =
        |key: &Key| Some((key.name.into(), serde_yaml::to_value(recipe.value(key.name)?).ok()?));
    let entries: serde_yaml::Mapping = KEYS.iter().filter_map(entry).collect();
    serde_yaml::to_string(&entries).unwrap_or_default()
}
