use std::ops::Range;

use crate::diag::{Code, FileId, MAX_SHOWN, Problem, Span};

/// The size of the largest file that is read.
pub const MAX_FILE_BYTES: usize = 1 << 20;

/// How deep brackets may nest. The grammar recurses once a bracket, and a debug build of its parser
/// needs some 10 KiB of stack for each.
pub const MAX_NESTING: usize = 64;

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

fn refusal(text: &str, file: FileId) -> Option<Problem> {
    if text.len() > MAX_FILE_BYTES {
        let message = format!("expected a file of at most {MAX_FILE_BYTES} bytes, got {}", text.len());
        return Some(Problem::new(Code::Limit, Span { file, start: 0, end: 0 }, message));
    }
    let at = text.find('\0')?;
    let span = Span { file, start: at, end: at + 1 };
    Some(
        Problem::new(Code::Unreadable, span, "expected text, got a NUL byte")
            .label("NUL")
            .help("A `.net` file is plain UTF-8 text."),
    )
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
                if !self.step(byte) || self.problems.len() > MAX_SHOWN {
                    return false;
                }
            }
            if !self.inside_free() {
                break;
            }
            self.never_closed("the end of the file", self.out.len());
        }
        self.end_statement();
        self.unclosed_braces()
    }

    fn step(&mut self, byte: u8) -> bool {
        let at = self.out.len();
        match byte {
            b'#' => self.comment(at),
            b'\n' => self.newline(),
            b' ' | b'\t' | b'\r' => self.out.push(byte),
            b'-' if self.text.as_bytes().get(at + 1) == Some(&b'>') => self.arrow(),
            _ => {
                self.after_arrow = false;
                match byte {
                    b'"' => self.string(at),
                    b'(' | b'[' | b'{' => return self.opens(byte, at),
                    b')' | b']' | b'}' => self.closes(byte, at),
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

    /// Takes back the newlines before it.
    fn arrow(&mut self) {
        for byte in self.out.iter_mut().rev().take_while(|b| b.is_ascii_whitespace()) {
            if *byte == b'\n' {
                *byte = b' ';
                if let (Some(range), Some(start)) = (self.statements.pop(), self.starts.last_mut()) {
                    *start = range.start;
                }
            }
        }
        self.out.extend(b"->");
        self.after_arrow = true;
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
            self.problems.push(self.problem(at, len, message, "never closed"));
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
            let message = format!("expected `{}`, got `{}`", closer(open.mark) as char, mark as char);
            let opener = self.span(open.at, 1);
            let problem = self.problem(at, 1, &message, "does not fit").related(opener, "opened here");
            self.problems.push(problem);
            self.open.pop();
            if self.open.last().is_some_and(|o| closer(o.mark) == mark) {
                self.open.pop();
            }
        }
    }

    /// Reports the outermost `(` or `[` open in this statement, and takes all of them as closed. If
    /// the text that shows it stands on a later line, goes back to the end of the bracket's line, so
    /// that the lines below count as statements; true if it did.
    fn never_closed(&mut self, got: &str, at: usize) -> bool {
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

    fn unclosed_braces(&mut self) -> bool {
        let Some(open) = self.open.last().copied() else { return true };
        let open = self.suspect.unwrap_or(open);
        let header = self.text[open.line..open.at].trim();
        let short: Vec<&str> = header.split(['(', ' ', ':']).filter(|w| !w.is_empty()).take(2).collect();
        let whose = if short.is_empty() { String::new() } else { format!(" of `{}`", short.join(" ")) };
        let message = "expected `}`, got the end of the file";
        let problem = self
            .problem(open.at, 1, message, "opened here, never closed")
            .related(self.next_item(open), "probably before this")
            .help(format!("Add `}}` after the last statement{whose}."));
        self.problems.push(problem);
        false
    }

    /// The keyword of the first item below an item that opens with `open`.
    fn next_item(&self, open: Open) -> Option<Span> {
        let item = |line: &str| ["import ", "block ", "net "].iter().find(|w| line.starts_with(**w)).copied();
        item(&self.text[open.line..])?;
        let below = self.text[open.at..].match_indices('\n').map(|(i, _)| open.at + i + 1);
        let mut items = below.filter_map(|at| Some((at, item(&self.text[at..])?)));
        items.next().map(|(at, word)| self.span(at, word.trim_end().len()))
    }

    /// Remembers the first `{` whose `}` starts a line that is indented less than its own.
    fn suspicious(&mut self, open: Open, at: usize) {
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
