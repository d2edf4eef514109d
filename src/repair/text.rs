//! Chains and lines as they stand in the text, and edits of them.

use crate::diag::{Sources, Span, line_start};

/// The name and the value of an argument.
pub(super) fn argument(written: &str) -> (Option<&str>, &str) {
    let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    match written.split_once('=') {
        Some((name, value)) if is_name(name.trim()) && !value.starts_with('=') => {
            (Some(name.trim()), value.trim())
        }
        _ => (None, written),
    }
}

/// The parts between commas outside of brackets and strings, without the space around them.
pub(super) fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut rest) = (Vec::new(), 0, text);
    while !rest.is_empty() {
        let length = part(rest);
        parts.push(rest[..length].trim());
        start += (length + 1).min(rest.len());
        rest = &text[start..];
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The length of the first part of a list: up to a comma, a bracket that closes, or a line's end,
/// outside of brackets and strings.
fn part(text: &str) -> usize {
    let (mut depth, mut in_string) = (0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'(' | b'[' | b'{' => depth += 1,
            b',' | b'\n' | b'#' | b')' | b']' | b'}' if depth == 0 => return at,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// What goes with an element of a chain: the arrow beside it, or else its statement.
pub(super) fn element(span: Span, sources: &Sources) -> Span {
    let text = &sources.get(span.file).text;
    if let Some(before) = text[..span.start].trim_end().strip_suffix("->") {
        return Span { start: before.trim_end().len(), ..span };
    }
    let after = &text[span.end..];
    match after.trim_start().strip_prefix("->") {
        Some(rest) => Span { end: text.len() - rest.trim_start().len(), ..span },
        None => lines(span, sources),
    }
}

/// The lines of a statement or an item, with the comments right above it and the blank line that
/// would stand for nothing without it.
pub(super) fn lines(span: Span, sources: &Sources) -> Span {
    let text = &sources.get(span.file).text;
    let mut start = line_start(text, span.start);
    let above = |start: usize| text[..start].lines().next_back().map(str::trim);
    while above(start).is_some_and(|line| line.starts_with('#')) {
        start = line_start(text, start - 1);
    }
    let mut end = text[span.end..].find('\n').map_or(text.len(), |at| span.end + at + 1);
    let opens = above(start).is_none_or(|line| line.is_empty() || line.ends_with('{'));
    if opens && text[end..].starts_with('\n') {
        end += 1;
    } else if above(start) == Some("") && text[end..].trim_start().starts_with('}') {
        start = line_start(text, start - 1);
    }
    Span { start, end, ..span }
}

/// What goes with the item of a list that starts at a name: a comma, the parentheses of the only
/// item, or its lines.
pub(super) fn item(name: Span, sources: &Sources) -> Span {
    let text = &sources.get(name.file).text;
    let end = name.start
        + text[name.start..]
            .get(..part(&text[name.start..]))
            .map_or(0, |item| item.trim_end().len());
    let (before, after) = (text[..name.start].trim_end(), text[end..].trim_start());
    let own = Span { end, ..name };
    let alone =
        line_start(text, name.start) == text[..name.start].trim_end_matches([' ', '\t']).len();
    match (after.strip_prefix(','), before.strip_suffix(',')) {
        (Some(rest), _) if !alone => {
            Span { end: text.len() - rest.trim_start_matches(' ').len(), ..own }
        }
        (None, Some(before)) if !alone => Span { start: before.len(), ..own },
        (None, None) if before.ends_with('(') && after.starts_with(')') => {
            let close = text.len() - after.len() + 1;
            Span { start: before.len() - 1, end: close, ..own }
        }
        _ => lines(own, sources),
    }
}

/// From a name to the brace that closes what it heads.
pub(super) fn body(name: Span, sources: &Sources) -> Span {
    let text = &sources.get(name.file).text;
    let (mut depth, mut in_string, mut in_comment) = (0, false, false);
    for (at, byte) in text.bytes().enumerate().skip(name.start) {
        match byte {
            b'\n' => in_comment = false,
            _ if in_comment => {}
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'#' => in_comment = true,
            b'{' => depth += 1,
            b'}' if depth == 1 => return Span { end: at + 1, ..name },
            b'}' => depth -= 1,
            _ => {}
        }
    }
    name
}

/// The word before a name.
pub(super) fn declared_by(name: Span, sources: &Sources) -> &str {
    let before = &sources.get(name.file).text[..name.start];
    before.split_whitespace().next_back().unwrap_or_default()
}

/// `repeat 3` for the head `for i in 0..3` of a loop whose rounds do not differ.
pub(super) fn repeat(name: Span, sources: &Sources) -> Option<(Span, String)> {
    let text = &sources.get(name.file).text;
    let start = text[..name.start].trim_end().strip_suffix("for")?.len();
    let end = name.end + text[name.end..].find('{')?;
    let rounds = text[name.end..end].trim().strip_prefix("in")?.trim().strip_prefix("0..")?;
    let end = name.end + text[name.end..end].trim_end().len();
    Some((Span { start, end, ..name }, format!("repeat {rounds}")))
}

/// The branch that an element belongs to: its name, and its lines. `None` if it starts on another
/// line, or if something else mentions its name.
pub(super) fn branch(element: Span, sources: &Sources) -> Option<(&str, Span)> {
    let text = &sources.get(element.file).text;
    let start = line_start(text, element.start);
    let (name, _) = text[start..element.start].split_once('=')?;
    let name = name.trim();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mentions = text.split(|c| !word(c)).filter(|found| *found == name).count();
    (mentions == 1 && name.chars().all(word)).then(|| (name, lines(element, sources)))
}

/// The guard of a condition: ` if c`.
pub(super) fn guard(condition: Span, sources: &Sources) -> Option<Span> {
    let before = sources.get(condition.file).text[..condition.start].trim_end();
    let start = before.strip_suffix("if")?.trim_end().len();
    Some(Span { start, ..condition })
}
