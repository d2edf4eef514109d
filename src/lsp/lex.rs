//! The words and marks of a text, whether or not it parses.

/// A word, a mark, or what else stands together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'t> {
    pub kind: TokenKind,
    /// Its first byte.
    pub start: usize,
    pub text: &'t str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    Comment,
    Text,
    Number,
    Word,
    Mark,
    Newline,
}

impl Token<'_> {
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    pub fn is_word(&self) -> bool {
        self.kind == TokenKind::Word
    }

    pub fn is(&self, mark: &str) -> bool {
        self.kind == TokenKind::Mark && self.text == mark
    }
}

/// The marks of two characters.
const DOUBLE: &[&str] = &["->", "::", "==", "!=", "<=", ">=", "//", ".."];

pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let until = |stop: &dyn Fn(char) -> bool| rest.find(stop).unwrap_or(rest.len());
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (kind, len) = match c {
            '#' => (TokenKind::Comment, rest[..until(&|c| c == '\n')].trim_end().len()),
            '"' => {
                let inner = &rest[1..];
                let end = inner.find(['"', '\n']).unwrap_or(inner.len());
                let closed = inner[end..].starts_with('"');
                (TokenKind::Text, 1 + end + usize::from(closed))
            }
            '\n' => (TokenKind::Newline, 1),
            '0'..='9' => (TokenKind::Number, number(rest)),
            c if word(c) => (TokenKind::Word, until(&|c| !word(c))),
            c if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            c => {
                let double = DOUBLE.iter().any(|mark| rest.starts_with(mark));
                (TokenKind::Mark, if double { 2 } else { c.len_utf8() })
            }
        };
        found.push(Token { kind, start: at, text: &rest[..len] });
        at += len;
    }
    found
}

/// The length of a number: `8..1024` begins with `8`.
fn number(text: &str) -> usize {
    let digits = |text: &str| {
        text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
    };
    let whole = digits(text);
    let exponent = |end: usize| match text[end..].strip_prefix(['-', '+']) {
        Some(rest) if text[..end].ends_with(['e', 'E']) => end + 1 + digits(rest),
        _ => end,
    };
    match text[whole..].strip_prefix('.') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => {
            exponent(whole + 1 + digits(rest))
        }
        _ => exponent(whole),
    }
}
