use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Read as _, Result};
#[cfg(unix)]
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

/// The bytes of a file of at most `most` bytes. Pipes, devices and sockets are refused before they
/// are opened: reading them may never end.
///
/// # Errors
/// What the system says, [`ErrorKind::IsADirectory`], [`ErrorKind::InvalidInput`] for what is no
/// file, and
/// [`ErrorKind::FileTooLarge`].
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    take(open(path)?, most)
}

/// A file that is read piece by piece. Pipes, devices and sockets are refused before they are
/// opened.
///
/// # Errors
/// What the system says, [`ErrorKind::IsADirectory`], and [`ErrorKind::InvalidInput`] for what is
/// no file.
pub fn open(path: &Path) -> Result<File> {
    regular(&std::fs::metadata(path).map_err(absent)?)?;
    // Should a pipe have taken the file's place, it is opened without waiting.
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    options.custom_flags(libc::O_NONBLOCK);
    let file = options.read(true).open(path)?;
    regular(&file.metadata()?)?;
    Ok(file)
}

/// The content of an open file, if it is a plain one of at most `most` bytes.
pub(super) fn take(file: File, most: u64) -> Result<Vec<u8>> {
    let meta = file.metadata()?;
    regular(&meta)?;
    let too_large = || Error::new(ErrorKind::FileTooLarge, format!("more than {most} bytes"));
    if meta.len() > most {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large()) } else { Ok(bytes) }
}

/// Like [`read`], for a text in UTF-8.
///
/// # Errors
/// Also [`ErrorKind::InvalidData`], with the line.
pub fn read_text(path: &Path, most: usize) -> Result<String> {
    text(read(path, most as u64)?)
}

/// Bytes that must be UTF-8.
pub(super) fn text(bytes: Vec<u8>) -> Result<String> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(Error::new(ErrorKind::InvalidData, "UTF-16, expected UTF-8: save it as UTF-8"));
    }
    String::from_utf8(bytes).map_err(|failure| {
        let valid = &failure.as_bytes()[..failure.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|b| **b == b'\n').count() + 1;
        Error::new(ErrorKind::InvalidData, format!("bytes that are not UTF-8 on line {line}"))
    })
}

/// What was found in place of a file that could be read.
pub fn found(failure: &Error) -> String {
    match failure.kind() {
        ErrorKind::NotFound => "no such file".to_owned(),
        ErrorKind::IsADirectory => "a folder".to_owned(),
        ErrorKind::NotADirectory => "a path that takes a file for a folder".to_owned(),
        ErrorKind::PermissionDenied => "a file that may not be read".to_owned(),
        _ => failure.to_string(),
    }
}

/// There are no files in a browser.
fn absent(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Unsupported => ErrorKind::NotFound.into(),
        _ => error,
    }
}

pub(super) fn regular(meta: &Metadata) -> Result<()> {
    let kind = meta.file_type();
    match () {
        () if kind.is_file() => Ok(()),
        () if kind.is_dir() => Err(ErrorKind::IsADirectory.into()),
        () => Err(Error::new(ErrorKind::InvalidInput, what(kind))),
    }
}

#[cfg(unix)]
fn what(kind: FileType) -> &'static str {
    match () {
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    }
}

#[cfg(not(unix))]
fn what(_kind: FileType) -> &'static str {
    "no file"
}
