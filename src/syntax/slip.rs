use std::ops::Range;

use super::hint::{Failure, is_keyword, is_word};
use super::parser::Rule;
use crate::diag::did_you_mean;

/// A slip whose repair is plain: these bytes of the text should have been that.
pub(super) struct Slip {
    /// The bytes; empty where something is missing.
    pub range: Range<usize>,
    /// What should stand there.
    pub text: String,
    /// The repair in words.
    pub help: String,
    /// The repair as an order.
    pub title: String,
}

const ITEMS: &[&str] = &["import", "block", "net"];
const STATEMENTS: &[&str] = &[
    "input", "output", "block", "let", "repeat", "for", "default", "expect", "recipe", "after",
    "before", "replace", "remove",
];
const TYPES: &[&str] = &["int", "float", "bool", "one_of", "subset", "list"];

/// The slip behind a failure at byte `at`, if its repair is plain.
pub(super) fn slip(failure: &Failure<'_>, at: usize) -> Option<Slip> {
    misspelt(failure, at).or_else(|| wrong_mark(failure, at)).or_else(|| missing_arrow(failure, at))
}

/// A keyword or type that is not quite one.
fn misspelt(failure: &Failure<'_>, at: usize) -> Option<Slip> {
    let wants = |rules: &[Rule]| failure.rules.iter().any(|rule| rules.contains(rule));
    let before = failure.before.trim_end();
    let here = at..at + failure.token.len();
    let (word, range, words) = if wants(&[Rule::ty]) {
        (failure.token, here, TYPES)
    } else if wants(&[Rule::kw_extends, Rule::extends]) {
        (failure.token, here, &["extends"][..])
    } else if wants(&[Rule::kw_if]) && did_you_mean(failure.token, ["if"]).is_some() {
        (failure.token, here, &["if"][..])
    } else if before.is_empty() && wants(&[Rule::item, Rule::file]) {
        (failure.token, here, ITEMS)
    } else if is_word(before) && !is_keyword(before) && follows_a_keyword(failure) {
        let start = at - failure.before.len();
        (before, start..start + before.len(), STATEMENTS)
    } else {
        return None;
    };
    let right = did_you_mean(word, words.iter().copied()).filter(|_| is_word(word))?;
    Some(Slip {
        range,
        text: right.to_owned(),
        help: format!("did you mean `{right}`?"),
        title: format!("replace `{word}` by `{right}`"),
    })
}

/// Whether what stands here could stand behind the keyword of a statement, and behind no op.
fn follows_a_keyword(failure: &Failure<'_>) -> bool {
    let token = failure.token;
    token == "{" || token.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// `:` for `=` between a name and its value.
fn wrong_mark(failure: &Failure<'_>, at: usize) -> Option<Slip> {
    let open = failure.before.matches('(').count() > failure.before.matches(')').count();
    let setting = failure.rules.contains(&Rule::assign);
    (failure.token == ":" && (open || setting)).then(|| Slip {
        range: at..at + 1,
        text: " =".to_owned(),
        help: match setting {
            true => "A value is given with `=`.".to_owned(),
            false => "Named arguments are written with `=`: `conv(64, k = 3)`.".to_owned(),
        },
        title: "replace `:` by `=`".to_owned(),
    })
}

/// Two elements of a chain with nothing between them.
fn missing_arrow(failure: &Failure<'_>, at: usize) -> Option<Slip> {
    let element = is_word(failure.token) && !is_keyword(failure.token);
    let chain = failure.rules.contains(&Rule::arrow) && !failure.before.contains("::");
    (element && chain && !failure.before.is_empty()).then(|| {
        let last = failure.before.trim_end().rsplit([' ', '(']).next().unwrap_or_default();
        let example = if is_word(last) {
            format!("`{last} -> {}`", failure.token)
        } else {
            "`conv(64) -> bn`".into()
        };
        Slip {
            range: at..at,
            text: "-> ".to_owned(),
            help: format!("What follows in a chain comes after `->`: {example}."),
            title: format!("insert `->` before `{}`", failure.token),
        }
    })
}
