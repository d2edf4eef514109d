//! Which values the statements around a place name, as far as their text tells.

use crate::syntax::hint::is_word;

/// Statements that the current value passes by.
const ASIDE: &[&str] = &["let", "default", "expect", "recipe", "block", "output"];

/// Whether a statement above gives a value this name.
pub(super) fn is_value(above: &str, name: &str) -> bool {
    let number = |rest: &str| rest.trim_start().starts_with(|c: char| c.is_ascii_digit());
    is_word(name)
        && visible(above).into_iter().any(|line| {
            let line = line.strip_prefix("input ").unwrap_or(line);
            let rest = line.strip_prefix(name).map(str::trim_start);
            rest.is_some_and(|rest| match rest.strip_prefix('=') {
                Some(value) => !number(value),
                None => rest.starts_with(':'),
            })
        })
}

/// The lines of the statements whose names a place sees: those of no body that is closed, and none
/// within parentheses.
fn visible(above: &str) -> Vec<&str> {
    let (mut lines, mut bodies, mut open) = (Vec::new(), Vec::new(), 0usize);
    for line in above.lines() {
        if open == 0 {
            lines.push(line.trim_start());
        }
        for byte in code_of(line).bytes() {
            match byte {
                b'(' => open += 1,
                b')' => open = open.saturating_sub(1),
                b'{' => bodies.push(lines.len()),
                b'}' => lines.truncate(bodies.pop().unwrap_or(lines.len())),
                _ => {}
            }
        }
    }
    lines
}

/// Whether a statement gives a value this name: one of these lines, up to the end of the body.
pub(super) fn is_defined(below: &str, name: &str) -> bool {
    is_value(body(below), name)
}

/// Whether something mentions a name up to the end of the body.
pub(super) fn is_used(below: &str, name: &str) -> bool {
    let code = body(below).lines().map(code_of);
    let mut words =
        code.flat_map(|code| code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
    words.any(|word| word == name)
}

/// The name of the value that a statement at a place goes on from, if it has one.
pub(super) fn current(text: &str, at: usize) -> Option<&str> {
    let mut end = text[..at].rfind('\n')?;
    // How many bodies are open, from below.
    let mut open = 0usize;
    loop {
        let start = text[..end].rfind('\n').map_or(0, |at| at + 1);
        let line = code_of(&text[start..end]).trim();
        let count = |brace| line.matches(brace).count();
        match (open + count('}')).checked_sub(count('{')) {
            // The head of the body that the statement is in.
            None => {
                // Its parameters may stand on lines of their own.
                let begins = |line: &&str| line.starts_with("block ") || line.starts_with("net ");
                let mut head = text[..end].lines().rev().map(str::trim_start);
                let head = if line.starts_with(')') { head.find(begins) } else { Some(line) };
                return head.filter(|head| head.starts_with("block ")).map(|_| "in");
            }
            Some(left) => open = left,
        }
        if open == 0 && !line.is_empty() && !line.starts_with("->") {
            let word = line.split([' ', ':', '=', '(']).next().unwrap_or_default();
            let rest = line[word.len()..].trim_start();
            match (word, rest.strip_prefix('=')) {
                ("input", _) => {
                    return rest.split(':').next().map(str::trim).filter(|n| is_word(n));
                }
                (word, _) if ASIDE.contains(&word) => {}
                (word, _) if word.starts_with("self.") => return None,
                (_, Some(source)) => match called(source) {
                    true if is_defined(&text[end..], word) => return None,
                    true if !is_used(&text[end..], word) => return Some(word),
                    _ => {}
                },
                _ => return rest.starts_with(':').then_some(word),
            }
        }
        end = start.checked_sub(1)?;
    }
}

/// Whether an op stands where a branch names its source.
fn called(source: &str) -> bool {
    source.split_once('(').is_some_and(|(op, _)| op.trim().split('.').all(is_word))
}

/// A line without its comment.
fn code_of(line: &str) -> &str {
    line.split_once('#').map_or(line, |(code, _)| code)
}

/// Up to the brace that closes the body around the start of a text.
fn body(text: &str) -> &str {
    let mut open = 0usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open += 1,
            b'}' if open == 0 => return &text[..at],
            b'}' => open -= 1,
            _ => {}
        }
    }
    text
}
