//! Guards as other languages write them.

use super::{Slip, closing, tokens};
use crate::syntax::hint::{Failure, is_keyword, is_word};
use crate::syntax::parser::Rule;

pub(super) fn slip(failure: &Failure<'_>) -> Option<Slip> {
    ahead(failure).or_else(|| identical(failure)).or_else(|| membership(failure))
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

/// `1 in l` and `1 not in l`
fn membership(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, before, code, .. } = *failure;
    let all: Vec<(usize, &str, usize)> = tokens(code, at).take(3).collect();
    let (not, list) = match all.as_slice() {
        [(_, "in", _), (list, ..), ..] => ("", *list),
        [(_, "not", _), (_, "in", _), (list, ..)] => ("not ", *list),
        _ => return None,
    };
    if !failure.rules.contains(&Rule::infix) {
        return None;
    }
    let help = "Whether a list has an item is asked by `has`: `widths has 16`.";
    let (ahead, item) = before.trim_end().split_at(operand_start(before.trim_end()));
    let Some(end) = list_end(code, list).filter(|_| !item.is_empty() && begins_a_value(ahead))
    else {
        return Some(Slip::unsure(help));
    };
    let start = at - before.len() + ahead.len();
    let text = format!("{not}{} has {item}", &code[list..end]);
    Some(Slip::new([(start..end, text.clone())], help, format!("write `{text}`")))
}

/// Where the word, number or string at the end of a text begins.
fn operand_start(text: &str) -> usize {
    text.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || "_.\"".contains(c)).len()
}

/// Whether what follows a text is a whole value, and no part of a calculation.
fn begins_a_value(ahead: &str) -> bool {
    let ahead = ahead.trim_end();
    let words = ["if", "and", "or", "not", "expect"];
    let word = ahead.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next();
    ahead.ends_with(['(', ',', '=']) || word.is_some_and(|word| words.contains(&word))
}

/// Where a list that is named or written out ends.
fn list_end(code: &str, start: usize) -> Option<usize> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
    let name = code[start..].len() - code[start..].trim_start_matches(is_part).len();
    let end = start + name;
    match code[end..].starts_with('[') {
        true => closing(code, end).map(|close| close + 1),
        false => (name > 0).then_some(end),
    }
}
