//! Misspelt keywords, and marks that are left out.

use super::Slip;
use crate::diag::{Nearest, did_you_mean};
use crate::syntax::hint::{Failure, is_keyword, is_word};
use crate::syntax::parser::Rule;

const ITEMS: &[&str] = &["import", "block", "net"];
const STATEMENTS: &[&str] = &[
    "input", "output", "block", "let", "repeat", "for", "default", "expect", "recipe", "after",
    "before", "replace", "remove",
];
/// Verbs of edits in other words.
const VERBS: &[(&[&str], &str)] =
    &[(&["delete", "drop", "del", "erase"], "remove"), (&["swap", "change"], "replace")];
const TYPES: &[&str] = &["int", "float", "bool", "one_of", "subset", "list"];

pub(super) fn slip(failure: &Failure<'_>) -> Option<Slip> {
    [extra_verb, misspelt, wrong_mark, missing_comma, missing_colon, missing_arrow]
        .into_iter()
        .find_map(|slip| slip(failure))
}

/// `insert after layer1: bn`
fn extra_verb(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, .. } = *failure;
    (matches!(token, "after" | "before") && is_word(before.trim_end())).then(|| {
        let edit = (at - before.len()..at, String::new());
        let help = format!("An edit starts with its verb: `{token} layer1: conv_bn`.");
        Slip::new([edit], help, format!("remove `{}`", before.trim_end()))
    })
}

/// A keyword or type that is not quite one.
fn misspelt(failure: &Failure<'_>) -> Option<Slip> {
    let at = failure.at;
    let wants = |rules: &[Rule]| failure.rules.iter().any(|rule| rules.contains(rule));
    let before = failure.before.trim_end();
    let here = at..at + failure.token.len();
    let (word, range, words) = if wants(&[Rule::ty]) {
        (failure.token, here, TYPES)
    } else if wants(&[Rule::kw_extends, Rule::extends]) {
        (failure.token, here, &["extends"][..])
    } else if wants(&[Rule::kw_if]) && !did_you_mean(failure.token, ["if"]).is_empty() {
        (failure.token, here, &["if"][..])
    } else if before.is_empty() && wants(&[Rule::item, Rule::file]) {
        (failure.token, here, ITEMS)
    } else if is_word(before) && !is_keyword(before) && follows_a_keyword(failure) {
        let start = at - failure.before.len();
        (before, start..start + before.len(), STATEMENTS)
    } else {
        return None;
    };
    let edits = words == STATEMENTS && failure.text.contains("extends");
    let same = VERBS.iter().find(|(verbs, _)| edits && verbs.contains(&word));
    let near = match same {
        Some((_, verb)) => Nearest::one(*verb),
        None if is_word(word) => did_you_mean(word, words.iter().copied()),
        None => return None,
    };
    let question = near.question()?;
    Some(match near.only() {
        Some(right) => {
            let title = format!("replace `{word}` by `{right}`");
            Slip::new([(range, right.to_owned())], question, title).safe_if(near.is_sure())
        }
        None => Slip::unsure(question),
    })
}

/// Whether what stands here could stand behind the keyword of a statement, and behind no op.
fn follows_a_keyword(failure: &Failure<'_>) -> bool {
    let token = failure.token;
    token == "{" || token.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// `:` for `=` between a name and its value.
fn wrong_mark(failure: &Failure<'_>) -> Option<Slip> {
    let at = failure.at;
    let open = failure.before.matches('(').count() > failure.before.matches(')').count();
    let setting = failure.rules.contains(&Rule::assign);
    let in_list = failure.before.matches('[').count() > failure.before.matches(']').count();
    if failure.token == ":" && in_list {
        return Some(Slip::unsure("A list has no slices: `list[0]` is one of its items."));
    }
    (failure.token == ":" && (open || setting)).then(|| {
        let help = match setting {
            true => "A value is given with `=`.",
            false => "Named arguments are written with `=`: `conv(64, k = 3)`.",
        };
        Slip::new([(at..at + 1, " =".to_owned())], help, "replace `:` by `=`")
    })
}

/// Two arguments, parameters or items with nothing between them.
fn missing_comma(failure: &Failure<'_>) -> Option<Slip> {
    let wants = |rule: Rule| failure.rules.contains(&rule);
    let value =
        failure.token.starts_with(|c: char| c.is_ascii_alphanumeric() || "\"([".contains(c));
    let inside = wants(Rule::close_paren) || wants(Rule::close_bracket);
    (value && inside && wants(Rule::comma) && !is_keyword(failure.token)).then(|| {
        let at = failure.at - (failure.before.len() - failure.before.trim_end().len());
        let help = "A comma stands between two of them: `conv(64, k = 3)`.";
        Slip::new(
            [(at..at, ",".to_owned())],
            help,
            format!("insert `,` before `{}`", failure.token),
        )
    })
}

/// `stem conv(64)`
fn missing_colon(failure: &Failure<'_>) -> Option<Slip> {
    let label = failure.before.trim_end();
    let called = is_word(failure.token) && failure.after.starts_with('(');
    (called && is_word(label) && failure.rules.contains(&Rule::colon)).then(|| {
        let at = failure.at - (failure.before.len() - label.len());
        let help =
            format!("The label of a stage ends with `:`: `{label}: {}(...)`.", failure.token);
        Slip::new([(at..at, ":".to_owned())], help, format!("write `:` after `{label}`"))
    })
}

/// Two elements of a chain with nothing between them.
fn missing_arrow(failure: &Failure<'_>) -> Option<Slip> {
    let at = failure.at;
    let element = is_word(failure.token) && !is_keyword(failure.token);
    let chain = failure.rules.contains(&Rule::arrow) && !failure.before.contains("::");
    (element && chain && !failure.before.is_empty()).then(|| {
        let last = failure.before.trim_end().rsplit([' ', '(']).next().unwrap_or_default();
        let example = if is_word(last) {
            format!("`{last} -> {}`", failure.token)
        } else {
            "`conv(64) -> bn`".into()
        };
        Slip::new(
            [(at..at, "-> ".to_owned())],
            format!("What follows in a chain comes after `->`: {example}."),
            format!("insert `->` before `{}`", failure.token),
        )
    })
}
