//! Comments as other languages write them.

use super::Scanner;

impl Scanner<'_> {
    /// Reads a comment that starts with `//` or `/*`; false if it is none.
    pub(super) fn foreign_comment(&mut self, at: usize) -> bool {
        match self.text.as_bytes().get(at + 1) {
            Some(b'*') => self.block_comment(at),
            Some(b'/') if self.is_comment(at) => {
                self.slashes.push(at);
                self.blank_to(self.line_end(at));
            }
            _ => return false,
        }
        true
    }

    /// Whether `//` is no division: nothing stands before it in its line, or what ends a statement
    /// without an expression.
    fn is_comment(&self, at: usize) -> bool {
        let line = self.text[self.line..at].trim();
        let mut words = line.split(|c: char| !c.is_ascii_alphanumeric());
        let calculates =
            words.any(|w| ["expect", "repeat", "for", "if", "else", "let"].contains(&w));
        let ended = line.is_empty() || line.ends_with(['{', '}']);
        !self.inside_free() && (ended || !(calculates || line.contains('=')))
    }

    fn block_comment(&mut self, at: usize) {
        let end = self.text[at + 2..].find("*/").map_or(self.text.len(), |len| at + len + 4);
        let text = &self.text[at..end];
        let line = self.text[end..].lines().next().unwrap_or_default().trim();
        let indent = " ".repeat(at - self.line);
        let words = text.trim_start_matches("/*").trim_end_matches("*/").trim();
        let words: Vec<&str> =
            words.lines().map(|line| line.trim().trim_start_matches('*').trim()).collect();
        let hashes = words.iter().map(|words| format!("# {words}").trim_end().to_owned());
        let hashes = hashes.collect::<Vec<_>>().join(&format!("\n{indent}"));
        let new = match (line.is_empty(), words.len()) {
            (true, _) => hashes,
            (false, 1) => String::new(),
            (false, _) => format!("{hashes}\n{indent}"),
        };
        let problem = self
            .problem(at, 2, "expected a comment with `#`, got `/*`", "not a comment here")
            .help("A comment starts with `#` and ends with its line.")
            .fix("write `#`", [(self.span(at, text.len()), new)]);
        self.problems.push(problem);
        self.line = text.rfind('\n').map_or(self.line, |i| at + i + 1);
        self.blank_to(end);
    }

    /// Reports all comments with `//` as one problem.
    pub(super) fn foreign_comments(&mut self) {
        let Some(first) = self.slashes.first().copied() else { return };
        let edit = |at: &usize| (self.span(*at, 2), "#".to_owned());
        let edits: Vec<_> = self.slashes.iter().map(edit).collect();
        let label = match edits.len() {
            1 => "not a comment here".to_owned(),
            n => format!("the first of {n} such comments"),
        };
        let problem = self
            .problem(first, 2, "expected a comment with `#`, got `//`", &label)
            .help("A comment starts with `#`.")
            .fix("write `#`", edits);
        self.problems.push(problem);
    }
}
