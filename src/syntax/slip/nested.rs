//! Ops around ops that are given an argument by name, `relu(bn(conv(16, stride = 2)))`, or have a
//! dot in their own, `nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU())`.

use std::ops::Range;

use super::flow::is_value;
use super::{Slip, closing, tokens};
use crate::diag::elsewhere::is_sequence;
use crate::syntax::hint::{Failure, is_word};
use crate::syntax::parser::Rule;

pub(super) fn slip(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, code, text, rules, .. } = *failure;
    let start = at - before.len();
    let mut calls = open_calls(code, start, at);
    let last = before.rsplit(['(', ',']).next().unwrap_or_default().trim();
    let ends = match token {
        "=" => rules.contains(&Rule::infix) && is_word(last),
        "(" if !calls.is_empty() => {
            calls.push(at - last.len()..at);
            last.contains('.') && last.split('.').all(is_word) && before.ends_with(last)
        }
        _ => false,
    };
    let (outer, inner) = calls.split_first()?;
    if !ends || inner.is_empty() {
        return None;
    }
    let end = closing(code, outer.end)?;
    let is_value = |name: &str| is_value(&text[..start], name);
    let steps = steps(code, &calls, &is_value).filter(|steps| {
        // A chain goes on from what stands before it.
        !is_value(&steps[0]) || !code[start..outer.start].trim_end().ends_with("->")
    });
    let Some(steps) = steps else {
        let help = "Ops follow one another by `->`: no op is an argument of another.";
        return Some(Slip::unsure(help));
    };
    let chain = steps.join(" -> ");
    let guarded = tokens(code, end + 1).next().is_some_and(|(_, token, _)| token == "if");
    let text = if guarded { format!("({chain})") } else { chain };
    let help = format!("Ops follow one another by `->`: `{text}`.");
    Some(Slip::new([(outer.start..end + 1, text.clone())], help, format!("write `{text}`")))
}

/// The calls that are open at a place, outermost first: their names. The innermost `(` that groups
/// ends them.
fn open_calls(code: &str, start: usize, at: usize) -> Vec<Range<usize>> {
    let mut open: Vec<Range<usize>> = Vec::new();
    for (bracket, byte) in code.bytes().enumerate().take(at).skip(start) {
        match byte {
            b'(' => {
                let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
                let name = code[start..bracket].trim_end_matches(in_name).len();
                open.push(start + name..bracket);
            }
            b')' => drop(open.pop()),
            _ => {}
        }
    }
    open.rsplit(Range::is_empty).next().unwrap_or_default().to_vec()
}

/// The ops of calls within one another, the innermost first.
fn steps(
    code: &str,
    calls: &[Range<usize>],
    is_value: &dyn Fn(&str) -> bool,
) -> Option<Vec<String>> {
    let (call, inner) = calls.split_first()?;
    let name = &code[call.clone()];
    let args = arguments(code, call.end)?;
    let texts: Vec<&str> = args.iter().map(|arg| &code[arg.clone()]).collect();
    if is_sequence(name) {
        return Some(texts.into_iter().map(str::to_owned).collect());
    }
    let (first, rest) = texts.split_first()?;
    let mut steps = match inner.first() {
        Some(next) if next.start == args[0].start => steps(code, inner, is_value)?,
        Some(_) => return None,
        None if is_value(first) => vec![(*first).to_owned()],
        None => return Some(vec![step(name, &texts)]),
    };
    steps.push(step(name, rest));
    Some(steps)
}

/// The ops of calls within one another around a value, which comes first: `relu(bn(x))`.
pub(super) fn around_a_value(
    code: &str,
    call: Range<usize>,
    is_value: &dyn Fn(&str) -> bool,
) -> Option<Vec<String>> {
    let args = arguments(code, call.end)?;
    let (first, rest) = args.split_first()?;
    let mut steps = match &code[first.clone()] {
        value if is_value(value) => vec![value.to_owned()],
        _ => around_a_value(code, called(code, first)?, is_value)?,
    };
    let rest: Vec<&str> = rest.iter().map(|arg| &code[arg.clone()]).collect();
    steps.push(step(code[call].trim(), &rest));
    Some(steps)
}

/// The name of what an argument calls, if it is a call.
fn called(code: &str, arg: &Range<usize>) -> Option<Range<usize>> {
    let open = arg.start + code[arg.clone()].find('(')?;
    let is_name = code[arg.start..open].split('.').all(is_word);
    (is_name && closing(code, open) == Some(arg.end - 1)).then_some(arg.start..open)
}

fn step(op: &str, args: &[&str]) -> String {
    if args.is_empty() { op.to_owned() } else { format!("{op}({})", args.join(", ")) }
}

/// The arguments of the call whose bracket opens at a place.
fn arguments(code: &str, open: usize) -> Option<Vec<Range<usize>>> {
    let close = closing(code, open)?;
    let inside = tokens(code, open).take_while(|(at, ..)| *at < close);
    let commas = inside.filter(|(_, token, depth)| *token == "," && *depth == 1);
    let ends = commas.map(|(at, ..)| at).chain([close]);
    let (mut start, mut arguments) = (open + 1, Vec::new());
    for end in ends {
        let text = &code[start..end];
        let begin = start + text.len() - text.trim_start().len();
        if !text.trim().is_empty() {
            arguments.push(begin..start + text.trim_end().len());
        }
        start = end + 1;
    }
    Some(arguments)
}
