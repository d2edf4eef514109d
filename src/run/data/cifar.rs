//! CIFAR-10 and CIFAR-100 (Krizhevsky, 2009) in their binary layout: files of records, each one or
//! two label bytes and then the red, green and blue planes of a 32x32 image.

use std::env;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::cache::cache_folder;
use super::dataset::{Dataset, Split};
use super::download::{self, Remote};
use super::error::DataError;
use super::normalisation::Normalisation;
use super::progress::Progress;
use super::tarball;
use crate::disk;

const SIDE: usize = 32;
const PIXELS: usize = 3 * SIDE * SIDE;
/// The maximum size of a file of names.
const MOST_NAMES: u64 = 1 << 16;

/// One of the two data sets.
#[derive(Debug)]
pub struct Cifar {
    /// Its name for `--data`.
    pub name: &'static str,
    /// The official archive; its MD5 as published on the data set's page.
    pub archive: Remote,
    /// Its file name.
    pub archive_name: &'static str,
    /// The one folder in it.
    pub folder_name: &'static str,
    /// The training files in order, then the test file, each with the number of its records.
    pub files: &'static [(&'static str, usize)],
    /// Label bytes of a record; the last one is the class.
    pub label_bytes: usize,
    names: Names,
    /// Mean and deviation, where they are published with the article's recipe.
    normalisation: Option<[[f32; 3]; 2]>,
}

/// Where the names of the classes are.
#[derive(Debug)]
enum Names {
    Known(&'static [&'static str]),
    /// This many, one per line in this file.
    File(&'static str, usize),
}

/// Ten classes.
pub static CIFAR10: Cifar = Cifar {
    name: "cifar10",
    archive: Remote {
        url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        bytes: 170_052_171,
        md5: "c32a1d4ab5d03f1284b67883e8d87530",
    },
    archive_name: "cifar-10-binary.tar.gz",
    folder_name: "cifar-10-batches-bin",
    files: &[
        ("data_batch_1.bin", 10_000),
        ("data_batch_2.bin", 10_000),
        ("data_batch_3.bin", 10_000),
        ("data_batch_4.bin", 10_000),
        ("data_batch_5.bin", 10_000),
        ("test_batch.bin", 10_000),
    ],
    label_bytes: 1,
    names: Names::Known(&[
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ]),
    normalisation: Some([[125.31, 122.95, 113.87], [62.99, 62.09, 66.70]]),
};

/// A hundred classes: the fine labels, not the twenty coarse ones.
pub static CIFAR100: Cifar = Cifar {
    name: "cifar100",
    archive: Remote {
        url: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        bytes: 168_513_733,
        md5: "03b5dce01913d631647c71ecec9e9cb8",
    },
    archive_name: "cifar-100-binary.tar.gz",
    folder_name: "cifar-100-binary",
    files: &[("train.bin", 50_000), ("test.bin", 10_000)],
    label_bytes: 2,
    names: Names::File("fine_label_names.txt", 100),
    normalisation: None,
};

/// A copy of a data set on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder with the `.bin` files.
    Folder(PathBuf),
    /// The official archive, or one laid out like it.
    Archive(PathBuf),
}

impl Source {
    /// The folder or the archive.
    pub fn path(&self) -> &Path {
        match self {
            Source::Folder(path) | Source::Archive(path) => path,
        }
    }
}

impl Cifar {
    /// Loads from `$NETC_DATA`, else from the user's cache folder, else downloads into that.
    ///
    /// # Errors
    /// What is found is damaged, or nothing is found and the download fails.
    pub fn load(&self, on_progress: &mut dyn FnMut(Progress)) -> Result<Dataset, DataError> {
        let source = match self.named() {
            Some(source) => source,
            None => self.provide(&self.archive, &cache_folder()?, on_progress)?,
        };
        self.read(&source, on_progress)
    }

    /// The copy on this machine, if there is one. Looks at names only.
    pub fn found(&self) -> Option<Source> {
        self.named().or_else(|| self.find(&cache_folder().ok()?))
    }

    fn named(&self) -> Option<Source> {
        self.find(Path::new(&env::var_os("NETC_DATA")?))
    }

    /// The copy in `folder`, which may also be the folder of the `.bin` files itself. Looks at
    /// names only.
    pub fn find(&self, folder: &Path) -> Option<Source> {
        let archive = folder.join(self.archive_name);
        [folder.join(self.folder_name), folder.to_owned()]
            .into_iter()
            .find(|folder| folder.join(self.files[0].0).exists())
            .map(Source::Folder)
            .or_else(|| archive.exists().then_some(Source::Archive(archive)))
    }

