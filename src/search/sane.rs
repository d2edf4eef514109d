//! What a text or a number in the files of a search may be. The files may come from a stranger.

use std::fmt::{Arguments, Debug};
use std::ops::RangeInclusive;

use crate::diag::{is_deceptive, plain};
use crate::limits::{MAX_REASON_BYTES, MAX_TEXT_BYTES};

/// Characters of what is said of a file.
const MOST_SAID: usize = 300;
/// Seconds, of a training or since 1970: far more than either takes.
pub(super) const SECONDS: RangeInclusive<f64> = 0.0..=1e11;

/// What is said of a file, so short and plain that it can be shown whatever the file holds.
pub(super) fn brief(text: &str) -> String {
    let text = plain(text).replace(['\n', '\r', '\t'], " ");
    match text.char_indices().nth(MOST_SAID) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// A number in its range; NaN is in none. `at` is the place that an error names.
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

/// A text of one line that a terminal shows as it is.
pub(super) fn line(at: Arguments<'_>, text: &str) -> Result<(), String> {
    match text.contains(char::is_control) {
        true => Err(format!("{at}: a control character")),
        false => message(at, text, MAX_TEXT_BYTES),
    }
}

/// Likewise, of several lines: why a run failed.
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
