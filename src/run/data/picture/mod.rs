//! PNG and JPEG files, read within limits because they may be untrusted.

mod jpeg;
mod png;
mod raw;
mod scan;

use std::path::Path;

use super::error::DataError;
use super::sniff;
use crate::disk;
use crate::limits::MAX_IMAGE_FILE_BYTES;

pub use raw::Picture;

/// Whether a name is that of a PNG or JPEG file.
pub(super) fn is_picture(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
    ["png", "jpg", "jpeg"].contains(&extension.as_str())
}

/// Channels, height and width of the oriented image, without decoding it.
pub(super) fn size(path: &Path) -> Result<[usize; 3], DataError> {
    let bytes = read(path)?;
    let head = match sniff::kind(&bytes) {
        Some(sniff::PNG) => png::head(&bytes),
        Some(sniff::JPEG) => jpeg::head(&bytes),
        other => Err(no_picture(other, &bytes)),
    };
    head.map(|head| head.size()).map_err(|reason| DataError::file(path, reason))
}

impl Picture {
    /// Reads an image and applies its EXIF orientation; `resize` gives it another height and
    /// width.
    ///
    /// # Errors
    /// Not a PNG or JPEG with 8 bits per channel, or one that is damaged, truncated, animated, too
    /// large, or transparent.
    pub fn read(path: &Path, resize: Option<[usize; 2]>) -> Result<Picture, DataError> {
        let bytes = read(path)?;
        let raw = match sniff::kind(&bytes) {
            Some(sniff::PNG) => png::decode(&bytes),
            Some(sniff::JPEG) => jpeg::decode(&bytes),
            other => Err(no_picture(other, &bytes)),
        };
        let picture = raw.and_then(|raw| raw.picture(resize));
        picture.map_err(|reason| DataError::file(path, reason))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    disk::read(path, MAX_IMAGE_FILE_BYTES).map_err(DataError::io(path))
}

fn no_picture(kind: Option<&str>, bytes: &[u8]) -> String {
    match kind {
        _ if bytes.is_empty() => "expected a PNG or JPEG, got an empty file".into(),
        Some(kind) if kind.ends_with("image") => format!(
            "expected a PNG or JPEG, got {kind}\n\
             help: with ImageMagick, for example: mogrify -format png FILE"
        ),
        Some(kind) => format!("expected a PNG or JPEG, got {kind}"),
        None => "expected a PNG or JPEG, got other bytes".into(),
    }
}
