//! Places as the protocol counts them: lines from 0, columns in UTF-16 units.

use std::str::FromStr;

use lsp_types::{Location, Position, Range, Uri};

use crate::diag::{SourceText, Sources, Span};

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
fn position(source: &SourceText, offset: usize) -> Position {
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
    if sources.get(span.file).own {
        return None;
    }
    Some(Location::new(uri(&sources.get(span.file).name)?, range(sources, span)))
}

/// The path of a `file:` URI.
pub(super) fn path(uri: &Uri) -> Option<String> {
    let is_file = uri.scheme().is_some_and(|s| s.as_str() == "file");
    let path = uri.path().as_estr().decode().into_string().ok().filter(|_| is_file)?;
    (!path.is_empty()).then(|| path.into_owned())
}

/// The `file:` URI of an absolute path.
pub(super) fn uri(path: &str) -> Option<Uri> {
    let mut text = String::from("file://");
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' => text.push(byte.into()),
            b if b.is_ascii_alphanumeric() => text.push(b.into()),
            b => text.push_str(&format!("%{b:02X}")),
        }
    }
    Uri::from_str(&text).ok()
}
