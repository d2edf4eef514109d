//! Names and texts of untrusted files, as messages say them.

use std::path::Path;

use super::error::DataError;

/// The maximum number of names in a message.
pub(super) const MOST_LISTED: usize = 12;

/// A buffer of this many bytes.
pub(super) fn room(path: &Path, bytes: usize) -> Result<Vec<u8>, DataError> {
    let mut room = Vec::new();
    match room.try_reserve_exact(bytes) {
        Ok(()) => Ok(room),
        Err(_) => Err(DataError::file(
            path,
            format!("{} MiB of pixels do not fit into memory", bytes >> 20),
        )),
    }
}

/// The first of some names.
pub(super) fn list(names: &[String]) -> String {
    let shown = names[..names.len().min(MOST_LISTED)].join(", ");
    match names.len() - names.len().min(MOST_LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A name for a data set by its path.
pub(super) fn name_of(path: &Path) -> String {
    let whole = path.canonicalize();
    let whole = whole.as_deref().unwrap_or(path);
    let name = if whole.is_dir() { whole.file_name() } else { whole.file_stem() };
    name.map_or_else(|| "data".into(), |name| printable(&name.to_string_lossy()))
}

/// An untrusted text without characters that control a terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
