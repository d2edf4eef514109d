//! `a = conv(64)`, and `b = relu(a)`, where a value has the name `a`.

use super::flow::{current, is_defined, is_used, is_value};
use super::nested::around_a_value;
use super::{Slip, closing};
use crate::syntax::hint::{Failure, is_keyword, is_word};

pub(super) fn slip(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, code, text, .. } = *failure;
    let (head, op) = before.split_once('=')?;
    let (name, op) = (head.trim(), op.trim());
    let is_op = op.split('.').all(is_word) && !op.starts_with("self.");
    if token != "(" || !is_word(name) || !is_op || is_keyword(op) {
        return None;
    }
    let start = at - before.len();
    let close = closing(code, at)?;
    let (above, below) = (&text[..start], &code[close..]);
    // Keras calls the layer that a call makes.
    let again = code[close + 1..].starts_with('(');
    if again || is_value(above, name) || is_defined(below, name) {
        return Some(Slip::unsure(format!(
            "Ops on a value follow one another, and a name is given once: \
             `{name}: conv(64) -> bn -> relu`."
        )));
    }
    // A value that others read by its name is computed on the side.
    let mark = if is_used(below, name) { " =" } else { ":" };
    let marked = start + head.trim_end().len();
    let source = current(text, start);
    // `x = relu(x)` goes on from the current value, where that has another name.
    let is_value = |other: &str| is_value(above, other) || (other == name && source.is_some());
    let called = start + before.trim_end().len() - op.len()..at;
    if let Some(mut steps) = around_a_value(code, called, &is_value) {
        if steps[0] == name {
            steps[0] = source.unwrap_or(name).to_owned();
        }
        let text = format!("{name}{mark} {}", steps.join(" -> "));
        return Some(Slip::new(
            [(start..close + 1, text.clone())],
            format!("An op follows the value that it reads: `{text}`."),
            format!("write `{text}`"),
        ));
    }
    if mark == ":" {
        return Some(Slip::new(
            [(marked..start + head.len() + 1, mark.to_owned())],
            format!(
                "A stage is written `{name}: {op}(...)`; after `=` stands a value that has a name."
            ),
            "replace `=` by `:`",
        ));
    }
    let branch = format!("{name} = {} -> {op}(...)", source.unwrap_or("value"));
    let help = format!("A branch starts from a value that has a name: `{branch}`.");
    let edit = source.map(|source| (marked..at, format!(" = {source} -> {op}")));
    Some(Slip::new(edit, help, format!("write `{branch}`")))
}
