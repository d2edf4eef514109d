//! The type of a file by its magic bytes, regardless of its name.

/// Magic bytes, each with their offset and the type that they identify.
const KINDS: [(usize, &[u8], &str); 18] = [
    (0, b"\x89PNG\r\n\x1a\n", PNG),
    (0, b"\xff\xd8\xff", JPEG),
    (0, b"GIF8", "a GIF image"),
    (8, b"WEBP", "a WebP image"),
    (0, b"BM", "a BMP image"),
    (0, b"II*\0", "a TIFF image"),
    (0, b"MM\0*", "a TIFF image"),
    (4, b"ftypavif", "an AVIF image"),
    (4, b"ftyphei", "a HEIC image"),
    (4, b"ftypmif1", "a HEIC image"),
    (4, b"ftyp", "a video"),
    (0, b"<", "XML or HTML, such as an error page in place of a download"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", ZIP),
    (0, b"\x1f\x8b", GZIP),
    (0, b"\x93NUMPY", ARRAY),
    (0, b"\x89HDF", "an HDF5 file"),
    (0, b"\x80", "a Python pickle"),
];
pub(super) const PNG: &str = "a PNG image";
pub(super) const JPEG: &str = "a JPEG image";
pub(super) const ZIP: &str = "a zip archive";
pub(super) const GZIP: &str = "a gzip archive";
pub(super) const ARRAY: &str = "a single array, an .npy file";

/// The type that these bytes identify; `None` if unknown.
pub(super) fn kind(bytes: &[u8]) -> Option<&'static str> {
    let begins =
        |at: usize, with: &[u8]| bytes.get(at..).is_some_and(|rest| rest.starts_with(with));
    KINDS.iter().find(|(at, with, _)| begins(*at, with)).map(|(.., what)| *what)
}