    /// The copy in `cache`, downloaded from `remote` and unpacked there unless one is there
    /// already. Of several processes that call this at once, one downloads and the others wait for
    /// it.
    ///
    /// # Errors
    /// The download fails or is not what was expected, or `cache` cannot be written.
    pub fn provide(
        &self,
        remote: &Remote,
        cache: &Path,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Source, DataError> {
        if let Some(source) = self.find(cache) {
            return Ok(source);
        }
        fs::create_dir_all(cache).map_err(DataError::io(cache))?;
        let lock_path = cache.join("lock");
        let lock = File::create(&lock_path).map_err(DataError::io(&lock_path))?;
        lock.lock().map_err(DataError::io(&lock_path))?;
        if let Some(source) = self.find(cache) {
            return Ok(source);
        }
        let archive = cache.join(self.archive_name);
        download::fetch(remote, &archive, on_progress)?;
        on_progress(Progress::Unpacking);
        let folder = self.unpack(&archive, cache)?;
        fs::remove_file(&archive).map_err(DataError::io(&archive))?;
        Ok(Source::Folder(folder))
    }

    /// Reads all images.
    ///
    /// # Errors
    /// A file is missing, has the wrong size, or holds a label that names no class.
    pub fn read(
        &self,
        source: &Source,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Dataset, DataError> {
        on_progress(Progress::Reading);
        let (mut train, mut test) = (Split::default(), Split::default());
        let mut names = None;
        let mut take = |name: &str, path: &Path, bytes: &[u8]| match self.place(name) {
            Some(index) if index + 1 < self.files.len() => {
                self.append(&mut train, index, path, bytes)
            }
            Some(index) => self.append(&mut test, index, path, bytes),
            None => {
                names = Some(self.lines(path, bytes)?);
                Ok(())
            }
        };
        match source {
            Source::Folder(folder) => {
                for (name, most) in self.contents() {
                    let path = folder.join(name);
                    let mut bytes = Vec::new();
                    let file = disk::open(&path).map_err(DataError::io(&path))?;
                    file.take(most + 1).read_to_end(&mut bytes).map_err(DataError::io(&path))?;
                    take(name, &path, &bytes)?;
                }
            }
            Source::Archive(archive) => {
                for ((name, _), bytes) in self.contents().zip(self.read_archive(archive)?) {
                    take(name, &archive.join(name), &bytes)?;
                }
            }
        }
        let known = match self.names {
            Names::Known(names) => names.iter().map(|&name| name.to_owned()).collect(),
            Names::File(..) => Vec::new(),
        };
        let published = self.normalisation.map(|[mean, std]| Normalisation::new(&mean, &std));
        Ok(Dataset {
            path: source.path().canonicalize().ok(),
            name: self.name.to_owned(),
            image: [3, SIDE, SIDE],
            classes: names.unwrap_or(known),
            normalisation: published
                .unwrap_or_else(|| Normalisation::of(&train.images, 3, SIDE * SIDE)),
            note: None,
            train,
            test,
        })
    }

    /// The files that are read, each with the largest size of a valid one.
    fn contents(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let images =
            self.files.iter().enumerate().map(|(i, (name, _))| (*name, self.file_bytes(i) as u64));
        let names = match self.names {
            Names::Known(_) => None,
            Names::File(name, _) => Some((name, MOST_NAMES)),
        };
        images.chain(names)
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.files.iter().position(|(file, _)| *file == name)
    }

    fn record_bytes(&self) -> usize {
        self.label_bytes + PIXELS
    }

    /// The size of one of the files.
    pub fn file_bytes(&self, index: usize) -> usize {
        self.files[index].1 * self.record_bytes()
    }

    /// Adds the records of one file, `path` being for the error only.
    fn append(
        &self,
        split: &mut Split,
        index: usize,
        path: &Path,
        bytes: &[u8],
    ) -> Result<(), DataError> {
        let expected = self.file_bytes(index);
        if bytes.len() != expected {
            // A longer file was not read to its end.
            let got = fs::metadata(path).map_or(bytes.len() as u64, |file| file.len());
            return Err(DataError::Size { path: path.to_owned(), expected: expected as u64, got });
        }
        let classes = match self.names {
            Names::Known(names) => names.len(),
            Names::File(_, count) => count,
        };
        split.images.reserve(bytes.len());
        for (index, record) in bytes.chunks_exact(self.record_bytes()).enumerate() {
            let label = record[self.label_bytes - 1];
            if usize::from(label) >= classes {
                return Err(DataError::Label {
                    path: path.to_owned(),
                    offset: (index * self.record_bytes() + self.label_bytes - 1) as u64,
                    label: label.into(),
                    last: classes - 1,
                });
            }
            split.labels.push(label.into());
            split.images.extend_from_slice(&record[self.label_bytes..]);
        }
        Ok(())
    }

    /// The names in a file of them.
    fn lines(&self, path: &Path, bytes: &[u8]) -> Result<Vec<String>, DataError> {
        let text = String::from_utf8_lossy(bytes);
        let names: Vec<String> = text
            .lines()
            .map(|line| line.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect();
        match self.names {
            Names::File(_, count) if names.len() != count => Err(DataError::File {
                path: path.to_owned(),
                reason: format!(
                    "expected the names of {count} classes, a line each, got {}",
                    names.len()
                ),
            }),
            Names::Known(_) | Names::File(..) => Ok(names),
        }
    }

    /// What was read, in the order of [`Cifar::contents`].
    fn read_archive(&self, archive: &Path) -> Result<Vec<Vec<u8>>, DataError> {
        let wanted: Vec<(PathBuf, u64)> = self
            .contents()
            .map(|(name, most)| (Path::new(self.folder_name).join(name), most))
            .collect();
        let missing = |file| DataError::Incomplete { path: archive.to_owned(), file };
        let pairs = tarball::read(archive, &wanted)?.into_iter().zip(self.contents());
        pairs.map(|(bytes, (name, _))| bytes.ok_or_else(|| missing(name))).collect()
    }

    /// Unpacks into `cache`, where the folder appears whole or not at all.
    fn unpack(&self, archive: &Path, cache: &Path) -> Result<PathBuf, DataError> {
        let contents = self.read_archive(archive)?;
        let name = self.folder_name;
        let (temporary, folder) = (cache.join(format!("{name}.part")), cache.join(name));
        if temporary.exists() {
            fs::remove_dir_all(&temporary).map_err(DataError::io(&temporary))?;
        }
        fs::create_dir(&temporary).map_err(DataError::io(&temporary))?;
        for ((name, _), bytes) in self.contents().zip(contents) {
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
}
