//! Guards as other languages write them.

use super::{Slip, tokens};
use crate::syntax::hint::{Failure, is_keyword, is_word};
use crate::syntax::parser::Rule;

pub(super) fn slip(failure: &Failure<'_>) -> Option<Slip> {
    ahead(failure).or_else(|| identical(failure))
}

/// `if deep conv(16)`, a guard ahead of what it guards.
fn ahead(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, code, .. } = *failure;
    let rules = failure.rules;
    let element = [Rule::element, Rule::step, Rule::call, Rule::chain, Rule::statement];
    if token != "if" || before.is_empty() || !rules.iter().any(|rule| element.contains(rule)) {
        return None;
    }
    let help = "A guard follows what it guards: `conv_bn if stride != 1`.";
    let all: Vec<(usize, &str, usize)> = tokens(code, at).skip(1).collect();
    let fix = element_start(&all).map(|start| {
        let rest = &all[start..];
        let end = rest
            .iter()
            .find(|(_, token, depth)| *depth == 0 && matches!(*token, "else" | "->" | "::"));
        let line = all.last().map_or(at, |(start, token, _)| start + token.len());
        let (first, last) = (all[start].0, end.map_or(line, |(at, ..)| *at));
        let [condition, element] = [&code[all[0].0..first], &code[first..last]].map(str::trim);
        let end = first + code[first..last].trim_end().len();
        (at..end, format!("{element} if {condition}"))
    });
    Some(match fix {
        Some(edit) => Slip::new([edit], help, "put the guard behind what it guards"),
        None => Slip::unsure(help),
    })
}

/// Which token begins the element behind a condition: the first word that follows a value.
fn element_start(tokens: &[(usize, &str, usize)]) -> Option<usize> {
    let value = |token: &str| {
        let word = is_word(token) && !is_keyword(token);
        word || matches!(token, ")" | "]" | "true" | "false" | "same")
            || token.starts_with(|c: char| c.is_ascii_digit() || c == '"')
    };
    let open = |i: usize| tokens.get(i).is_some_and(|(_, _, depth)| *depth == 0);
    (1..tokens.len()).find(|&i| {
        let (_, token, _) = tokens[i];
        let called = (is_word(token) && !is_keyword(token)) || token == "repeat";
        open(i) && called && value(tokens[i - 1].1)
    })
}

/// `deep is True`
fn identical(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, code, .. } = *failure;
    if token != "is" || !failure.rules.contains(&Rule::infix) {
        return None;
    }
    let all: Vec<(usize, &str, usize)> = tokens(code, at).skip(1).take(2).collect();
    let start = at - (before.len() - before.trim_end().len());
    let (range, text, help) = match all.as_slice() {
        [(next, word @ ("True" | "true"), _), ..] => {
            (start..next + word.len(), "", "A bool is a condition by itself: `if deep`.")
        }
        [(next, word @ ("False" | "false"), _), ..] => {
            (at..next + word.len(), "== false", "Equality is written `==`.")
        }
        [(not, "not", _), ..] => (at..not + 3, "!=", "Inequality is written `!=`."),
        _ => (at..at + 2, "==", "Equality is written `==`."),
    };
    let title = if text.is_empty() { "remove `is`".to_owned() } else { format!("write `{text}`") };
    Some(Slip::new([(range, text.to_owned())], help, title))
}
