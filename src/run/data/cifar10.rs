//! CIFAR-10 (Krizhevsky, 2009) in its binary layout: files of 10,000 records, each a label byte and then the
//! red, green and blue planes of a 32x32 image.

use std::env;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use flate2::read::GzDecoder;

use super::download::{self, Remote};
use super::{DataError, Dataset, Progress, Split};
use crate::disk;

/// The official archive; size and MD5 as published on the data set's page.
pub const ARCHIVE: Remote = Remote {
    url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    bytes: 170_052_171,
    md5: "c32a1d4ab5d03f1284b67883e8d87530",
};

/// The file name of [`ARCHIVE`].
pub const ARCHIVE_NAME: &str = "cifar-10-binary.tar.gz";
/// The one folder in [`ARCHIVE`].
pub const FOLDER_NAME: &str = "cifar-10-batches-bin";
/// Bytes of one file: 10,000 records of a label and 3 x 32 x 32 pixels.
pub const FILE_BYTES: usize = 10_000 * RECORD;

const RECORD: usize = 1 + 3 * 32 * 32;
/// The training files in order, then the test file.
const FILES: [&str; 6] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
    "test_batch.bin",
];
const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// A copy of the data set on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder with the six `.bin` files.
    Folder(PathBuf),
    /// The official archive, or one laid out like it.
    Archive(PathBuf),
}

impl Source {
    /// The folder that [`find`] finds it in.
    fn folder(&self) -> Option<&Path> {
        match self {
            Source::Folder(folder) => Some(folder),
            Source::Archive(archive) => archive.parent(),
        }
    }
}

/// Loads from `$NETC_DATA`, else from the user's cache folder, else downloads into that.
///
/// # Errors
/// What is found is damaged, or nothing is found and the download fails.
pub fn load(on_progress: &mut dyn FnMut(Progress)) -> Result<Dataset, DataError> {
    let named = env::var_os("NETC_DATA").and_then(|folder| find(Path::new(&folder)));
    let source = match named {
        Some(source) => source,
        None => provide(&ARCHIVE, &cache_folder()?, on_progress)?,
    };
    read(&source, on_progress)
}

/// The copy in `folder`, which may also be the folder of the `.bin` files itself. Looks at names only.
pub fn find(folder: &Path) -> Option<Source> {
    let archive = folder.join(ARCHIVE_NAME);
    [folder.join(FOLDER_NAME), folder.to_owned()]
        .into_iter()
        .find(|folder| folder.join(FILES[0]).exists())
        .map(Source::Folder)
        .or_else(|| archive.exists().then_some(Source::Archive(archive)))
}

