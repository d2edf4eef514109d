//! Values without a name, and names of what an op computes.

use super::{Slip, closing, tokens};
use crate::syntax::hint::{Failure, is_keyword, is_word};
use crate::syntax::parser::Rule;

pub(super) fn slip(failure: &Failure<'_>) -> Option<Slip> {
    nameless(failure)
        .or_else(|| without_colon(failure))
        .or_else(|| assigned(failure))
        .or_else(|| default_for_a_type(failure))
}

/// The keyword of an input or output, and a name for its value.
fn named(before: &str) -> Option<(&'static str, &'static str)> {
    match before.trim_end() {
        "input" => Some(("image", "input image: [N, 3, 32, 32]")),
        "output" => Some(("logits", "output logits: [N, 10]")),
        _ => None,
    }
}

/// `input: [3, 32, 32]` or `output [N, 10]`
fn nameless(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, before, code, .. } = *failure;
    let (name, example) = named(before)?;
    let ahead: Vec<_> = tokens(code, at).take(2).collect();
    let open = match ahead.as_slice() {
        [(open, "[", _), ..] | [(_, ":" | "=", _), (open, "[", _)] => *open,
        _ => return None,
    };
    closing(code, open)?;
    let keyword = at - (before.len() - before.trim_end().len());
    let has_batch = !code[open + 1..].trim_start().starts_with(|c: char| c.is_ascii_digit());
    let batch = if has_batch { "[" } else { "[N, " };
    let edit = (keyword..open + 1, format!(" {name}: {batch}"));
    let help = format!("A value has a name, and the first of its sizes is the batch: `{example}`.");
    Some(Slip::new([edit], help, format!("call it `{name}`")))
}

/// `input image [N, 3, 32, 32]`, or with the shape in parentheses.
fn without_colon(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, code, .. } = *failure;
    let of_a_value = before.starts_with("input ") || before.starts_with("output ");
    if !of_a_value || !failure.rules.contains(&Rule::colon) {
        return None;
    }
    let name = at - (before.len() - before.trim_end().len());
    let mut edits = vec![(name..at, ": ".to_owned())];
    match token {
        "[" => {}
        "(" => {
            let end = closing(code, at)?;
            edits.extend([(at..at + 1, "[".to_owned()), (end..end + 1, "]".to_owned())]);
        }
        _ => return None,
    }
    let help = "The shape stands after `:`: `input image: [N, 3, 32, 32]`.";
    Some(Slip::new(edits, help, "write `:` before the shape"))
}

/// `a = conv(64)`, and `b = relu(a)`, where a value has the name `a`.
fn assigned(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, code, .. } = *failure;
    let (name, op) = before.split_once('=')?;
    let op = op.trim();
    let called = op.split('.').all(is_word) && !op.starts_with("self.");
    if token != "(" || !is_word(name.trim()) || !called || is_keyword(op) {
        return None;
    }
    let start = at - before.len();
    let equals = start + name.len();
    let close = closing(code, at)?;
    let inside = &code[at + 1..close];
    let (first, rest) = inside.split_once(',').unwrap_or((inside, ""));
    if is_value(&failure.text[..start], first.trim()) {
        let rest = rest.trim();
        let args = if rest.is_empty() { String::new() } else { format!("({rest})") };
        let text = format!("{} -> {op}{args}", first.trim());
        return Some(Slip::new(
            [(equals + 1..close + 1, format!(" {text}"))],
            format!("An op follows the value that it reads: `{text}`."),
            format!("write `{text}`"),
        ));
    }
    let name = name.trim();
    let after = equals + 1;
    Some(Slip::new(
        [(start + before[..equals - start].trim_end().len()..after, ":".to_owned())],
        format!(
            "A stage is written `{name}: {op}(...)`; after `=` stands a value that has a name."
        ),
        "replace `=` by `:`",
    ))
}

/// `width: 64`
fn default_for_a_type(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, .. } = *failure;
    let name = before.trim_end().strip_suffix(':')?;
    let value = token.starts_with(|c: char| c.is_ascii_digit() || c == '"' || c == '[');
    (value && failure.rules.contains(&Rule::ty)).then(|| {
        let start = at - before.len() + name.trim_end().len();
        let help = "After `:` stands a type; a default is given with `=`: `width = 64`.";
        Slip::new([(start..at, " = ".to_owned())], help, "replace `:` by `=`")
    })
}

/// Whether a statement above gives a value this name.
fn is_value(above: &str, name: &str) -> bool {
    is_word(name)
        && above.lines().map(str::trim_start).any(|line| {
            let line = line.strip_prefix("input ").unwrap_or(line);
            let rest = line.strip_prefix(name).map(str::trim_start);
            rest.is_some_and(|rest| rest.starts_with(':') || rest.starts_with('='))
        })
}
