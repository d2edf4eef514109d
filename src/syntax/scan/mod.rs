//! What is settled before the grammar reads: comments, brackets, newlines and limits.

mod arrow;
mod foreign;
mod refusal;
mod unclosed;

use std::ops::Range;

use crate::diag::{Code, FileId, Problem, Span};
use crate::limits::{MAX_NESTING, MAX_SYNTAX_ERRORS};

pub(super) use refusal::parts;
use refusal::refusal;

/// A text made ready for the grammar.
#[derive(Debug)]
pub(super) struct Scanned {
    /// As long as the text; comments, and newlines that end no statement, are blanks.
    pub code: String,
    /// Where the comments stand, `#` included.
    pub comments: Vec<Range<usize>>,
    /// Every stretch of `code` that should be one statement; inner ones before those around them.
    pub statements: Vec<Range<usize>>,
    /// What is wrong with brackets, strings and limits.
    pub problems: Vec<Problem>,
    /// Whether `code` is worth parsing in spite of the problems.
    pub parsable: bool,
}

/// Sets comments aside, pairs brackets and decides which newlines end a statement.
pub(super) fn scan(text: &str, file: FileId) -> Scanned {
    let mut scanner = Scanner {
        text,
        file,
        out: Vec::with_capacity(text.len()),
        line: 0,
        open: Vec::new(),
        starts: vec![0],
        comments: Vec::new(),
        statements: Vec::new(),
        problems: Vec::new(),
        after_arrow: false,
        slashes: Vec::new(),
        suspect: None,
    };
    let parsable = match refusal(text, file) {
        Some(problem) => {
            scanner.problems.push(problem);
            false
        }
        None => scanner.run(),
    };
    Scanned {
        // Only whole characters are blanked, so the bytes stay UTF-8.
        code: String::from_utf8(scanner.out).unwrap_or_default(),
        comments: scanner.comments,
        statements: scanner.statements,
        problems: scanner.problems,
        parsable,
    }
}

#[derive(Clone, Copy)]
struct Open {
    mark: u8,
    at: usize,
    /// Where its line starts.
    line: usize,
}

/// `out.len()` is always the position in `text`.
struct Scanner<'t> {
    text: &'t str,
    file: FileId,
    out: Vec<u8>,
    /// Where the current line starts.
    line: usize,
    open: Vec<Open>,
    /// Where the current statement of each open brace starts, outermost first.
    starts: Vec<usize>,
    comments: Vec<Range<usize>>,
    statements: Vec<Range<usize>>,
    problems: Vec<Problem>,
    after_arrow: bool,
    /// Where `//` starts a comment.
    slashes: Vec<usize>,
    /// A `{` whose `}` stands further left than its own line: perhaps the one that lacks a `}`.
    suspect: Option<Open>,
}

