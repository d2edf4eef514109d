use std::io;
use std::path::Path;

use crate::disk;

/// Puts a new text in the place of a file's; of a link, in that of the file that it leads to.
pub(super) fn replace(file: &Path, text: &str) -> io::Result<()> {
    disk::replace(&file.canonicalize()?, text.as_bytes())
}
