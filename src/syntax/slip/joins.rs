//! Arithmetic with ops: `conv(16) + short` and `conv(16) * 3`.

use super::flow::is_value;
use super::{Slip, closing, tokens};
use crate::syntax::hint::{Failure, is_word};
use crate::syntax::parser::Rule;

pub(super) fn slip(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, code, text, .. } = *failure;
    let rest: Vec<(usize, &str, usize)> = tokens(code, at).collect();
    let [_, (next, operand, _), rest @ ..] = rest.as_slice() else { return None };
    let (ends, follows) =
        (rest.is_empty(), rest.first().is_none_or(|(_, token, _)| *token == "->"));
    if !failure.rules.contains(&Rule::arrow) || failure.rules.contains(&Rule::infix) {
        return None;
    }
    let start = at - before.len();
    let number = operand.bytes().all(|b| b.is_ascii_digit());
    let assigned = before.split_once('=').map(|(name, source)| (name.trim(), source.trim()));
    if let Some((name, source)) = assigned.filter(|(_, source)| is_word(source))
        && is_operator(token)
        && (name == source || !is_value(&text[..start], source))
    {
        let wider = format!("let wider = {source} {token} {operand}");
        return Some(Slip::unsure(format!(
            "A name never changes, and `let` names a number: `{wider}`."
        )));
    }
    let joined = |op| {
        let text = format!("-> {op}({operand})");
        Slip::new(
            [(at..next + operand.len(), text.clone())],
            format!("Values are joined by ops: `{text}`."),
            format!("write `{text}`"),
        )
    };
    let known = *operand == "in" || is_value(&text[..start], operand);
    match token {
        "+" | "*" if is_word(operand) && follows && !known => {
            let op = if token == "+" { "add" } else { "mul" };
            Some(Slip::unsure(format!(
                "A value with a name is joined by an op, `-> {op}(short)`; an op follows by `->`."
            )))
        }
        "+" if is_word(operand) && follows => Some(joined("add")),
        "*" if is_word(operand) && follows => Some(joined("mul")),
        "*" if number && follows && assigned.is_some_and(|(_, source)| is_word(source)) => {
            Some(joined("mul"))
        }
        "*" | "x" | "×" if ends && number => {
            let element = last_element(code, start, at);
            let whole = code[element..at].trim_end();
            let group = code[element..].starts_with('(')
                && closing(code, element) == Some(element + whole.len() - 1);
            let inside = if group { whole[1..whole.len() - 1].trim() } else { whole };
            let text = format!("repeat {operand} {{ {inside} }}");
            let slip = Slip::new(
                [(element..next + operand.len(), text.clone())],
                format!("What is repeated stands in braces: `{text}`."),
                format!("write `{text}`"),
            );
            // A value may be scaled by a number as well.
            Some(slip.safe_if(group || token != "*"))
        }
        _ => None,
    }
}

fn is_operator(token: &str) -> bool {
    ["+", "-", "*", "/", "//", "**", "%"].contains(&token)
}

/// Where the last element of a statement's chain begins.
fn last_element(code: &str, start: usize, at: usize) -> usize {
    let ahead = tokens(code, start).take_while(|(place, ..)| *place < at);
    let marks = ahead.filter(|(_, token, depth)| *depth == 0 && ["->", ":", "="].contains(token));
    let from = marks.last().map_or(start, |(place, token, _)| place + token.len());
    from + code[from..].len() - code[from..].trim_start().len()
}
