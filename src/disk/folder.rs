use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, FileType, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Read as _, Result};
#[cfg(unix)]
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path, PathBuf};

use super::read::{regular, take};
use super::replace::replace;

/// A folder that netc writes and that may come from a stranger: that of a run or a search.
///
/// The user names the folder itself. Everything inside it is accessed through this module, by
/// plain names, one folder at a time: no link is followed, only plain files and folders are
/// opened, no name leads out of it, and reads have a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
}

/// Exclusive ownership of a folder's run, held until it is dropped or its process ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
    name: String,
}

impl Lock {
    /// Whether its file is still the one of this name in the folder. It is not if the folder was
    /// moved or removed, even if there is another one in its place, which is not owned.
    pub fn is_in(&self, folder: &Folder) -> bool {
        let there = folder.meta(&self.name).ok().flatten();
        there.zip(self.file.metadata().ok()).is_some_and(|(there, own)| same(&there, &own))
    }
}

/// A folder as it was found at its path, to notice when another one has taken its place. It is kept
/// open, so that no new folder gets its number.
#[derive(Debug)]
pub struct Anchor {
    folder: Folder,
    #[cfg(unix)]
    open: File,
}

impl Anchor {
    /// Whether the folder is still the one at its path.
    #[cfg(unix)]
    pub fn holds(&self) -> bool {
        let there = fs::metadata(&self.folder.path).ok();
        there.zip(self.open.metadata().ok()).is_some_and(|(there, own)| same(&there, &own))
    }

    /// Whether there is still a folder at its path.
    #[cfg(not(unix))]
    pub fn holds(&self) -> bool {
        self.folder.path.is_dir()
    }
}

/// The metadata of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Its length in bytes.
    pub bytes: u64,
    /// When its content last changed, in nanoseconds since 1970; 0 where the file system does not
    /// say.
    pub modified: u128,
    /// When its metadata last changed, in the same unit, which no archive can set; 0 where the
    /// system does not say.
    pub changed: i128,
}

impl Folder {
    /// The folder at a path that the user named; it may be a link to one.
    ///
    /// # Errors
    /// No folder there.
    pub fn open(path: &Path) -> Result<Folder> {
        match fs::metadata(path)?.is_dir() {
            true => Ok(Folder { path: path.into() }),
            false => Err(a_file()),
        }
    }

