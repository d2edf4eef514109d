use std::io::{self, Read as _};

use crate::limits::MAX_FILE_BYTES;

/// The text of standard input.
pub(super) fn read_stdin() -> Result<String, String> {
    let mut text = String::new();
    // One byte more than is allowed, so that the parser says what is.
    let read = io::stdin().take(MAX_FILE_BYTES as u64 + 1).read_to_string(&mut text);
    read.map(|_| text).map_err(|why| format!("cannot read standard input: {why}"))
}
