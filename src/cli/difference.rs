use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use crate::diag::colour::{GREEN, PLAIN, RED};

/// Lines of context around a change.
const CONTEXT: usize = 2;

/// The change of a file as a unified diff, with colours that are dropped for a pipe.
pub fn difference(path: &str, old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let mut text = format!("--- {path}\n+++ {path}\n");
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{}", hunk.header());
        for change in hunk.iter_changes() {
            let (sign, colour) = match change.tag() {
                ChangeTag::Delete => ("-", RED),
                ChangeTag::Insert => ("+", GREEN),
                ChangeTag::Equal => (" ", ""),
            };
            let end = if colour.is_empty() { "" } else { PLAIN };
            let _ = writeln!(text, "{colour}{sign}{}{end}", change.value().trim_end_matches('\n'));
        }
    }
    text
}
