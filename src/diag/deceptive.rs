/// Whether a character makes a text look like another, or drives a terminal: a control character, or one
/// that turns the direction of writing. No text that is read may hold one, not even in a comment.
pub fn is_deceptive(c: char) -> bool {
    let turns =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// A text with what is deceptive in it made visible, each character by one of as many bytes.
pub fn plain(text: &str) -> String {
    let visible = |c: char| match (is_deceptive(c), c.len_utf8()) {
        (false, _) => c,
        (true, 1) => '?',
        (true, 2) => '\u{bf}',
        (true, _) => '\u{fffd}',
    };
    text.chars().map(visible).collect()
}
