/// Whether a character makes a text look like another, or controls a terminal: a control
/// character, one that changes the direction of writing, or an invisible one. No input text may
/// contain one, not even in a comment.
pub fn is_deceptive(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}');
    // Separators of lines, joiners and fillers without width, and the tags that repeat ASCII
    // unseen. The joiners U+200C and U+200D are letters of several scripts, which
    // `is_deceptive_after` judges by their neighbour.
    let unseen = matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}' | '\u{200b}'
            | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    );
    turns || unseen || (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// The same of a character after another: also a joiner, or a selector of variants, after ASCII,
/// where it changes nothing that can be seen.
pub fn is_deceptive_after(before: char, c: char) -> bool {
    match c {
        '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => before.is_ascii(),
        c => is_deceptive(c),
    }
}

/// A text with its deceptive characters made visible, each replaced by a character of the same
/// length in bytes.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if is_deceptive(c) { mark(c) } else { c }).collect()
}

/// A text that is safe for a terminal: like [`plain`], and without a carriage return inside a line
/// or a joiner that joins nothing.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let hides = match c {
            '\r' => rest.peek() != Some(&'\n'),
            c => is_deceptive_after(before, c),
        };
        out.push(if hides { mark(c) } else { c });
        before = c;
    }
    out
}

/// JSON with deceptive characters, which can only occur in its strings, written as escapes.
pub fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match is_deceptive(c) || matches!(c, '\u{200c}' | '\u{200d}') {
            true => {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out += &format!("\\u{unit:04x}"))
            }
            false => out.push(c),
        }
    }
    out
}

/// The replacement for a deceptive character.
fn mark(c: char) -> char {
    match c.len_utf8() {
        1 => '?',
        2 => '\u{bf}',
        3 => '\u{fffd}',
        _ => '\u{1fbc4}',
    }
}
