//! Text as other formats take it. What is drawn or listed may be a stranger's, so that every writer of
//! a format has its text from here.

use std::borrow::Cow;

/// The text without characters that XML 1.0 has no place for, not even escaped: each becomes U+FFFD.
/// A whole document may be given.
pub fn xml_characters(text: String) -> String {
    // https://www.w3.org/TR/xml/#charsets
    let legal = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
    if text.chars().all(legal) {
        return text;
    }
    text.chars().map(|c| if legal(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// A text for XML and HTML, as content or in quotes.
pub fn xml(text: &str) -> String {
    let text = xml_characters(text.into());
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A text as a string of DOT.
pub fn dot(text: &str) -> String {
    let text = visible(text, true);
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// A text as a string of YAML, in which Mermaid has its title.
pub fn yaml(text: &str) -> String {
    dot(text)
}

/// A text of one line between quotes of Mermaid.
pub fn mermaid(text: &str) -> String {
    let escape = |c| match c {
        '#' => "#35;".into(),
        '&' => "#amp;".into(),
        '"' => "#quot;".into(),
        '<' => "#lt;".into(),
        '>' => "#gt;".into(),
        c => c.to_string(),
    };
    visible(text, false).chars().map(escape).collect()
}

/// A text as a cell of CSV that no spreadsheet takes for a formula: unless it is a number, an
/// apostrophe stands before what such a program would compute.
pub fn cell(text: &str) -> Cow<'_, str> {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    match formula && text.parse::<f64>().is_err() {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}

/// The text with U+FFFD for each control character.
fn visible(text: &str, lines: bool) -> String {
    let legal = |c: char| !c.is_control() || (lines && c == '\n');
    text.chars().map(|c| if legal(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}
