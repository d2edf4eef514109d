use std::ffi::OsStr;
use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write as _};
#[cfg(unix)]
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// The suffix of a file that is being written. Its name begins with `.` and its final name.
const ENDING: &str = ".tmp";
/// How many times another process may mistake a new file for one left behind.
const ATTEMPTS: u32 = 8;
/// How many bytes of a file's name the name of its new file begins with: file systems allow 255 in
/// all.
const MOST_OF_NAME: usize = 128;
/// The maximum number of links on a path.
const MOST_LINKS: usize = 40;

/// Replaces the content of a file atomically: a reader, even after a crash of the machine, finds
/// either the complete old content or the complete new one. A link is replaced, never followed.
/// Leftovers of earlier writers of this file that were killed are removed.
///
/// # Errors
/// What the system says. The old file is then unchanged, unless only the last step failed: making
/// sure that the new one survives a crash.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    Staged::new(path, bytes)?.commit()
}

/// New content beside the file that it will replace; removed if it is dropped before that.
struct Staged<'p> {
    path: &'p Path,
    /// `None` once it has replaced the file.
    new: Option<PathBuf>,
    /// Holds the lock.
    _file: File,
}

impl<'p> Staged<'p> {
    fn new(path: &'p Path, bytes: &[u8]) -> Result<Staged<'p>> {
        let start = start(path).ok_or_else(|| Error::from(ErrorKind::InvalidInput))?;
        let folder = folder(path);
        sweep(folder, &start);
        for _ in 0..ATTEMPTS {
            let (new, mut file) = create(folder, &start)?;
            // Held until it is closed: it tells a file that is being written from one left behind.
            // Where there are no locks nothing is swept.
            let _ = file.lock();
            // Swept away between its creation and its lock.
            if !new.exists() {
                continue;
            }
            let filled = fill(&mut file, path, bytes);
            let staged = Staged { path, new: Some(new), _file: file };
            return filled.map(|()| staged);
        }
        Err(Error::new(ErrorKind::Interrupted, "another process keeps removing the new file"))
    }

    fn commit(mut self) -> Result<()> {
        if let Some(new) = &self.new {
            fs::rename(new, self.path)?;
        }
        self.new = None;
        sync_folder(folder(self.path))
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if let Some(new) = &self.new {
            let _ = fs::remove_file(new);
        }
    }
}

/// The folder that a file is in.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The prefix of the name of a file's new content.
fn start(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    let cut = (0..=MOST_OF_NAME.min(name.len())).rev().find(|&at| name.is_char_boundary(at));
    Some(format!(".{}.", &name[..cut.unwrap_or(0)]))
}

/// Keeps a file, if it exists, under a second name until it is replaced.
///
/// # Errors
/// What the system says; both names are then unchanged.
pub fn keep(path: &Path, name: &Path) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    // Under a name that the next writer of the file sweeps away, should this one be killed.
    let start = start(path).ok_or_else(|| Error::from(ErrorKind::InvalidInput))?;
    let new = path.with_file_name(format!("{start}{}-keep{ENDING}", std::process::id()));
    let _ = fs::remove_file(&new);
    match fs::hard_link(path, &new) {
        Ok(()) => fs::rename(&new, name),
        // A file system without links: for a moment there is the old file alone, under its new
        // name.
        Err(_) => fs::rename(path, name),
    }
}

/// Writes to a place that the user named: a file is replaced, a device or a pipe is written to.
///
/// # Errors
/// A read-only file, a folder, what the system says.
pub fn write_out(path: &Path, bytes: &[u8]) -> Result<()> {
    write_together(&[(path, bytes)]).map_err(|(_, error)| error)
}

/// Writes to several places as [`write_out`] does, to none of them unless all can be written.
///
/// # Errors
/// Which of them cannot be written, and why.
pub fn write_together<'p>(
    outs: &[(&'p Path, &[u8])],
) -> std::result::Result<(), (&'p Path, Error)> {
    let (streams, files): (Vec<_>, Vec<_>) = outs.iter().partition(|(path, _)| is_open(path));
    let staged = stage(files)?;
    for &(path, bytes) in streams {
        let opened = descriptor(path)
            .map_or_else(|| OpenOptions::new().write(true).open(path), open_descriptor);
        opened.and_then(|mut file| file.write_all(bytes)).map_err(|error| (path, error))?;
    }
    staged.into_iter().try_for_each(|new| {
        let path = new.path;
        new.commit().map_err(|error| (path, error))
    })
}

/// Checks that [`write_together`] can write to these places, before the work for it begins.
///
/// # Errors
/// Which of them cannot be written, and why.
pub fn may_write_together<'p>(outs: &[&'p Path]) -> std::result::Result<(), (&'p Path, Error)> {
    let files = outs.iter().filter(|path| !is_open(path)).map(|&path| (path, &[][..]));
    stage(files).map(drop)
}

/// New contents beside the files that they will replace.
fn stage<'p, 'b>(
    files: impl IntoIterator<Item = (&'p Path, &'b [u8])>,
) -> std::result::Result<Vec<Staged<'p>>, (&'p Path, Error)> {
    let mut staged: Vec<Staged<'p>> = Vec::new();
    for (path, bytes) in files {
        if staged.iter().any(|other| is_same(other.path, path)) {
            let what = "it is to hold another output too; give each a file of its own";
            return Err((path, Error::new(ErrorKind::InvalidInput, what)));
        }
        let new = may_replace(path).and_then(|()| Staged::new(path, bytes));
        staged.push(new.map_err(|error| (path, error))?);
    }
    Ok(staged)
}

