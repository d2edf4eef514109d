//! Imports as other languages write them.

use super::{Slip, tokens};
use crate::syntax::hint::{Failure, is_word};
use crate::syntax::parser::Rule;

pub(super) fn slip(failure: &Failure<'_>) -> Option<Slip> {
    parent(failure).or_else(|| import(failure))
}

/// `extends base` or `extends base.net`
fn parent(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, after, .. } = *failure;
    if !before.trim_end().ends_with("extends") || !is_word(token) {
        return None;
    }
    let end = at + token.len() + if after.starts_with(".net") { ".net".len() } else { 0 };
    let text = format!("\"{token}.net\"");
    let help = format!("The parent is a file, in quotes: `extends {text}`.");
    Some(Slip::new([(at..end, text.clone())], help, format!("write `{text}`")))
}

fn import(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, before, code, .. } = *failure;
    if failure.rules.contains(&Rule::statement) {
        return None;
    }
    let start = at - before.len();
    let all: Vec<(usize, &str, usize)> = tokens(code, start).collect();
    let words: Vec<&str> = all.iter().map(|(_, token, _)| *token).collect();
    let (path, names) = match words.as_slice() {
        ["from", rest @ ..] => split(rest, "import")?,
        ["import", rest @ ..] if rest.contains(&"from") => {
            let (names, path) = split(rest, "from")?;
            (path, names)
        }
        ["import", rest @ ..] if rest.contains(&":") => split(rest, ":")?,
        ["import", path, names @ ..] if path.starts_with('"') || *path == "std" => {
            (std::slice::from_ref(path), names)
        }
        _ => return None,
    };
    let other = aliases(names);
    let is_alias = |word: &str| word == "as" || other.iter().any(|(_, alias)| *alias == word);
    let names: Vec<&str> =
        names.iter().copied().filter(|word| is_word(word) && !is_alias(word)).collect();
    let path = match path {
        [path] if path.starts_with('"') || *path == "std" => (*path).to_owned(),
        [word, rest @ ..] if is_word(word) => {
            let parts = rest.iter().filter(|part| is_word(part));
            let path: Vec<&str> = std::iter::once(word).chain(parts).copied().collect();
            format!("\"{}.net\"", path.join("/").trim_end_matches("/net"))
        }
        _ => return None,
    };
    let (last, token, _) = all.last()?;
    if names.is_empty() {
        let help = format!("An import names the blocks that it takes: `import {path}: name`.");
        return Some(Slip::unsure(help));
    }
    let text = format!("import {path}: {}", names.join(", "));
    let help = match other.is_empty() {
        true => format!("Blocks are imported with `{text}`."),
        false => format!("A block keeps its name: `{text}`."),
    };
    let title = format!("write `{text}`");
    let end = last + token.len();
    let own = other.iter().flat_map(|(name, alias)| {
        words_of(&code[end..], alias)
            .map(move |at| (end + at..end + at + alias.len(), (*name).to_owned()))
    });
    Some(Slip::new(std::iter::once((start..end, text)).chain(own), help, title))
}

/// The names that are given others: `conv_bn as cb`.
fn aliases<'c>(words: &[&'c str]) -> Vec<(&'c str, &'c str)> {
    let renamed = |three: &[&'c str]| match three {
        [name, "as", alias] if is_word(name) && is_word(alias) => Some((*name, *alias)),
        _ => None,
    };
    words.windows(3).filter_map(renamed).collect()
}

/// Where a word stands in a text.
fn words_of<'c>(text: &'c str, word: &'c str) -> impl Iterator<Item = usize> + 'c {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        !text[..*at].ends_with(part) && !text[at + word.len()..].starts_with(part)
    })
}

/// What stands on either side of a word.
fn split<'w, 'c>(words: &'w [&'c str], at: &str) -> Option<(&'w [&'c str], &'w [&'c str])> {
    let at = words.iter().position(|word| *word == at)?;
    Some((&words[..at], &words[at + 1..]))
}
