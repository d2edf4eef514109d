use std::ffi::OsString;
use std::fs::{self, File, FileType, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write as _};
#[cfg(unix)]
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// What the name of a file that is being written ends in. It begins with `.` and the name it will have.
const ENDING: &str = ".tmp";
/// How often another process may take a new file for one left behind.
const ATTEMPTS: u32 = 8;

/// Gives a file a new content in one step: a reader, also after a crash of the machine, finds the old
/// one whole or the new one whole. A link is replaced, never followed. What earlier writers of this file
/// left behind when they were killed is removed.
///
/// # Errors
/// What the system says; the old file is then as it was, unless all was done but the last: making sure
/// that the new one outlives a crash.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path.file_name().ok_or_else(|| Error::from(ErrorKind::InvalidInput))?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let start = OsString::from_iter([".".as_ref(), name, ".".as_ref()]);
    sweep(folder, &start);
    for _ in 0..ATTEMPTS {
        let (new, mut file) = create(folder, &start)?;
        let written = fill(&mut file, path, bytes).and_then(|()| fs::rename(&new, path));
        match written {
            Ok(()) => return sync_folder(folder),
            // Swept away between its creation and its lock.
            Err(error) if error.kind() == ErrorKind::NotFound && !new.exists() => {}
            Err(error) => {
                let _ = fs::remove_file(&new);
                return Err(error);
            }
        }
    }
    Err(Error::new(ErrorKind::Interrupted, "another process keeps removing the new file"))
}

/// Keeps a file, if it is there, under another name too, until it is replaced.
///
/// # Errors
/// What the system says; both names then mean what they meant.
pub fn keep(path: &Path, name: &Path) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    // Under a name that the next writer of the file sweeps away, should this one be killed.
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let new = path.with_file_name(format!(".{file}.{}-keep{ENDING}", std::process::id()));
    let _ = fs::remove_file(&new);
    match fs::hard_link(path, &new) {
        Ok(()) => fs::rename(&new, name),
        // A file system without links: for a moment there is the old file alone, under its new name.
        Err(_) => fs::rename(path, name),
    }
}

/// Writes to a place that the user named: a file is replaced, a device or a pipe is written to.
///
/// # Errors
/// What the system says.
pub fn write_out(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::metadata(path).is_ok_and(|meta| is_stream(meta.file_type())) {
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    replace(path, bytes)
}

#[cfg(unix)]
fn is_stream(kind: FileType) -> bool {
    kind.is_fifo() || kind.is_char_device()
}

#[cfg(not(unix))]
fn is_stream(_kind: FileType) -> bool {
    false
}

/// Waits until the names in a folder are on the disk.
///
/// # Errors
/// What the system says.
pub fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    match File::open(folder)?.sync_all() {
        // A file system without this has nothing to wait for.
        Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(()),
        done => done,
    }
}

/// A new file beside the one to be replaced.
fn create(folder: &Path, start: &OsString) -> Result<(PathBuf, File)> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let mut name = start.clone();
    name.push(format!("{}-{}{ENDING}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    let new = folder.join(name);
    let file = OpenOptions::new().write(true).create_new(true).open(&new)?;
    Ok((new, file))
}

fn fill(file: &mut File, path: &Path, bytes: &[u8]) -> Result<()> {
    // Held until it is closed: it tells a file that is being written from one left behind. Where there
    // are no locks nothing is swept.
    let _ = file.lock();
    if let Some(old) = fs::symlink_metadata(path).ok().filter(|old| old.is_file()) {
        file.set_permissions(old.permissions())?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes what writers of one file left behind. A file that cannot be removed now is left for later.
fn sweep(folder: &Path, start: &OsString) {
    let left_behind = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let ours = name.starts_with(start.as_encoded_bytes()) && name.ends_with(ENDING.as_bytes());
        ours && path.is_file() && File::open(path).is_ok_and(|file| file.try_lock().is_ok())
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()).filter(left_behind) {
        let _ = fs::remove_file(path);
    }
}
