//! How the user's own run folders are distinguished from others: by a mark that only this user's
//! netc can have written.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Result, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::data::cache_folder;
use crate::disk::Folder;

/// The file in the user's cache folder with the secret key.
const KEY: &str = "key";
const KEY_BYTES: usize = 32;

/// The mark of a path: a keyed hash that nobody can compute without the user's key. `None` if no
/// key can be stored.
pub(super) fn mark(path: &Path) -> Option<String> {
    mark_of(path.as_os_str().as_encoded_bytes())
}

/// The mark of a file's content.
pub(crate) fn mark_of(content: &[u8]) -> Option<String> {
    let key = key().ok()?;
    // Hashed twice, so that no mark can be lengthened into another.
    let inner = Sha256::digest(content);
    let digest = Sha256::new().chain_update(key).chain_update(inner).finalize();
    Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The user's key, created if there is no complete one.
fn key() -> Result<[u8; KEY_BYTES]> {
    let folder = Folder::create(&cache_folder().map_err(std::io::Error::other)?)?;
    let read = || folder.read(KEY, KEY_BYTES as u64).ok()?.try_into().ok();
    if let Some(key) = read() {
        return Ok(key);
    }
    folder.remove(KEY)?;
    let mut key = [0; KEY_BYTES];
    let Some(mut file) = folder.create_file(KEY)? else { return Err(ErrorKind::WouldBlock.into()) };
    private(&file)?;
    File::open("/dev/urandom")?.read_exact(&mut key)?;
    file.write_all(&key)?;
    Ok(key)
}

#[cfg(unix)]
fn private(file: &File) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn private(_file: &File) -> Result<()> {
    Err(ErrorKind::Unsupported.into())
}
