//! The words before the cursor, and the brackets that are open there.

use super::super::lex::{Token, TokenKind, tokens};

/// The words that start a statement.
pub(super) const STATEMENTS: &[&str] =
    &["input", "output", "let", "repeat", "for", "default", "expect", "recipe", "block"];
pub(super) const EDITS: &[&str] = &["after", "before", "replace", "remove"];
const ITEMS: &[&str] = &["import", "block", "net"];

/// The tokens before the cursor, those of its statement and the brackets open there.
pub(super) struct Prefix<'t> {
    pub tokens: Vec<Token<'t>>,
    /// Where the statement begins among them.
    pub start: usize,
    pub open: Vec<usize>,
}

impl<'t> Prefix<'t> {
    pub fn of(text: &'t str) -> Prefix<'t> {
        let mut before = Prefix { tokens: tokens(text), start: 0, open: Vec::new() };
        for i in 0..before.tokens.len() {
            before.step(i);
        }
        before
    }

    fn step(&mut self, i: usize) {
        let token = self.tokens[i];
        let braces = |open: &[usize], tokens: &[Token<'_>]| {
            open.iter().rposition(|o| tokens[*o].is("{")).map_or(0, |brace| brace + 1)
        };
        match (token.kind, token.text) {
            (TokenKind::Mark, "(" | "[") => self.open.push(i),
            (TokenKind::Mark, "{") => {
                self.open.truncate(braces(&self.open, &self.tokens));
                self.open.push(i);
                self.start = i + 1;
            }
            (TokenKind::Mark, "}") => {
                self.open.truncate(braces(&self.open, &self.tokens));
                self.open.pop();
                self.start = i + 1;
            }
            (TokenKind::Mark, ")" | "]") if self.in_brackets() => drop(self.open.pop()),
            (TokenKind::Newline, _) => {
                let free = self.in_brackets();
                let goes_on = self.last_before(i).is_some_and(|last| last.is("->"))
                    || self.tokens.get(i + 1).is_some_and(|next| next.is("->"));
                if free && self.begins(i + 1) {
                    // The bracket was never closed.
                    self.open.truncate(braces(&self.open, &self.tokens));
                    self.start = i + 1;
                } else if !free && !goes_on {
                    self.start = i + 1;
                }
            }
            _ => {}
        }
    }

    /// Whether the innermost bracket that is open is no `{`.
    fn in_brackets(&self) -> bool {
        self.open.last().is_some_and(|open| !self.tokens[*open].is("{"))
    }

    fn last_before(&self, i: usize) -> Option<&Token<'t>> {
        let quiet = |t: &&Token<'_>| !matches!(t.kind, TokenKind::Newline | TokenKind::Comment);
        self.tokens[..i].iter().rev().find(quiet)
    }

    /// Whether a line that begins here is a statement, and not more of the brackets above.
    fn begins(&self, i: usize) -> bool {
        let head = self.tokens.get(self.start);
        let (first, second) = (self.tokens.get(i), self.tokens.get(i + 1));
        let word = first.filter(|first| first.kind == TokenKind::Word);
        word.is_some_and(|word| {
            STATEMENTS.contains(&word.text)
                || ITEMS.contains(&word.text)
                || (second.is_some_and(|second| second.is(":"))
                    && !head.is_some_and(|head| ITEMS.contains(&head.text)))
        })
    }
}

/// All but newlines and comments.
pub(super) fn written<'t>(tokens: &[Token<'t>]) -> Vec<Token<'t>> {
    let quiet = |t: &&Token<'_>| !matches!(t.kind, TokenKind::Newline | TokenKind::Comment);
    tokens.iter().filter(quiet).copied().collect()
}
