//! Files from a `.tar.gz`, which may be untrusted.

use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use super::error::DataError;
use crate::disk;
use crate::limits::MAX_ARCHIVE_BYTES;

/// The content of the wanted files, `None` for a missing one; of each at most this many bytes, and
/// one more if it is longer. Entries are selected only by their plain names, so that no path in an
/// archive is ever followed and no long name or other extension is unpacked.
///
/// # Errors
/// An archive that cannot be read to its end, or unpacks to more than [`MAX_ARCHIVE_BYTES`].
pub(super) fn read(
    archive: &Path,
    wanted: &[(PathBuf, u64)],
) -> Result<Vec<Option<Vec<u8>>>, DataError> {
    let file = disk::open(archive).map_err(DataError::io(archive))?;
    let stream = GzDecoder::new(BufReader::new(file)).take(MAX_ARCHIVE_BYTES);
    let mut tar = tar::Archive::new(stream);
    let found = entries(&mut tar, wanted);
    let mut rest = tar.into_inner();
    // To the end, so that the checksum of the whole is compared.
    let found = found.and_then(|found| io::copy(&mut rest, &mut io::sink()).map(|_| found));
    let found = if rest.limit() == 0 { Err(too_large()) } else { found };
    found.map_err(DataError::io(archive))
}

fn too_large() -> io::Error {
    let text = format!("it unpacks to more than {} MiB", MAX_ARCHIVE_BYTES >> 20);
    io::Error::new(io::ErrorKind::FileTooLarge, text)
}

fn entries<R: Read>(
    tar: &mut tar::Archive<R>,
    wanted: &[(PathBuf, u64)],
) -> io::Result<Vec<Option<Vec<u8>>>> {
    let mut found = vec![None; wanted.len()];
    for entry in tar.entries()?.raw(true) {
        let entry = entry?;
        if entry.size() > MAX_ARCHIVE_BYTES {
            return Err(too_large());
        }
        let path = entry.path()?;
        let path = path.strip_prefix(".").unwrap_or(&path);
        let index = wanted.iter().position(|(name, _)| name == path);
        if let Some(index) = index.filter(|_| entry.header().entry_type().is_file()) {
            let mut bytes = Vec::new();
            entry.take(wanted[index].1 + 1).read_to_end(&mut bytes)?;
            found[index] = Some(bytes);
        }
    }
    Ok(found)
}
