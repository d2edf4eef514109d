//! Escaping text for other formats. Texts may be untrusted, so every writer of a format escapes
//! through this module.

use std::borrow::Cow;

/// The text without characters that XML 1.0 does not allow, not even escaped: each becomes U+FFFD.
/// Also for whole documents.
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

/// A text as a string of YAML, for the title of a Mermaid chart.
pub fn yaml(text: &str) -> String {
    dot(text)
}

/// A text of one line in quotes, for Mermaid.
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

/// A CSV cell that no spreadsheet interprets as a formula: a text that looks like one, unless it is
/// a number, gets a leading apostrophe.
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
