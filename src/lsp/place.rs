//! Places as the protocol counts them: lines from 0, columns in UTF-16 units.

use gen_lsp_types::{Location, Position, Range, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::diag::{SourceText, Sources, Span};

/// What is written as `%..` in the path of a URI.
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The byte that a position means; the end of the line or text where it is beyond that.
pub(super) fn offset(text: &str, position: Position) -> usize {
    let mut start = 0;
    for _ in 0..position.line {
        match text[start..].find('\n') {
            Some(i) => start += i + 1,
            None => return text.len(),
        }
    }
    let line = text[start..].lines().next().unwrap_or("");
    let mut units = 0;
    for (i, c) in line.char_indices() {
        if units >= position.character as usize {
            return start + i;
        }
        units += c.len_utf16();
    }
    start + line.len()
}

/// The position of a byte.
pub(super) fn position(source: &SourceText, offset: usize) -> Position {
    let (line, before) = source.line_to(offset);
    Position::new(line as u32, before.encode_utf16().count() as u32)
}

pub(super) fn range(sources: &Sources, span: Span) -> Range {
    let source = sources.get(span.file);
    Range::new(position(source, span.start), position(source, span.end))
}

pub(super) fn whole(source: &SourceText) -> Range {
    Range::new(Position::new(0, 0), position(source, source.text.len()))
}

pub(super) fn location(sources: &Sources, span: Span) -> Option<Location> {
    let source = sources.get(span.file);
    (!source.own).then(|| Location::new(uri(&source.name), range(sources, span)))
}

/// Whether a text begins as every URI does.
pub(super) fn is_uri(text: &str) -> bool {
    let mark = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    text.split_once(':').is_some_and(|(scheme, _)| !scheme.is_empty() && scheme.chars().all(mark))
}

/// The path of a `file:` URI.
pub(super) fn path(uri: &Uri) -> Option<String> {
    let (scheme, rest) = uri.0.split_once(':')?;
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let path = match rest.strip_prefix("//") {
        Some(rest) => &rest[rest.find('/')?..],
        None => rest,
    };
    let path = percent_decode_str(path).decode_utf8().ok()?;
    (scheme.eq_ignore_ascii_case("file") && !path.is_empty()).then(|| path.into_owned())
}

/// The same; of another URI the path of no file.
pub(super) fn path_or_none(uri: &Uri) -> String {
    path(uri).unwrap_or_default()
}

/// The `file:` URI of an absolute path.
pub(super) fn uri(path: &str) -> Uri {
    format!("file://{}", utf8_percent_encode(path, ENCODED)).into()
}
