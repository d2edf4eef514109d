//! Inputs and outputs without a name or a colon, and types that are defaults.

use super::{Slip, closing, tokens};
use crate::syntax::hint::{Failure, is_keyword, is_word};
use crate::syntax::parser::Rule;

pub(super) fn slip(failure: &Failure<'_>) -> Option<Slip> {
    [nameless, name_behind_colon, unknown_size, without_colon, default_for_a_type]
        .into_iter()
        .find_map(|slip| slip(failure))
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

/// `input: image [N, 3, 32, 32]`
fn name_behind_colon(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, before, code, .. } = *failure;
    let keyword = before.trim_end();
    named(keyword)?;
    let ahead: Vec<_> = tokens(code, at).take(4).collect();
    let (name, open) = match ahead.as_slice() {
        [(_, ":" | "=", _), (_, name, _), (open, "[", _), ..] => (*name, *open),
        [(_, ":" | "=", _), (_, name, _), (_, ":" | "=", _), (open, "[", _)] => (*name, *open),
        _ => return None,
    };
    if !is_word(name) || is_keyword(name) {
        return None;
    }
    let edit = (at - (before.len() - keyword.len())..open, format!(" {name}: "));
    let help = format!("The `:` stands behind the name: `{keyword} {name}: [...]`.");
    Some(Slip::new([edit], help, format!("write `{keyword} {name}:`")))
}

/// `input image: [?, 3, 32, 32]`
fn unknown_size(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, .. } = *failure;
    let of_a_value = before.starts_with("input ") || before.starts_with("output ");
    if token != "?" || !of_a_value {
        return None;
    }
    if !before.trim_end().ends_with('[') {
        let help = "Every size but the batch is a number: `[N, 3, 32, 32]`.";
        return Some(Slip::unsure(help));
    }
    let help = "The first size is the batch, `N`: `[N, 3, 32, 32]`.";
    Some(Slip::new([(at..at + 1, "N".to_owned())], help, "write `N`"))
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
