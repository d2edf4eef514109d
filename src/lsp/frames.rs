//! Messages as the protocol frames them: a header that says how long the body is, then the body.
//!
//! After anything malformed, reading goes on at the next `Content-Length`. No line of a body can
//! end with one: JSON has no line break within a string, and no such words outside of strings. So a
//! body that is shorter than its header says is noticed when the next message comes.

use std::io::{self, BufRead, Read as _};

use serde_json::Value;

use crate::limits::{MAX_HEADER_BYTES, MAX_MESSAGE_BYTES};

const FIELD: &[u8] = b"content-length:";

/// Why some bytes are no message.
pub(super) type Malformed = String;

/// The messages that come in. An error of the input ends them as its end does.
pub(super) struct Frames<R> {
    input: R,
    /// A length that was read already: its header goes on.
    length: Option<usize>,
    /// The start of a header that was read as the end of a body.
    front: Vec<u8>,
    /// Whether what comes next may be the rest of something malformed.
    lost: bool,
}

enum HeaderLine<'l> {
    Blank,
    /// With what stands before it, which belongs to no header.
    Length {
        before: &'l [u8],
        value: &'l [u8],
    },
    Other,
    Garbage,
}

impl<R: BufRead> Frames<R> {
    pub(super) fn new(input: R) -> Frames<R> {
        Frames { input, length: None, front: Vec::new(), lost: false }
    }

    fn frame(&mut self) -> io::Result<Option<Result<Value, Malformed>>> {
        let length = match self.header()? {
            Some(Ok(length)) => length,
            Some(Err(why)) => return Ok(Some(Err(self.lose(why)))),
            None => return Ok(None),
        };
        let body = match self.body(length)? {
            Ok(body) => body,
            Err(why) => return Ok(Some(Err(self.lose(why)))),
        };
        Ok(Some(message(&body).map_err(|error| {
            self.front = header_start(&body).to_vec();
            self.lose(format!("expected JSON in UTF-8, got something else: {error}"))
        })))
    }

    fn lose(&mut self, why: Malformed) -> Malformed {
        self.lost = true;
        why
    }

    /// The length of the body that comes next.
    fn header(&mut self) -> io::Result<Option<Result<usize, Malformed>>> {
        let mut length = self.length.take();
        let mut bytes = 0;
        loop {
            let Some(text) = self.line()? else { return Ok(None) };
            bytes += text.len();
            if bytes > MAX_HEADER_BYTES && !self.lost {
                self.length = last_length(&text);
                return Ok(Some(Err(format!(
                    "expected a header of at most {MAX_HEADER_BYTES} bytes"
                ))));
            }
            match line(&text) {
                HeaderLine::Blank => match length {
                    Some(length) => {
                        self.lost = false;
                        return Ok(Some(Ok(length)));
                    }
                    None if bytes > text.len() && !self.lost => {
                        return Ok(Some(Err("expected `Content-Length` in the header".into())));
                    }
                    None => bytes = 0,
                },
                HeaderLine::Length { before, value } => {
                    let new = match number(value) {
                        Ok(new) => new,
                        Err(why) => return Ok(Some(Err(why))),
                    };
                    let clean = before.is_empty() && length.is_none_or(|length| length == new);
                    if !clean && !self.lost {
                        self.length = Some(new);
                        return Ok(Some(Err(
                            "expected one `Content-Length`, on a line of its own".into(),
                        )));
                    }
                    (length, self.lost, bytes) = (Some(new), false, 0);
                }
                HeaderLine::Garbage if !self.lost => {
                    return Ok(Some(Err("expected a header, `Content-Length: N`".into())));
                }
                HeaderLine::Other | HeaderLine::Garbage => {}
            }
        }
    }

    /// The next line with its end; of a long one, the end.
    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = std::mem::take(&mut self.front);
        loop {
            let read =
                (&mut self.input).take(MAX_HEADER_BYTES as u64).read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(None);
            }
            if line.ends_with(b"\n") {
                return Ok(Some(line));
            }
            // One byte more than the limit shows that it was too long.
            line.drain(..line.len().saturating_sub(MAX_HEADER_BYTES + 1));
        }
    }

    /// The body. What it takes grows with what comes, not with what the header says.
    fn body(&mut self, length: usize) -> io::Result<Result<Vec<u8>, Malformed>> {
        let mut body = Vec::new();
        while body.len() < length {
            let start = body.len();
            let rest = (length - start) as u64;
            if (&mut self.input).take(rest).read_until(b'\n', &mut body)? == 0 {
                return Ok(Err(format!(
                    "expected {length} bytes, got {start} and the end of the input"
                )));
            }
            if body.ends_with(b"\n")
                && let Some(next) = last_length(&body[start..])
            {
                self.length = Some(next);
                return Ok(Err(format!("expected {length} bytes, got the next header among them")));
            }
        }
        Ok(Ok(body))
    }
}

