//! Colours in texts. Each is a character that belongs to no script, so that a text of a stranger, in which escapes are made
//! visible, can hold none that does more than colour. The command line turns them into escapes.

/// What is gone, or fails.
pub const RED: &str = "\u{fdd0}";
/// What is new, or good.
pub const GREEN: &str = "\u{fdd1}";
/// What is another, or odd.
pub const YELLOW: &str = "\u{fdd2}";
/// Headings.
pub const BOLD: &str = "\u{fdd3}";
/// What stands beside the matter.
pub const DIM: &str = "\u{fdd4}";
/// The end of a colour.
pub const PLAIN: &str = "\u{fdd5}";

/// Each with the number by which a terminal knows it.
const CODES: [(&str, u8); 6] = [(RED, 31), (GREEN, 32), (YELLOW, 33), (BOLD, 1), (DIM, 2), (PLAIN, 0)];

/// A text with its colours as the escapes of a terminal.
pub fn coloured(text: &str) -> String {
    CODES.iter().fold(text.to_owned(), |text, (colour, code)| text.replace(colour, &format!("\x1b[{code}m")))
}