    /// Like [`Folder::open`], but creates it and its parents if they do not exist.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn create(path: &Path) -> Result<Folder> {
        match fs::create_dir_all(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(a_file()),
            made => made.and_then(|()| Folder::open(path)),
        }
    }

    /// Creates a folder; `None` if something is there already, so that exactly one of several
    /// callers succeeds.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn create_new(path: &Path) -> Result<Option<Folder>> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        match DirBuilder::new().create(path) {
            Ok(()) => Ok(Some(Folder { path: path.into() })),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The folder that is at its path now.
    ///
    /// # Errors
    /// No folder there, or one that may not be read.
    pub fn anchor(&self) -> Result<Anchor> {
        Ok(Anchor {
            folder: self.clone(),
            #[cfg(unix)]
            open: File::open(&self.path)?,
        })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A subfolder.
    ///
    /// # Errors
    /// None there, or a link.
    pub fn sub(&self, name: &str) -> Result<Folder> {
        let path = self.join(name)?;
        let kind = fs::symlink_metadata(&path)?.file_type();
        match () {
            () if kind.is_dir() => Ok(Folder { path }),
            () if kind.is_symlink() => Err(link()),
            () => Err(a_file()),
        }
    }

    /// Like [`Folder::sub`], but creates it if it does not exist.
    ///
    /// # Errors
    /// A link, or a folder that cannot be made.
    pub fn create_sub(&self, name: &str) -> Result<Folder> {
        match DirBuilder::new().create(self.join(name)?) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) => self.sub(name),
        }
    }

    /// The names of everything in it, in order; at most `most` of them.
    ///
    /// # Errors
    /// What the system says, and [`ErrorKind::FileTooLarge`] for more names.
    pub fn names(&self, most: usize) -> Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            if names.len() == most {
                return Err(Error::new(ErrorKind::FileTooLarge, format!("more than {most} files")));
            }
            names.push(entry?.file_name());
        }
        names.sort_unstable();
        Ok(names)
    }

    /// The bytes of a file in it.
    ///
    /// # Errors
    /// What the system says, what is no plain file, and [`ErrorKind::FileTooLarge`].
    pub fn read(&self, name: &str, most: u64) -> Result<Vec<u8>> {
        take(self.open_file(name, OpenOptions::new().read(true))?, most)
    }

    /// The last bytes of a file in it, at most `most` of them.
    ///
    /// # Errors
    /// What the system says, and what is no plain file.
    pub fn read_end(&self, name: &str, most: u64) -> Result<Vec<u8>> {
        use std::io::{Seek as _, SeekFrom};
        let mut file = self.open_file(name, OpenOptions::new().read(true))?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Like [`Folder::read`], for a text in UTF-8.
    ///
    /// # Errors
    /// Also [`ErrorKind::InvalidData`], with the line.
    pub fn read_text(&self, name: &str, most: usize) -> Result<String> {
        super::read::text(self.read(name, most as u64)?)
    }

    /// A file to append to, created if it does not exist.
    ///
    /// # Errors
    /// What the system says, and what is no plain file.
    pub fn append(&self, name: &str) -> Result<File> {
        self.open_file(name, OpenOptions::new().append(true).create(true))
    }

    /// A new file to write; `None` if something of this name is there already.
    ///
    /// # Errors
    /// A file that cannot be made.
    pub fn create_file(&self, name: &str) -> Result<Option<File>> {
        match OpenOptions::new().write(true).create_new(true).open(self.join(name)?) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces the content of a file atomically, as [`replace`] does.
    ///
    /// # Errors
    /// What the system says; the old file is then as it was.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> Result<()> {
        replace(&self.join(name)?, bytes)
    }

    /// Removes a file or a link, if there is one.
    ///
    /// # Errors
    /// One that cannot be removed.
    pub fn remove(&self, name: &str) -> Result<()> {
        match fs::remove_file(self.join(name)?) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The metadata of a file; `None` if there is none.
    ///
    /// # Errors
    /// What the system says, and what is no plain file.
    pub fn stamp(&self, name: &str) -> Result<Option<Stamp>> {
        let Some(meta) = self.meta(name)? else { return Ok(None) };
        plain(&meta)?;
        let modified =
            meta.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let modified = modified.map_or(0, |time| time.as_nanos());
        Ok(Some(Stamp { bytes: meta.len(), modified, changed: changed(&meta) }))
    }

    /// Whether there is a plain file of this name.
    pub fn has(&self, name: &str) -> bool {
        matches!(self.stamp(name), Ok(Some(_)))
    }

    /// The path of a file in it, for functions that take no open file. It is a plain file, or does
    /// not exist yet.
    ///
    /// # Errors
    /// What is no plain file.
    pub fn file(&self, name: &str) -> Result<PathBuf> {
        self.meta(name)?.as_ref().map_or(Ok(()), plain)?;
        self.join(name)
    }

    /// Locks a lock file; `None` if another process holds it. The file stays after the lock is
    /// released.
    ///
    /// # Errors
    /// A file that cannot be made, a file system without locks.
    pub fn lock(&self, name: &str) -> Result<Option<Lock>> {
        let file = self.open_file(name, OpenOptions::new().append(true).create(true))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { file, name: name.into() })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    /// A plain name in the folder. Others, such as `..` or `a/b`, are refused.
    fn join(&self, name: &str) -> Result<PathBuf> {
        let mut parts = Path::new(name).components();
        match (parts.next(), parts.next()) {
            (Some(Component::Normal(only)), None) if only == name && !name.contains('\0') => {
                Ok(self.path.join(name))
            }
            _ => Err(Error::new(ErrorKind::InvalidInput, format!("{name:?} is no name of a file"))),
        }
    }

    fn meta(&self, name: &str) -> Result<Option<Metadata>> {
        match fs::symlink_metadata(self.join(name)?) {
            Ok(meta) => Ok(Some(meta)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn open_file(&self, name: &str, options: &mut OpenOptions) -> Result<File> {
        self.meta(name)?.as_ref().map_or(Ok(()), plain)?;
        // Should something else have taken its place, that is neither followed nor waited for.
        #[cfg(unix)]
        options.custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW);
        let file = options.open(self.join(name)?)?;
        plain(&file.metadata()?)?;
        Ok(file)
    }
}

/// Whether two are of one file or folder.
#[cfg(unix)]
fn same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

/// Files have no numbers here: whatever is there counts.
#[cfg(not(unix))]
fn same(_: &Metadata, _: &Metadata) -> bool {
    true
}

#[cfg(unix)]
fn changed(meta: &Metadata) -> i128 {
    use std::os::unix::fs::MetadataExt as _;
    i128::from(meta.ctime()) * 1_000_000_000 + i128::from(meta.ctime_nsec())
}

#[cfg(not(unix))]
fn changed(_: &Metadata) -> i128 {
    0
}

fn plain(meta: &Metadata) -> Result<()> {
    match FileType::is_symlink(&meta.file_type()) {
        true => Err(link()),
        false => regular(meta),
    }
}

/// Something that is no folder, where one belongs.
fn a_file() -> Error {
    Error::new(ErrorKind::NotADirectory, "a file, where a folder belongs")
}

fn link() -> Error {
    Error::new(ErrorKind::InvalidInput, "a symbolic link, which is not followed here")
}
