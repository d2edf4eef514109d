//! Python code formatted like `black`: expressions that break at brackets, and strings.

use crate::diag::is_deceptive;

/// The maximum line length.
const WIDTH: usize = 88;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    /// Never broken: a name or a literal.
    Text(String),
    /// `function(argument, name=argument)`; the function is empty for a list.
    Call(String, Vec<(String, Expr)>),
}

impl Expr {
    /// `[first, second]`.
    pub fn list(items: impl Iterator<Item = String>) -> Expr {
        Expr::Call(String::new(), items.map(|item| (String::new(), Expr::Text(item))).collect())
    }

    /// On one line.
    pub fn flat(&self) -> String {
        match self {
            Expr::Text(text) => text.clone(),
            Expr::Call(function, arguments) => {
                let (open, close) = brackets(function);
                format!("{function}{open}{}{close}", joined(arguments))
            }
        }
    }
}

fn brackets(function: &str) -> (char, char) {
    if function.is_empty() { ('[', ']') } else { ('(', ')') }
}

fn joined(arguments: &[(String, Expr)]) -> String {
    let one = |(name, value): &(String, Expr)| format!("{}{}", keyword(name), value.flat());
    arguments.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn keyword(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("{name}=") }
}

/// Lines of Python.
#[derive(Debug, Default)]
pub(super) struct Code {
    text: String,
}

impl Code {
    /// Adds a line; an empty one gets no indentation.
    pub fn line(&mut self, indent: usize, text: &str) {
        if !text.is_empty() {
            self.text += &" ".repeat(indent);
            self.text += text;
        }
        self.text.push('\n');
    }

    /// Adds an expression between two texts, broken if it does not fit.
    pub fn put(&mut self, indent: usize, before: &str, expr: &Expr, after: &str) {
        let line = format!("{before}{}{after}", expr.flat());
        match expr {
            Expr::Call(function, arguments) if !fits(indent, &line) && !arguments.is_empty() => {
                let (open, close) = brackets(function);
                self.line(indent, &format!("{before}{function}{open}"));
                self.arguments(indent + 4, arguments);
                self.line(indent, &format!("{close}{after}"));
            }
            _ => self.line(indent, &line),
        }
    }

    fn arguments(&mut self, indent: usize, arguments: &[(String, Expr)]) {
        let line = joined(arguments);
        match arguments {
            _ if fits(indent, &line) => self.line(indent, &line),
            [(name, only)] => self.put(indent, &keyword(name), only, ""),
            several => {
                for (name, value) in several {
                    self.put(indent, &keyword(name), value, ",");
                }
            }
        }
    }

    /// The text so far.
    pub fn into_text(self) -> String {
        self.text
    }
}

/// Whether a line is short enough.
pub(super) fn fits(indent: usize, line: &str) -> bool {
    indent + line.chars().count() <= WIDTH
}

/// A number as Python writes it.
pub(super) fn number(x: f64) -> String {
    format!("{x:?}")
}

/// One number, or `(height, width)`.
pub(super) fn size([h, w]: [u64; 2]) -> String {
    if h == w { h.to_string() } else { format!("({h}, {w})") }
}

/// `conv_bn` as `ConvBn`.
pub(super) fn camel(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let word = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    let name: String = words.map(word).collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("Net{name}") }
}

/// Text escaped for a docstring, without invisible characters.
pub(super) fn prose(text: &str) -> String {
    escaped(text).replace("\"\"\"", "\\\"\\\"\\\"")
}

/// A string literal.
pub(super) fn string(text: &str) -> String {
    format!("\"{}\"", escaped(text).replace('"', "\\\""))
}

fn escaped(text: &str) -> String {
    let one = |c: char| match c {
        '\\' => "\\\\".to_string(),
        '\n' | '\r' | '\t' => format!("\\x{:02x}", u32::from(c)),
        c if is_deceptive(c) => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(one).collect()
}
