//! Validation of text and numbers in the files of a search, which may be untrusted.

use std::fmt::{Arguments, Debug};
use std::ops::RangeInclusive;

use crate::diag::{is_deceptive, plain};
use crate::limits::{MAX_REASON_BYTES, MAX_TEXT_BYTES};

/// The maximum length of a message about a file.
const MOST_SAID: usize = 300;
/// Seconds of a training, or since 1970.
pub(super) const SECONDS: RangeInclusive<f64> = 0.0..=1e11;

/// A message about a file, shortened and sanitised so that it can be shown whatever the file
/// contains.
pub(super) fn brief(text: &str) -> String {
    let text = plain(text).replace(['\n', '\r', '\t'], " ");
    match text.char_indices().nth(MOST_SAID) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// Checks that a number is in its range; NaN never is. `at` is the place for the error.
pub(super) fn number<T: PartialOrd + Debug>(
    at: Arguments<'_>,
    value: T,
    range: &RangeInclusive<T>,
) -> Result<(), String> {
    match range.contains(&value) {
        true => Ok(()),
        false => {
            let (start, end) = (range.start(), range.end());
            Err(format!("{at}: expected a number from {start:?} to {end:?}, got {value:?}"))
        }
    }
}

/// Checks that a text is a single printable line.
pub(super) fn line(at: Arguments<'_>, text: &str) -> Result<(), String> {
    match text.contains(char::is_control) {
        true => Err(format!("{at}: a control character")),
        false => message(at, text, MAX_TEXT_BYTES),
    }
}

/// The same for several lines: the reason why a run failed.
pub(super) fn reason(at: Arguments<'_>, text: &str) -> Result<(), String> {
    message(at, text, MAX_REASON_BYTES)
}

fn message(at: Arguments<'_>, text: &str, most: usize) -> Result<(), String> {
    match () {
        () if text.len() > most => Err(format!("{at}: {} bytes of at most {most}", text.len())),
        () if text.contains(is_deceptive) => {
            Err(format!("{at}: a control character, or one that turns the direction of writing"))
        }
        () => Ok(()),
    }
}
