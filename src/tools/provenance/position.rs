use serde::Serialize;

use crate::diag::{Sources, Span};

/// A place in a text; line and column from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct FilePosition {
    pub file: String,
    pub line: usize,
    pub column: usize,
}

/// `file:line:column`
impl std::fmt::Display for FilePosition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl FilePosition {
    pub(super) fn of(span: Span, sources: &Sources) -> FilePosition {
        let position = sources.position(span);
        let file = sources.get(span.file).name.clone();
        FilePosition { file, line: position.line, column: position.column }
    }
}
