//! Arithmetic with ops: `conv(16) + short` and `conv(16) * 3`.

use super::{Slip, tokens};
use crate::syntax::hint::{Failure, is_word};
use crate::syntax::parser::Rule;

pub(super) fn slip(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, code, .. } = *failure;
    let rest: Vec<(usize, &str, usize)> = tokens(code, at).collect();
    let [_, (next, operand, _), rest @ ..] = rest.as_slice() else { return None };
    let (ends, follows) =
        (rest.is_empty(), rest.first().is_none_or(|(_, token, _)| *token == "->"));
    if !failure.rules.contains(&Rule::arrow) || failure.rules.contains(&Rule::infix) {
        return None;
    }
    match token {
        "+" | "*" if is_word(operand) && follows => {
            let op = if token == "+" { "add" } else { "mul" };
            let text = format!("-> {op}({operand})");
            Some(Slip::new(
                [(at..next + operand.len(), text.clone())],
                format!("Values are joined by ops: `{text}`."),
                format!("write `{text}`"),
            ))
        }
        "*" | "x" | "×" if ends && operand.bytes().all(|b| b.is_ascii_digit()) => {
            let ahead = before.trim_end();
            let element = ahead.rfind("->").map(|i| i + 2).or(ahead.find(':').map(|i| i + 1));
            let element = element.unwrap_or(0);
            let element = element + (ahead[element..].len() - ahead[element..].trim_start().len());
            let start = at - before.len();
            let text = format!("repeat {operand} {{ {} }}", &ahead[element..]);
            Some(Slip::new(
                [(start + element..next + operand.len(), text.clone())],
                format!("What is repeated stands in braces: `{text}`."),
                format!("write `{text}`"),
            ))
        }
        _ => None,
    }
}
