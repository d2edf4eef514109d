use std::ops::Range;
use std::sync::OnceLock;

/// Identifies a file in [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

impl Span {
    /// The smallest span that holds both; `other` must be of the same file.
    pub fn to(self, other: Span) -> Span {
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A position for people: both numbers from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// One file's name, as shown to the user, and its text.
#[derive(Debug, Clone)]
pub struct SourceText {
    /// The path as the user would write it.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// Whether it comes with netc, so that there is no file to show or to change.
    pub own: bool,
    /// The first byte of each line, found when first asked for.
    lines: OnceLock<Vec<usize>>,
}

impl SourceText {
    fn new(name: impl Into<String>, text: impl Into<String>) -> SourceText {
        SourceText { name: name.into(), text: text.into(), own: false, lines: OnceLock::new() }
    }

    /// The line of a byte, from 0, and the text before that byte on this line. A byte within a
    /// character or past the end is moved back to the start of the character or to the end.
    pub fn line_to(&self, offset: usize) -> (usize, &str) {
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let breaks = || self.text.match_indices('\n').map(|(at, _)| at + 1);
        let starts = self.lines.get_or_init(|| std::iter::once(0).chain(breaks()).collect());
        let line = starts.partition_point(|start| *start <= end) - 1;
        (line, &self.text[starts[line]..end])
    }
}

/// Every file that a compilation has read.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<SourceText>,
}

impl Sources {
    /// Adds a file and returns its id.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        self.files.push(SourceText::new(name, text));
        FileId(self.files.len() as u32 - 1)
    }

    /// Adds a text that comes with netc.
    pub fn add_own(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        self.files.push(SourceText { own: true, ..SourceText::new(name, text) });
        FileId(self.files.len() as u32 - 1)
    }

    /// Replaces the text of a file by another one of the same length, so that spans stay valid.
    pub fn replace(&mut self, id: FileId, text: impl Into<String>) {
        let name = std::mem::take(&mut self.files[id.0 as usize].name);
        self.files[id.0 as usize] = SourceText::new(name, text);
    }

    /// The ids of all files, in the order in which they were added.
    pub fn ids(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..self.files.len() as u32).map(FileId)
    }

    /// The file of an id that [`Sources::add`] gave.
    pub fn get(&self, id: FileId) -> &SourceText {
        &self.files[id.0 as usize]
    }

    /// The text that a span covers.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file).text.get(span.start..span.end).unwrap_or("")
    }

    /// Line and column of a span's first byte.
    pub fn position(&self, span: Span) -> Position {
        let (line, before) = self.get(span.file).line_to(span.start);
        Position { line: line + 1, column: before.chars().count() + 1 }
    }

    /// Line and column of the byte after a span's last one.
    pub fn end_position(&self, span: Span) -> Position {
        self.position(Span { start: span.end, ..span })
    }

    /// The columns, from 0, that a span covers in its first line.
    pub fn columns(&self, span: Span) -> Range<usize> {
        let start = self.position(span).column - 1;
        let first = self.text(span).lines().next().unwrap_or_default();
        start..start + first.chars().count()
    }

    /// `file:line` of a span, for texts that mention a place in passing.
    pub fn place(&self, span: Span) -> String {
        format!("{}:{}", self.get(span.file).name, self.position(span).line)
    }
}
