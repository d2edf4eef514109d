use super::Scanner;
use crate::syntax::hint::is_keyword;

impl Scanner<'_> {
    /// Takes back the newlines before it.
    pub(super) fn arrow(&mut self) {
        for byte in self.out.iter_mut().rev().take_while(|b| b.is_ascii_whitespace()) {
            if *byte == b'\n' {
                *byte = b' ';
                if let (Some(range), Some(start)) = (self.statements.pop(), self.starts.last_mut())
                {
                    *start = range.start;
                }
            }
        }
        self.out.extend(b"->");
        self.after_arrow = true;
    }

    /// Reports an arrow at the end of a line whose next line goes on with something else.
    pub(super) fn dangling_above(&mut self) {
        if self.after_arrow && !self.inside_free() && self.is_other_statement(self.out.len()) {
            self.dangling();
        }
    }

    /// Reports an arrow that nothing follows, and reads past it.
    pub(super) fn dangling(&mut self) {
        if !std::mem::take(&mut self.after_arrow) {
            return;
        }
        let arrow = self.out.trim_ascii_end().len() - "->".len();
        let chain = self.out[..arrow].trim_ascii_end().len();
        self.out[arrow..arrow + 2].fill(b' ');
        let gap = self.span(chain, arrow + 2 - chain);
        let problem = self
            .problem(arrow, 2, "the chain ends after `->`", "nothing follows")
            .help("Write what comes next, or remove the arrow.")
            .fix("remove `->`", [(gap, String::new())]);
        self.problems.push(problem);
    }

    /// Whether what follows from `at` begins a statement that is no element of a chain.
    fn is_other_statement(&self, at: usize) -> bool {
        let lines = self.text[at..].lines().map(str::trim);
        let next = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let Some(line) = next.into_iter().next() else { return true };
        let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let word = &line[..line.find(|c| !part(c)).unwrap_or(line.len())];
        let rest = line[word.len()..].trim_start();
        let label = rest.starts_with(':') && !rest.starts_with("::");
        let branch = rest.starts_with('=') && !rest.starts_with("==");
        match word {
            "" => line.starts_with('}'),
            "repeat" | "for" => false,
            word => is_keyword(word) || label || branch,
        }
    }
}
