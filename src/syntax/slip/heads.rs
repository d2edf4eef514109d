//! Heads of blocks, nets and repeats as other languages write them.

use std::ops::Range;

use super::{Slip, closing, tokens};
use crate::diag::line_start;
use crate::syntax::hint::{Failure, is_word};
use crate::syntax::parser::Rule;

const FUNCTIONS: &[&str] = &["def", "fn", "fun", "func", "function"];
const HEADS: &[&str] = &["block", "net", "repeat", "for", "class", "module", "while", "if", "with"];

pub(super) fn slip(failure: &Failure<'_>) -> Option<Slip> {
    [function, without_brace, on_one_line, marked, parenthesised]
        .into_iter()
        .find_map(|slip| slip(failure))
}

/// What stands below a head that opens no body: the lines that are indented further, and perhaps
/// the `}` after them.
pub(in crate::syntax) fn below(code: &str, head: &Range<usize>) -> Option<Range<usize>> {
    let start = head.end - code[head.clone()].trim_start().len();
    let line = line_start(code, start);
    let words: Vec<&str> = tokens(code, start).map(|(_, token, _)| token).collect();
    let is_head = |word: &str| HEADS.contains(&word) || FUNCTIONS.contains(&word);
    let labelled = matches!(words.as_slice(), [_, ":", "repeat" | "for", ..]);
    if words.contains(&"{") || !(labelled || words.first().is_some_and(|word| is_head(word))) {
        return None;
    }
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let own = indent(&code[line..]);
    let first = code[start..].find('\n').map_or(code.len(), |at| start + at + 1);
    let (mut end, mut at) = (first, first);
    for line in code[first..].split_inclusive('\n') {
        let text = line.trim();
        if !text.is_empty() && indent(line) <= own {
            if text == "}" && indent(line) == own && end > first {
                end = at + line.len();
            }
            break;
        }
        at += line.len();
        if !text.is_empty() {
            end = at;
        }
    }
    (end > first).then_some(first..end)
}

/// Whether a head declares what is a block here.
pub(in crate::syntax) fn declares(head: &str) -> bool {
    tokens(head, 0).next().is_some_and(|(_, word, _)| FUNCTIONS.contains(&word))
}

/// `def name(c):` or `function name(c) {`
fn function(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, code, .. } = *failure;
    if !before.is_empty() || !FUNCTIONS.contains(&token) {
        return None;
    }
    let mut edits = vec![(at..at + token.len(), "block".to_owned())];
    let end = line_end(code, at);
    if !code[at..end].contains('{') {
        edits.extend(braces(code, at, end)?);
    }
    let help = "A block is declared as `block name(parameters) { ... }`.";
    Some(Slip::new(edits, help, "declare a block"))
}

/// `net x:`, `for i in range(3):`, or a head with nothing at its end.
fn without_brace(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, after, code, .. } = *failure;
    let rest = after.split('\n').next().unwrap_or(after);
    let wanted = [Rule::body, Rule::open_brace].iter().any(|rule| failure.rules.contains(rule));
    if !wanted || !(token.is_empty() || (token == ":" && rest.trim().is_empty())) {
        return None;
    }
    let start = at - before.len();
    let end = line_end(code, at);
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    if let Some((head, count)) =
        before.split_once("range(").filter(|(head, _)| head.ends_with("in "))
        && let Some((count, _)) = count.rsplit_once(')').filter(|(count, _)| !count.contains(','))
    {
        let range = start + head.len();
        edits.push((range..range + "range()".len() + count.len(), format!("0..{count}")));
    }
    edits.extend(braces(code, start, end)?);
    let labelled = before.split_once(": ").filter(|(label, _)| label.split('.').all(is_word));
    let head = labelled.map_or(before, |(_, head)| head);
    let keyword = head.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("net");
    let help = format!("A body stands in braces: `{keyword} ... {{ ... }}`.");
    Some(Slip::new(edits, help, "put the body in braces"))
}

/// `repeat 3: conv(16)`
fn on_one_line(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, after, code, .. } = *failure;
    let wanted = failure.rules.contains(&Rule::open_brace);
    let rest = after.split('\n').next().unwrap_or(after);
    if token != ":" || !wanted || !before.contains("repeat") && !before.contains("for ") {
        return None;
    }
    let end = at + 1 + rest.trim_end().len();
    let edits = [(at..at + 1, " {".to_owned()), (end..end, " }".to_owned())];
    (!code[at..end].contains('{'))
        .then(|| Slip::new(edits, "A body stands in braces: `repeat 3 { conv }`.", "write braces"))
}

/// `recipe: { ... }`, `net x = {`
fn marked(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, after, .. } = *failure;
    let head = before.trim_end();
    let wanted = failure.rules.contains(&Rule::open_brace) || failure.rules.contains(&Rule::body);
    let brace = after.trim_start_matches([' ', '\t']);
    if !matches!(token, ":" | "=") || !brace.starts_with('{') || !(wanted || head == "recipe") {
        return None;
    }
    let start = at - (before.len() - head.len());
    let end = at + token.len() + (after.len() - brace.len());
    let help = format!("`{{` follows what it opens, without a mark: `{head} {{ ... }}`.");
    Some(Slip::new([(start..end, " ".to_owned())], help, format!("remove `{token}`")))
}

/// `repeat 3 (conv -> bn)`
fn parenthesised(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, code, .. } = *failure;
    let rounds = before.contains("repeat ") || before.contains("for ");
    if token != "(" || !rounds || !failure.rules.contains(&Rule::open_brace) {
        return None;
    }
    let end = closing(code, at)?;
    let help = "What is repeated stands in braces: `repeat 3 { conv }`.";
    if code[at + 1..end].trim().is_empty() {
        return Some(Slip::unsure(help));
    }
    let edits = [(at..at + 1, "{ ".to_owned()), (end..end + 1, " }".to_owned())];
    Some(Slip::new(edits, help, "write braces"))
}

/// The braces around what stands below the head from `start` to `end`.
fn braces(code: &str, start: usize, end: usize) -> Option<Vec<(Range<usize>, String)>> {
    let body = below(code, &(start..end))?;
    let head = code[start..end].trim_end();
    let bare = start + head.trim_end_matches(':').trim_end().len();
    let mut edits = vec![(bare..start + head.len(), " {".to_owned())];
    if !code[body.clone()].trim_end().ends_with("\n}") {
        let indent = &code[line_start(code, start)..start];
        let newline = if code[..body.end].ends_with('\n') { "" } else { "\n" };
        edits.push((body.end..body.end, format!("{newline}{indent}}}\n")));
    }
    Some(edits)
}

fn line_end(code: &str, at: usize) -> usize {
    code[at..].find('\n').map_or(code.len(), |end| at + end)
}