/// A body as JSON. An editor may cut a text between the two halves of a character: a half alone,
/// which no string of Rust's can hold, is read as U+FFFD, which takes as many UTF-16 units.
fn message(body: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(body).or_else(|error| match whole_characters(body) {
        Some(body) => serde_json::from_slice(&body),
        None => Err(error),
    })
}

/// A body with U+FFFD in the place of each half of a character; nothing if it has no such halves.
fn whole_characters(body: &[u8]) -> Option<Vec<u8>> {
    let unit = |at: usize| -> Option<u16> {
        let digits = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let (high, low) = (0xd800..=0xdbff, 0xdc00..=0xdfff);
    let (mut whole, mut at, mut changed) = (Vec::with_capacity(body.len()), 0, false);
    while at < body.len() {
        let taken = match (body[at], unit(at)) {
            (b'\\', Some(first))
                if high.contains(&first) && unit(at + 6).is_some_and(|u| low.contains(&u)) =>
            {
                12
            }
            (b'\\', Some(half)) if high.contains(&half) || low.contains(&half) => {
                whole.extend(b"\\ufffd");
                (at, changed) = (at + 6, true);
                continue;
            }
            // Whatever follows a backslash belongs to it.
            (b'\\', _) => 2,
            _ => 1,
        };
        let end = (at + taken).min(body.len());
        whole.extend(&body[at..end]);
        at = end;
    }
    changed.then_some(whole)
}

impl<R: BufRead> Iterator for Frames<R> {
    type Item = Result<Value, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        self.frame().ok().flatten()
    }
}

fn line(text: &[u8]) -> HeaderLine<'_> {
    let text = text.trim_ascii();
    let token = |name: &[u8]| {
        !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
    };
    match (last_field(text), text.iter().position(|b| *b == b':')) {
        _ if text.is_empty() => HeaderLine::Blank,
        (Some(at), _) if !(token(&text[..at]) && is_prefix(&text[..at])) => {
            HeaderLine::Length { before: &text[..at], value: text[at + FIELD.len()..].trim_ascii() }
        }
        (_, Some(colon)) if token(&text[..colon]) => HeaderLine::Other,
        _ => HeaderLine::Garbage,
    }
}

/// Whether a name that ends in `Content-Length` is another for what stands before: `X-` makes it
/// one, but not `Content-`, the start of a header that was cut short.
fn is_prefix(before: &[u8]) -> bool {
    before.ends_with(b"-") && !before.eq_ignore_ascii_case(b"content-")
}

/// Where the last `Content-Length:` stands.
fn last_field(text: &[u8]) -> Option<usize> {
    text.windows(FIELD.len()).rposition(|window| window.eq_ignore_ascii_case(FIELD))
}

/// The length that a line ends with.
fn last_length(text: &[u8]) -> Option<usize> {
    // Most lines end with no digit.
    text.trim_ascii_end().last().filter(|b| b.is_ascii_digit())?;
    match line(text) {
        HeaderLine::Length { value, .. } => number(value).ok(),
        HeaderLine::Blank | HeaderLine::Other | HeaderLine::Garbage => None,
    }
}

fn number(value: &[u8]) -> Result<usize, Malformed> {
    let text = String::from_utf8_lossy(value);
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse().ok().filter(|n| digits && *n <= MAX_MESSAGE_BYTES) {
        Some(length) => Ok(length),
        None => {
            let shown: String = text.chars().take(40).collect();
            Err(format!(
                "expected a `Content-Length` of 0 to {MAX_MESSAGE_BYTES} bytes, got `{shown}`"
            ))
        }
    }
}

/// The end of a body that may be the start of a header.
fn header_start(body: &[u8]) -> &[u8] {
    let whole = last_field(body).filter(|at| !body[*at..].contains(&b'\n'));
    let part = || {
        (body.len().saturating_sub(FIELD.len() - 1)..body.len()).find(|at| {
            let end = &body[*at..];
            end.eq_ignore_ascii_case(&FIELD[..end.len()])
        })
    };
    &body[whole.or_else(part).unwrap_or(body.len())..]
}
