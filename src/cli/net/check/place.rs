use serde::Serialize;

use crate::diag::{Sources, Span};

/// Where a span lies, for programs: lines and columns from 1, columns in characters, offsets in
/// bytes from 0; ends are exclusive.
#[derive(Debug, Serialize)]
pub(super) struct Place<'a> {
    pub file: &'a str,
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
    pub start: usize,
    pub end: usize,
}

impl Place<'_> {
    pub fn of(span: Span, sources: &Sources) -> Place<'_> {
        let (start, end) = (sources.position(span), sources.end_position(span));
        Place {
            file: &sources.get(span.file).name,
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            start: span.start,
            end: span.end,
        }
    }
}