/// Whether a path is that of a stream or of an open file of this process.
fn is_open(path: &Path) -> bool {
    let kind = fs::metadata(path).map(|meta| meta.file_type());
    descriptor(path).is_some() || kind.is_ok_and(is_stream)
}

/// Whether two paths, whose folders exist, name the same file.
fn is_same(a: &Path, b: &Path) -> bool {
    let place =
        |path: &Path| folder(path).canonicalize().ok().zip(path.file_name().map(OsStr::to_owned));
    place(a) == place(b)
}

/// Writes new text to a user's file; a link is followed. A file with several hard links is written
/// in place, because otherwise it would become two files.
///
/// # Errors
/// A read-only file, what the system says; the file is then unchanged.
pub fn rewrite(path: &Path, bytes: &[u8]) -> Result<()> {
    let path = path.canonicalize()?;
    may_replace(&path)?;
    if has_other_names(&path)? { in_place(&path, bytes) } else { replace(&path, bytes) }
}

/// Checks that there is no file, or one that may be written.
///
/// # Errors
/// A read-only file, a folder, a device or a socket.
pub fn may_replace(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(old) if old.is_dir() => Err(ErrorKind::IsADirectory.into()),
        Ok(old) if old.is_file() && is_read_only(&old) => {
            let what = "the file is read-only; make it writable with `chmod u+w`, or name another";
            Err(Error::new(ErrorKind::PermissionDenied, what))
        }
        Ok(old) if !old.is_file() && !old.is_symlink() => {
            Err(Error::new(ErrorKind::InvalidInput, "it is no file; name another"))
        }
        _ => Ok(()),
    }
}

/// The open file of this process that a path such as `/dev/fd/1` means. It may be a plain file,
/// which must not be replaced.
#[cfg(unix)]
fn descriptor(path: &Path) -> Option<PathBuf> {
    let mut path = std::path::absolute(path).ok()?;
    for _ in 0..MOST_LINKS {
        let folder = path.parent()?;
        let folders = ["/dev/fd", "/proc/self/fd", "/proc/thread-self/fd"].map(Path::new);
        let own = Path::new("/proc").join(std::process::id().to_string()).join("fd");
        if folders.contains(&folder) || folder == own {
            return Some(path);
        }
        path = folder.join(fs::read_link(&path).ok()?);
    }
    None
}

#[cfg(not(unix))]
fn descriptor(_path: &Path) -> Option<PathBuf> {
    None
}

/// An open file by its number, to continue writing after what was written to it before.
#[cfg(unix)]
fn open_descriptor(path: PathBuf) -> Result<File> {
    use std::os::fd::AsFd as _;
    match path.file_name().and_then(OsStr::to_str) {
        Some("1") => std::io::stdout().as_fd().try_clone_to_owned().map(File::from),
        Some("2") => std::io::stderr().as_fd().try_clone_to_owned().map(File::from),
        _ => OpenOptions::new().append(true).open(path),
    }
}

#[cfg(not(unix))]
fn open_descriptor(path: PathBuf) -> Result<File> {
    OpenOptions::new().append(true).open(path)
}

/// Overwrites a file; if that fails, its old content is written back.
fn in_place(path: &Path, bytes: &[u8]) -> Result<()> {
    let old = fs::read(path)?;
    let write = |bytes: &[u8]| {
        let mut file = OpenOptions::new().write(true).open(path)?;
        file.write_all(bytes)?;
        file.set_len(bytes.len() as u64)?;
        file.sync_all()
    };
    write(bytes).inspect_err(|_| {
        let _ = write(&old);
    })
}

#[cfg(unix)]
fn has_other_names(path: &Path) -> Result<bool> {
    Ok(fs::metadata(path)?.nlink() > 1)
}

#[cfg(not(unix))]
fn has_other_names(_path: &Path) -> Result<bool> {
    Ok(false)
}

/// Whether its owner may not write to it.
#[cfg(unix)]
fn is_read_only(meta: &Metadata) -> bool {
    meta.mode() & 0o200 == 0
}

#[cfg(not(unix))]
fn is_read_only(meta: &Metadata) -> bool {
    meta.permissions().readonly()
}

#[cfg(unix)]
fn is_stream(kind: FileType) -> bool {
    kind.is_fifo() || kind.is_char_device()
}

#[cfg(not(unix))]
fn is_stream(_kind: FileType) -> bool {
    false
}

/// Flushes the names in a folder to disk.
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
fn create(folder: &Path, start: &str) -> Result<(PathBuf, File)> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let new = folder.join(format!("{start}{}-{count}{ENDING}", std::process::id()));
    let file = OpenOptions::new().write(true).create_new(true).open(&new)?;
    Ok((new, file))
}

fn fill(file: &mut File, path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(old) = fs::symlink_metadata(path).ok().filter(|old| old.is_file()) {
        file.set_permissions(old.permissions())?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes the leftovers of writers of a file. One that cannot be removed now is left for later.
fn sweep(folder: &Path, start: &str) {
    let left_behind = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let ours = name.starts_with(start) && name.ends_with(ENDING);
        ours && path.is_file() && File::open(path).is_ok_and(|file| file.try_lock().is_ok())
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()).filter(left_behind) {
        let _ = fs::remove_file(path);
    }
}