/// The copy in `cache`, downloaded from `remote` and unpacked there unless one is there already.
/// Of several processes that call this at once, one downloads and the others wait for it.
///
/// # Errors
/// The download fails or is not what was expected, or `cache` cannot be written.
pub fn provide(
    remote: &Remote,
    cache: &Path,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<Source, DataError> {
    if let Some(source) = find(cache) {
        return Ok(source);
    }
    fs::create_dir_all(cache).map_err(DataError::io(cache))?;
    let lock_path = cache.join("lock");
    let lock = File::create(&lock_path).map_err(DataError::io(&lock_path))?;
    lock.lock().map_err(DataError::io(&lock_path))?;
    if let Some(source) = find(cache) {
        return Ok(source);
    }
    let archive = cache.join(ARCHIVE_NAME);
    download::fetch(remote, &archive, on_progress)?;
    on_progress(Progress::Unpacking);
    let folder = unpack(&archive, cache)?;
    fs::remove_file(&archive).map_err(DataError::io(&archive))?;
    Ok(Source::Folder(folder))
}

/// Reads all 60,000 images.
///
/// # Errors
/// A file is missing, has the wrong size, or holds a label over 9.
pub fn read(source: &Source, on_progress: &mut dyn FnMut(Progress)) -> Result<Dataset, DataError> {
    on_progress(Progress::Reading);
    let (mut train, mut test) = (Split::default(), Split::default());
    let mut file_into_split = |index: usize, path: &Path, bytes: &[u8]| {
        let split = if index < 5 { &mut train } else { &mut test };
        append(split, path, bytes)
    };
    match source {
        Source::Folder(folder) => {
            for (index, name) in FILES.iter().enumerate() {
                let path = folder.join(name);
                let bytes = fs::read(&path).map_err(DataError::io(&path))?;
                file_into_split(index, &path, &bytes)?;
            }
        }
        Source::Archive(archive) => {
            for (index, bytes) in read_archive(archive)?.iter().enumerate() {
                file_into_split(index, &archive.join(FILES[index]), bytes)?;
            }
        }
    }
    Ok(Dataset {
        folder: source.folder().and_then(|f| f.canonicalize().ok()),
        name: "cifar10".to_owned(),
        image: [3, 32, 32],
        classes: CLASSES.map(str::to_owned).to_vec(),
        train,
        test,
        // Of the 50,000 training images, as published with the article's recipe.
        mean: [125.31, 122.95, 113.87],
        std: [62.99, 62.09, 66.70],
    })
}

/// Adds the records of one file, `path` being for the error only.
fn append(split: &mut Split, path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    if bytes.len() != FILE_BYTES {
        return Err(DataError::Size {
            path: path.to_owned(),
            expected: FILE_BYTES as u64,
            got: bytes.len() as u64,
        });
    }
    split.images.reserve(bytes.len());
    for (index, record) in bytes.chunks_exact(RECORD).enumerate() {
        let label = record[0];
        if usize::from(label) >= CLASSES.len() {
            return Err(DataError::Label { path: path.to_owned(), offset: index * RECORD, label });
        }
        split.labels.push(label);
        split.images.extend_from_slice(&record[1..]);
    }
    Ok(())
}

/// The content of [`FILES`] in that order. Takes an entry by its name alone, so that no path in an archive is ever
/// followed, and no more of it than a sound file has.
fn read_archive(archive: &Path) -> Result<Vec<Vec<u8>>, DataError> {
    let io = || DataError::io(archive);
    let file = File::open(archive).map_err(io())?;
    let mut tar = tar::Archive::new(GzDecoder::new(BufReader::new(file)));
    let mut found: [Option<Vec<u8>>; FILES.len()] = Default::default();
    for entry in tar.entries().map_err(io())? {
        let entry = entry.map_err(io())?;
        let path = entry.path().map_err(io())?;
        let wanted = FILES.iter().position(|name| path.as_ref() == Path::new(FOLDER_NAME).join(name));
        if let Some(index) = wanted.filter(|_| entry.header().entry_type().is_file()) {
            let mut bytes = Vec::with_capacity(FILE_BYTES);
            let limit = FILE_BYTES as u64 + 1;
            entry.take(limit).read_to_end(&mut bytes).map_err(io())?;
            found[index] = Some(bytes);
        }
    }
    let complete = found
        .into_iter()
        .zip(FILES)
        .map(|(bytes, file)| bytes.ok_or_else(|| DataError::Incomplete { path: archive.to_owned(), file }));
    complete.collect()
}

/// Unpacks into `cache`, where [`FOLDER_NAME`] appears whole or not at all.
fn unpack(archive: &Path, cache: &Path) -> Result<PathBuf, DataError> {
    let contents = read_archive(archive)?;
    let (temporary, folder) = (cache.join(format!("{FOLDER_NAME}.part")), cache.join(FOLDER_NAME));
    if temporary.exists() {
        fs::remove_dir_all(&temporary).map_err(DataError::io(&temporary))?;
    }
    fs::create_dir(&temporary).map_err(DataError::io(&temporary))?;
    for (name, bytes) in FILES.iter().zip(contents) {
        let path = temporary.join(name);
        fs::write(&path, bytes).map_err(DataError::io(&path))?;
        let file = File::open(&path).map_err(DataError::io(&path))?;
        file.sync_all().map_err(DataError::io(&path))?;
    }
    disk::sync_folder(&temporary).map_err(DataError::io(&temporary))?;
    fs::rename(&temporary, &folder).map_err(DataError::io(&folder))?;
    disk::sync_folder(cache).map_err(DataError::io(cache))?;
    Ok(folder)
}

pub(in crate::run) fn cache_folder() -> Result<PathBuf, DataError> {
    let base = etcetera::choose_base_strategy().map_err(|_| DataError::NoCache)?;
    Ok(base.cache_dir().join("netc"))
}
