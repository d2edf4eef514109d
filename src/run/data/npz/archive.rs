//! The zip of arrays, with one limit for everything that is unpacked from it.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _};
use std::path::Path;

use zip::read::ZipFile;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::super::error::DataError;
use super::super::names::printable;
use super::super::sniff;
use super::npy::{Header, Type};
use crate::disk;
use crate::limits::{MAX_UNPACKED_BYTES, MAX_UNPACKED_RATIO};

/// The maximum number of bytes that are read at once, unless one item has more.
const BLOCK: usize = 1 << 16;

/// The ending of the name of an array.
const ENDING: &str = ".npy";

/// Receives the items of an array in order: the index of the first of some, and their bytes.
pub(super) type Take<'t> = dyn FnMut(usize, &[u8]) -> Result<(), DataError> + 't;

/// A file of arrays.
pub(super) struct Archive<'a> {
    pub path: &'a Path,
    zip: ZipArchive<BufReader<File>>,
    /// Bytes that the arrays may unpack to, and the bytes of those opened so far.
    most: u64,
    taken: u64,
}

/// An array whose header was read.
pub(super) struct Array {
    /// Its name in the file, which ends in `.npy`.
    pub entry: String,
    pub header: Header,
    /// Bytes of its items.
    size: u64,
}

impl<'a> Archive<'a> {
    /// Opens a file and lists its entries.
    pub fn open(path: &'a Path) -> Result<Archive<'a>, DataError> {
        let mut file = disk::open(path).map_err(DataError::io(path))?;
        let mut start = Vec::new();
        file.by_ref().take(16).read_to_end(&mut start).map_err(DataError::io(path))?;
        file.rewind().map_err(DataError::io(path))?;
        let bytes = file.metadata().map_err(DataError::io(path))?.len();
        let zip = ZipArchive::new(BufReader::new(file));
        let zip = zip.map_err(|_| DataError::file(path, no_arrays(sniff::kind(&start), bytes)))?;
        let most = MAX_UNPACKED_BYTES.max(bytes.saturating_mul(MAX_UNPACKED_RATIO));
        Ok(Archive { path, zip, most, taken: 0 })
    }

    /// An error about the file as a whole.
    pub fn wrong(&self, reason: impl Into<String>) -> DataError {
        DataError::file(self.path, reason)
    }

    /// The names in it.
    pub fn names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.zip.file_names().filter_map(Result::ok)
    }

    /// The array with a name, ignoring case.
    pub fn find(&self, name: &str) -> Option<String> {
        self.all(&[name]).into_iter().next()
    }

    /// The array with one of several names that mean the same.
    ///
    /// # Errors
    /// Two of them, of which one would be left out.
    pub fn only(&self, names: &[&str]) -> Result<Option<String>, DataError> {
        let all = self.all(names);
        match &all[..] {
            [one, other, ..] => Err(self.wrong(format!(
                "{} and {} stand for the same: expected one of them\n\
                 help: save the one that is meant",
                printable(one),
                printable(other)
            ))),
            _ => Ok(all.into_iter().next()),
        }
    }

    /// The arrays with one of these names, ignoring case.
    fn all(&self, names: &[&str]) -> Vec<String> {
        let wanted = |entry: &str| {
            let name =
                entry.len().checked_sub(ENDING.len()).and_then(|at| entry.split_at_checked(at));
            name.is_some_and(|(name, ending)| {
                ending.eq_ignore_ascii_case(ENDING)
                    && names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name))
            })
        };
        self.names().filter(|entry| wanted(entry)).map(Cow::into_owned).collect()
    }

    /// Reads the header of an array, whose whole size counts against the limit.
    pub fn array(&mut self, entry: String) -> Result<Array, DataError> {
        let path = self.path;
        let header = Header::read(&mut open(&mut self.zip, path, &entry)?)
            .map_err(|reason| DataError::file(path, format!("{entry}: {reason}")))?;
        let (left, mib) = (self.most - self.taken, |bytes: u64| bytes >> 20);
        let size = header.bytes().ok_or_else(|| {
            self.wrong(format!(
                "{entry}: its shape {:?} has more bytes than can be counted",
                header.shape
            ))
        })?;
        if size > left {
            return Err(self.wrong(format!(
                "{entry}: its shape {:?} makes {} MiB, {} are left of the {} MiB that this file may unpack to\n\
                 help: if it is sound, save it without compression: numpy.savez",
                header.shape,
                mib(size),
                mib(left),
                mib(self.most)
            )));
        }
        self.taken += size;
        Ok(Array { entry, header, size })
    }

    /// Reads an array and passes its items, each of this many bytes, to `take` in order.
    ///
    /// # Errors
    /// More or fewer bytes than its shape says, a checksum that differs, errors of `take`.
    pub fn read(
        &mut self,
        array: &Array,
        item: usize,
        take: &mut Take<'_>,
    ) -> Result<(), DataError> {
        let Array { entry, header, size } = array;
        let wrong = |reason: String| DataError::file(self.path, format!("{entry}: {reason}"));
        let mut file = open(&mut self.zip, self.path, entry)?;
        Header::read(&mut file).map_err(wrong)?;
        let block = (BLOCK / item.max(1)).max(1) * item;
        let (mut bytes, mut done) = (Vec::new(), 0);
        while done < *size {
            bytes.clear();
            let wanted = (*size - done).min(block as u64);
            let at = header.length + done;
            file.by_ref()
                .take(wanted)
                .read_to_end(&mut bytes)
                .map_err(|error| wrong(format!("cannot be read after byte {at}: {error}")))?;
            if (bytes.len() as u64) < wanted {
                let (end, shape) = (at + bytes.len() as u64, &header.shape);
                let early = header.length + size - end;
                return Err(wrong(format!(
                    "its shape {shape:?} makes {size} bytes, but it ends at byte {end}, {early} too early"
                )));
            }
            for (index, item) in bytes.chunks_exact(item.max(1)).enumerate() {
                take(done as usize / item.len() + index, item)?;
            }
            done += wanted;
        }
        // To its end, so that the checksum is compared.
        match file.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => {
                Err(wrong(format!("expected its end at byte {}, got more", header.length + size)))
            }
            Err(error) => Err(wrong(error.to_string())),
        }
    }
}

