//! Colours in texts. Each is a private character rather than an escape, so that untrusted text, in
//! which escapes are made visible, can do no more than set colours. The command line converts them
//! to escapes.

/// Removed, or failed.
pub const RED: &str = "\u{fdd0}";
/// New, or good.
pub const GREEN: &str = "\u{fdd1}";
/// Changed, or a warning.
pub const YELLOW: &str = "\u{fdd2}";
/// Headings.
pub const BOLD: &str = "\u{fdd3}";
/// Secondary text.
pub const DIM: &str = "\u{fdd4}";
/// The end of a colour.
pub const PLAIN: &str = "\u{fdd5}";

/// Each with its number in a terminal escape.
const CODES: [(&str, u8); 6] =
    [(RED, 31), (GREEN, 32), (YELLOW, 33), (BOLD, 1), (DIM, 2), (PLAIN, 0)];

/// Whether a character is a colour, which takes no place.
pub fn is_colour(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdd5}')
}

/// A text with its colours as terminal escapes.
pub fn coloured(text: &str) -> String {
    CODES.iter().fold(text.to_owned(), |text, (colour, code)| {
        text.replace(colour, &format!("\x1b[{code}m"))
    })
}