impl Scanner<'_> {
    fn run(&mut self) -> bool {
        if self.text.starts_with('\u{feff}') {
            self.out.extend(b"   ");
        }
        loop {
            while let Some(&byte) = self.text.as_bytes().get(self.out.len()) {
                if !self.step(byte) || self.problems.len() > MAX_SYNTAX_ERRORS {
                    return false;
                }
            }
            if !self.inside_free() {
                break;
            }
            self.never_closed("the end of the file", self.out.len());
        }
        self.dangling();
        self.end_statement();
        self.foreign_comments();
        self.unclosed_braces()
    }

    fn step(&mut self, byte: u8) -> bool {
        let at = self.out.len();
        match byte {
            b'#' => self.comment(at),
            b'\n' => self.newline(),
            b' ' | b'\t' | b'\r' => self.out.push(byte),
            b'-' if self.text.as_bytes().get(at + 1) == Some(&b'>') => self.arrow(),
            b'/' if self.foreign_comment(at) => {}
            b')' | b']' | b'}' => self.closes(byte, at),
            _ => {
                self.after_arrow = false;
                match byte {
                    b'"' => self.string(at),
                    b'(' | b'[' | b'{' => return self.opens(byte, at),
                    _ => self.out.push(byte),
                }
            }
        }
        true
    }

    fn comment(&mut self, at: usize) {
        let end = self.line_end(at);
        let text = &self.text[at..end];
        self.comments.push(at..at + text.trim_end().len());
        self.blank_to(end);
    }

    fn newline(&mut self) {
        self.dangling_above();
        if self.inside_free() || self.after_arrow {
            self.out.push(b' ');
        } else {
            self.end_statement();
            self.out.push(b'\n');
            if let Some(start) = self.starts.last_mut() {
                *start = self.out.len();
            }
        }
        self.line = self.out.len();
    }

    fn string(&mut self, at: usize) {
        let rest = &self.text[at + 1..];
        let end = rest.find(['"', '\n']).unwrap_or(rest.len());
        let closed = rest[end..].starts_with('"');
        // A `{` that ends the line opens a body, whatever the string lacks.
        let written = rest[..end].trim_end().trim_end_matches('{').trim_end();
        let len = if closed { end + 2 } else { written.len() + 1 };
        self.out.extend(&self.text.as_bytes()[at..at + len]);
        if !closed {
            let message = "expected `\"` at the end of the string, got the end of the line";
            // Probably after what reads like a path or a word.
            let word = written.find([' ', ',', ')', ']', ':']).unwrap_or(written.len());
            let end = (self.span(at + 1 + word, 0), "\"".to_owned());
            let problem = self.problem(at, len, message, "never closed");
            self.problems.push(problem.fix("add `\"`", [end]));
            self.open.truncate(self.free_start());
        }
    }

    fn opens(&mut self, mark: u8, at: usize) -> bool {
        if mark == b'{' && self.inside_free() && self.never_closed("`{`", at) {
            return true;
        }
        if self.open.len() >= MAX_NESTING {
            let message = format!("expected brackets at most {MAX_NESTING} deep, got more");
            let span = self.span(at, 1);
            self.problems.push(Problem::new(Code::Limit, span, message).label("too deep"));
            return false;
        }
        self.out.push(mark);
        self.open.push(Open { mark, at, line: self.line });
        if mark == b'{' {
            self.starts.push(at + 1);
        }
        true
    }

    fn closes(&mut self, mark: u8, at: usize) {
        self.dangling();
        if mark == b'}' && self.inside_free() && self.never_closed("`}`", at) {
            return;
        }
        self.out.push(mark);
        let Some(open) = self.open.last().copied() else { return };
        if closer(open.mark) == mark {
            self.open.pop();
            if mark == b'}' {
                self.statements.extend(self.starts.pop().map(|start| start..at));
                self.suspicious(open, at);
            }
        } else if open.mark != b'{' {
            let message =
                format!("expected `{}`, got `{}`", closer(open.mark) as char, mark as char);
            let opener = self.span(open.at, 1);
            let problem =
                self.problem(at, 1, &message, "does not fit").related(opener, "opened here");
            self.problems.push(problem);
            self.open.pop();
            if self.open.last().is_some_and(|o| closer(o.mark) == mark) {
                self.open.pop();
            }
        }
    }

    fn problem(&self, at: usize, len: usize, message: &str, label: &str) -> Problem {
        Problem::new(Code::Syntax, self.span(at, len), message).label(label)
    }

    fn end_statement(&mut self) {
        if let Some(&start) = self.starts.last() {
            self.statements.push(start..self.out.len());
        }
    }

    /// Whether newlines are free here.
    fn inside_free(&self) -> bool {
        self.open.last().is_some_and(|o| o.mark != b'{')
    }

    /// How many brackets are open up to and including the innermost `{`.
    fn free_start(&self) -> usize {
        self.open.iter().rposition(|o| o.mark == b'{').map_or(0, |i| i + 1)
    }

    fn blank_to(&mut self, end: usize) {
        self.out.resize(end, b' ');
    }

    fn line_end(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |i| at + i)
    }

    fn span(&self, at: usize, len: usize) -> Span {
        Span { file: self.file, start: at, end: at + len }
    }
}

fn closer(mark: u8) -> u8 {
    match mark {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}
