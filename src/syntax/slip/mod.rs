//! Slips of the pen, and of writers of other languages, whose repair is plain.

mod assigned;
mod flow;
mod guards;
mod heads;
mod imports;
mod joins;
mod marks;
mod nested;
mod numbers;
mod values;
mod words;

use std::ops::Range;

use super::error::token;
use super::hint::Failure;
pub(super) use heads::{below, declares};

/// A slip: what should have been written.
pub(super) struct Slip {
    /// Bytes of the text, and what should stand there; the bytes are empty where something is
    /// missing.
    pub edits: Vec<(Range<usize>, String)>,
    /// The repair in words.
    pub help: String,
    /// The repair as an order.
    pub title: String,
    /// Whether the repair is what was surely meant.
    pub safe: bool,
}

impl Slip {
    fn new(
        edits: impl IntoIterator<Item = (Range<usize>, String)>,
        help: impl Into<String>,
        title: impl Into<String>,
    ) -> Slip {
        let edits = edits.into_iter().collect();
        Slip { edits, help: help.into(), title: title.into(), safe: true }
    }

    /// The same, where something else may have been meant.
    fn safe_if(self, safe: bool) -> Slip {
        Slip { safe, ..self }
    }

    /// One whose repair the text does not tell.
    fn unsure(help: impl Into<String>) -> Slip {
        Slip::new([], help, "")
    }
}

/// The slip behind a failure that what stands there tells.
pub(super) fn certain(failure: &Failure<'_>) -> Option<Slip> {
    let slips = [
        imports::slip,
        heads::slip,
        guards::slip,
        numbers::slip,
        values::slip,
        assigned::slip,
        nested::slip,
        marks::slip,
        numbers::sides,
        joins::slip,
    ];
    slips.into_iter().find_map(|slip| slip(failure))
}

/// The slip behind a failure that nothing else explains.
pub(super) fn likely(failure: &Failure<'_>) -> Option<Slip> {
    words::slip(failure)
}

/// The tokens from `at` to the end of its line, each with how many brackets opened since.
fn tokens(code: &str, at: usize) -> impl Iterator<Item = (usize, &str, usize)> {
    let mut next = at;
    let mut depth = 0usize;
    std::iter::from_fn(move || {
        let skipped = code[next..].len() - code[next..].trim_start_matches([' ', '\t', '\r']).len();
        let start = next + skipped;
        let token = token(&code[start..]);
        next = start + token.len();
        match token {
            "" => return None,
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.checked_sub(1)?,
            _ => {}
        }
        let opened = usize::from(matches!(token, "(" | "[" | "{"));
        Some((start, token, depth - opened))
    })
}

/// The bracket that closes the one at `at`, on the same line.
fn closing(code: &str, at: usize) -> Option<usize> {
    let mut tokens = tokens(code, at).skip(1);
    tokens.find(|(_, token, depth)| *depth == 0 && matches!(*token, ")" | "]" | "}")).map(|t| t.0)
}
