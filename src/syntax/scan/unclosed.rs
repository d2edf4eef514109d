use super::{Open, Scanner, closer};
use crate::diag::Span;

impl Scanner<'_> {
    /// Reports the outermost `(` or `[` open in this statement, and takes all of them as closed. If
    /// the text that shows it stands on a later line, goes back to the end of the bracket's line,
    /// so that the lines below count as statements; true if it did.
    pub(super) fn never_closed(&mut self, got: &str, at: usize) -> bool {
        let level = self.free_start();
        let Some(open) = self.open.get(level).copied() else { return false };
        let message = format!("expected `{}`, got {got}", closer(open.mark) as char);
        let end = self.line_end(open.at);
        self.open.truncate(level);
        if end < at {
            self.out.truncate(end);
            self.line = open.line;
            self.comments.retain(|c| c.start < end);
            self.problems.retain(|p| p.span.is_none_or(|s| s.start < end));
            self.after_arrow = self.out.trim_ascii_end().ends_with(b"->");
        }
        self.problems.push(self.problem(open.at, 1, &message, "never closed"));
        end < at
    }

    /// Reports a `{` without `}`; false if it is not clear where that should stand.
    pub(super) fn unclosed_braces(&mut self) -> bool {
        let Some(open) = self.open.last().copied() else { return true };
        let open = self.suspect.unwrap_or(open);
        let header = self.text[open.line..open.at].trim();
        let short: Vec<&str> =
            header.split(['(', ' ', ':']).filter(|w| !w.is_empty()).take(2).collect();
        let whose =
            if short.is_empty() { String::new() } else { format!(" of `{}`", short.join(" ")) };
        let message = "expected `}`, got the end of the file";
        let next = self.next_item(open);
        let mut problem = self
            .problem(open.at, 1, message, "opened here, never closed")
            .related(next, "probably before this")
            .help(format!("Add `}}` after the last statement{whose}."));
        let at_the_end = next.is_none() && self.open.len() == 1;
        if at_the_end {
            let end = self.text.len();
            let text = if self.text.ends_with('\n') { "}\n" } else { "\n}\n" };
            problem = problem.fix("add `}` at the end", [(self.span(end, 0), text.to_owned())]);
        }
        self.problems.push(problem);
        match self.out.last_mut() {
            Some(last @ b'\n') if at_the_end => {
                *last = b'}';
                true
            }
            _ => false,
        }
    }

    /// The keyword of the first item below an item that opens with `open`.
    fn next_item(&self, open: Open) -> Option<Span> {
        let item = |line: &str| {
            ["import ", "block ", "net "].iter().find(|w| line.starts_with(**w)).copied()
        };
        item(&self.text[open.line..])?;
        let below = self.text[open.at..].match_indices('\n').map(|(i, _)| open.at + i + 1);
        let mut items = below.filter_map(|at| Some((at, item(&self.text[at..])?)));
        items.next().map(|(at, word)| self.span(at, word.trim_end().len()))
    }

    /// Remembers the first `{` whose `}` starts a line that is indented less than its own.
    pub(super) fn suspicious(&mut self, open: Open, at: usize) {
        let indent = |line: usize, end: usize| {
            let text = &self.text[line..end];
            text.len() - text.trim_start_matches([' ', '\t']).len()
        };
        if self.suspect.is_none() && open.line != self.line {
            let closes = indent(self.line, at);
            if self.line + closes == at && closes < indent(open.line, open.at) {
                self.suspect = Some(open);
            }
        }
    }
}