impl Array {
    /// Bytes of a number; `None` if it has none.
    pub fn width(&self) -> Option<usize> {
        match self.header.kind {
            Type::Unsigned(n) | Type::Signed(n) | Type::Float(n) => Some(n),
            Type::Text(_)
            | Type::Bytes(_)
            | Type::Objects
            | Type::Complex
            | Type::Times
            | Type::Raw
            | Type::Other => None,
        }
    }

    /// The position of an item of this many bytes.
    pub fn offset(&self, index: usize, item: usize) -> u64 {
        self.header.length + (index * item) as u64
    }
}

fn open<'z>(
    zip: &'z mut ZipArchive<BufReader<File>>,
    path: &Path,
    entry: &str,
) -> Result<ZipFile<'z, BufReader<File>>, DataError> {
    let wrong = |why: &str| DataError::file(path, format!("{entry}: {why}"));
    let file = zip.by_name(entry).map_err(|error| wrong(said(&error)))?;
    match file.compression() {
        CompressionMethod::Stored | CompressionMethod::Deflated => Ok(file),
        other => {
            let how = OTHER_METHODS.iter().find(|(method, _)| *method == other);
            let how = how.map_or("a method that is not read here", |(_, name)| name);
            Err(wrong(&format!(
                "compressed by {how}\nhelp: save it with `numpy.savez` or `numpy.savez_compressed`"
            )))
        }
    }
}

/// Ways of compression that NumPy does not use.
const OTHER_METHODS: [(CompressionMethod, &str); 5] = [
    (CompressionMethod::DEFLATE64, "Deflate64"),
    (CompressionMethod::BZIP2, "bzip2"),
    (CompressionMethod::LZMA, "LZMA"),
    (CompressionMethod::ZSTD, "Zstandard"),
    (CompressionMethod::XZ, "XZ"),
];

/// Why an entry cannot be opened.
fn said(error: &ZipError) -> &'static str {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
            "it is encrypted\nhelp: save it without a password"
        }
        _ => "its place in the archive is damaged",
    }
}

/// The error for a file that is not a zip archive.
fn no_arrays(kind: Option<&str>, bytes: u64) -> String {
    let help = match kind {
        Some(kind) if kind.ends_with("image") => {
            "give the folder of the images: DIR with DIR/train/CLASS/*.png and DIR/test/CLASS/*.png"
        }
        Some(sniff::ARRAY) => {
            "put all arrays into one file: numpy.savez(\"data.npz\", train_images=..., train_labels=..., \
             test_images=..., test_labels=...)"
        }
        Some(sniff::GZIP) => "unpack it, and give the folder",
        Some(sniff::ZIP) => {
            return "it is cut short or damaged: its end, which lists the arrays, is missing\n\
                    help: fetch or save it again"
                .into();
        }
        Some(kind) => return format!("expected an .npz file, got {kind}"),
        None if bytes == 0 => return "expected an .npz file, got an empty file".into(),
        None => return "expected an .npz file, got other bytes".into(),
    };
    format!("expected an .npz file, got {}\nhelp: {help}", kind.unwrap_or_default())
}
