use crate::diag::{Code, FileId, Problem, Span, is_deceptive_after};
use crate::limits::{MAX_FILE_BYTES, MAX_LINE_BYTES, MAX_LINES, MAX_NAME_BYTES, MAX_PARTS};

/// Why a text is not read at all.
pub(super) fn refusal(text: &str, file: FileId) -> Option<Problem> {
    if text.len() > MAX_FILE_BYTES {
        let message =
            format!("expected a file of at most {MAX_FILE_BYTES} bytes, got {}", text.len());
        return Some(Problem::new(Code::Limit, Span { file, start: 0, end: 0 }, message));
    }
    let (mut start, mut parts, mut lines) = (0, 0, 0);
    for line in text.split_inclusive('\n') {
        let said = parts_of(line);
        parts += said;
        lines += usize::from(said > 0);
        let found = if line.len() > MAX_LINE_BYTES {
            // Without the excerpt, which would be the line.
            let number = text[..start].matches('\n').count() + 1;
            let message = format!(
                "expected lines of at most {MAX_LINE_BYTES} bytes, got {} in line {number}",
                line.len()
            );
            Some(Problem::new(Code::Limit, Span { file, start: 0, end: 0 }, message))
        } else {
            deceptive(line, start, file).or_else(|| long_name(line, start, file))
        };
        if found.is_some() {
            return found;
        }
        start += line.len();
    }
    let (most, what, got) = match () {
        () if parts > MAX_PARTS => (MAX_PARTS, "words and arrows", parts),
        () if lines > MAX_LINES => (MAX_LINES, "lines that say something", lines),
        () => return None,
    };
    let message = format!("expected a file of at most {most} {what}, got {got}");
    let problem = Problem::new(Code::Limit, Span { file, start: 0, end: 0 }, message);
    Some(problem.help("Say what repeats as a block, or by `repeat`."))
}

fn deceptive(line: &str, start: usize, file: FileId) -> Option<Problem> {
    // A byte order mark is no part of the text.
    let is_mark = |at: usize, c: char| start + at == 0 && c == '\u{feff}';
    let before = std::iter::once('\n').chain(line.chars());
    let (_, (at, c)) = before
        .zip(line.char_indices())
        .find(|(before, (at, c))| is_deceptive_after(*before, *c) && !is_mark(*at, *c))?;
    let span = Span { file, start: start + at, end: start + at + c.len_utf8() };
    Some(match c {
        '\0' => Problem::new(Code::Unreadable, span, "expected text, got a NUL byte")
            .label("NUL")
            .help("A `.net` file is plain UTF-8 text."),
        c => {
            let code = format!("U+{:04X}", u32::from(c));
            Problem::new(
                Code::Syntax,
                span,
                format!("expected text, got the control character {code}"),
            )
            .label(code)
            .help("It is invisible, and can make a line look like another. Remove it.")
        }
    })
}

fn long_name(line: &str, start: usize, file: FileId) -> Option<Problem> {
    let mut at = 0;
    for word in line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        if word.len() > MAX_NAME_BYTES {
            let span = Span { file, start: start + at, end: start + at + word.len() };
            let message = format!(
                "expected words of at most {MAX_NAME_BYTES} characters, got {}",
                word.len()
            );
            return Some(Problem::new(Code::Limit, span, message).label("too long"));
        }
        at += word.len() + 1;
        while !line.is_char_boundary(at.min(line.len())) {
            at += 1;
        }
    }
    None
}

/// How many words and arrows a text has besides its comments.
pub(in crate::syntax) fn parts(text: &str) -> usize {
    text.lines().map(parts_of).sum()
}

/// How many words and arrows a line has besides its comment.
fn parts_of(line: &str) -> usize {
    let mut inside = false;
    let mut parts = 0;
    for byte in line.bytes().take_while(|byte| *byte != b'#') {
        let word = byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'"';
        parts += usize::from((word && !inside) || byte == b'>');
        inside = word;
    }
    parts
}
