//! Images and labels as NumPy's `savez` writes them: a zip of arrays.
//!
//! The file may come from a stranger. Entries are taken by their names and none is written to disk; an array is read
//! up to the size that its shape says, within limits, and its values are checked.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use zip::ZipArchive;

use super::npy::{Header, Type};
use super::{
    DataError, Dataset, MOST_BYTES, MOST_CLASSES, Normalisation, Progress, Split, name_of, printable,
};

/// The names that images and labels of the two splits may have, whatever their case.
const ARRAYS: [[&str; 4]; 3] = [
    ["train_images", "train_labels", "test_images", "test_labels"],
    ["x_train", "y_train", "x_test", "y_test"],
    ["train_x", "train_y", "test_x", "test_y"],
];
/// The names that an array of the classes' names may have.
const NAMES: [&str; 3] = ["class_names", "label_names", "classes"];
/// A file may be unpacked to this without a question, and to more if that is not so many times its size.
const HARMLESS: u64 = 1 << 30;
const MOST_TIMES: u64 = 200;
/// The most channels by which an axis is known to be the one of channels.
const MOST_CHANNELS: usize = 4;
/// The most bytes of the array of names.
const MOST_NAMES: u64 = 64 << 20;
/// The most arrays that a message lists.
const MOST_LISTED: usize = 12;

type Archive = ZipArchive<BufReader<File>>;

/// Reads `train_images`, `train_labels`, `test_images` and `test_labels`, or the same under other usual names.
///
/// Images are bytes, `[n, height, width]`, `[n, height, width, channels]` or `[n, channels, height, width]`: the axis
/// of the channels is the one, last or second, with 4 entries or fewer. Labels are integers, `[n]` or `[n, 1]`.
///
/// # Errors
/// An array is missing, or is not such an array; a label names no class; the file is too large.
pub fn read(path: &Path, on_progress: &mut dyn FnMut(Progress)) -> Result<Dataset, DataError> {
    on_progress(Progress::Reading);
    let file = File::open(path).map_err(DataError::io(path))?;
    let archive = ZipArchive::new(BufReader::new(file));
    let archive = archive.map_err(|e| DataError::file(path, format!("expected an .npz file: {e}")))?;
    let mut reader = Reader { path, archive };
    let [images, labels, test_images, test_labels] = reader.arrays()?;
    let (image, train) = reader.images(&images)?;
    let (test_image, test) = reader.images(&test_images)?;
    if image != test_image {
        let reason = format!(
            "{images} has images {image:?}, {test_images} has {test_image:?} (channels, height, width)"
        );
        return Err(DataError::file(path, reason));
    }
    let named = reader.class_names()?;
    let count = named.as_ref().map_or(MOST_CLASSES, Vec::len);
    let train = reader.split(&images, &labels, train, image, count)?;
    let test = reader.split(&test_images, &test_labels, test, image, count)?;
    let highest = train.labels.iter().chain(&test.labels).max().map_or(0, |&label| usize::from(label));
    Ok(Dataset {
        name: name_of(path),
        path: path.canonicalize().ok(),
        image,
        classes: named.unwrap_or_else(|| (0..=highest).map(|class| class.to_string()).collect()),
        normalisation: Normalisation::of(&train.images, image[0], image[1] * image[2]),
        note: None,
        train,
        test,
    })
}

struct Reader<'a> {
    path: &'a Path,
    archive: Archive,
}

impl Reader<'_> {
    fn wrong(&self, reason: impl Into<String>) -> DataError {
        DataError::file(self.path, reason)
    }

    /// The entries with the four arrays.
    fn arrays(&self) -> Result<[String; 4], DataError> {
        for names in ARRAYS {
            let found = names.map(|name| self.entry(name));
            if let [Some(a), Some(b), Some(c), Some(d)] = found {
                return Ok([a, b, c, d]);
            }
        }
        let got: Vec<String> =
            self.names().map(|name| name.trim_end_matches(".npy").to_owned()).take(MOST_LISTED).collect();
        let expected = ARRAYS.map(|names| names.join(", ")).join("; or ");
        let got = if got.is_empty() { "none".into() } else { printable(&got.join(", ")) };
        Err(self.wrong(format!("expected the arrays {expected}; got {got}")))
    }

    fn entry(&self, name: &str) -> Option<String> {
        let wanted = format!("{name}.npy");
        self.names().find(|entry| entry.eq_ignore_ascii_case(&wanted)).map(Cow::into_owned)
    }

    fn names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.archive.file_names().filter_map(Result::ok)
    }

    /// The header of an array and its bytes: as many as its shape says.
    fn array(&mut self, entry: &str, most: u64) -> Result<(Header, Vec<u8>), DataError> {
        let packed_size = std::fs::metadata(self.path).map_or(0, |file| file.len());
        let path = self.path;
        let wrong = |reason: String| DataError::file(path, format!("{entry}: {reason}"));
        let mut file = self.archive.by_name(entry).map_err(|e| wrong(e.to_string()))?;
        let header = Header::read(&mut file).map_err(wrong)?;
        if header.kind == Type::Other {
            return Ok((header, Vec::new()));
        }
        let size = header.bytes().filter(|&size| size <= most);
        let size = size.ok_or_else(|| {
            wrong(format!("its shape {:?} makes more than {} MiB", header.shape, most >> 20))
        })?;
        if size > HARMLESS.max(packed_size.saturating_mul(MOST_TIMES)) {
            return Err(wrong(format!(
                "it would unpack to {} MiB, more than {MOST_TIMES} times the file's size",
                size >> 20
            )));
        }
        let mut bytes = Vec::new();
        file.by_ref().take(size).read_to_end(&mut bytes).map_err(|e| {
            wrong(format!("cannot be read at byte {}: {e}", header.length + bytes.len() as u64))
        })?;
        if (bytes.len() as u64) < size {
            let end = header.length + bytes.len() as u64;
            return Err(wrong(format!(
                "its shape {:?} makes {size} bytes, but it ends at byte {end}, {} too early",
                header.shape,
                size - bytes.len() as u64
            )));
        }
        // To its end, so that the checksum is compared.
        match file.read(&mut [0]) {
            Ok(0) => Ok((header, bytes)),
            Ok(_) => Err(wrong(format!("expected its end at byte {}, got more", header.length + size))),
            Err(error) => Err(wrong(error.to_string())),
        }
    }

    /// Channels, height and width of an array's images, and these, channel by channel.
    fn images(&mut self, entry: &str) -> Result<([usize; 3], Vec<u8>), DataError> {
        let (header, bytes) = self.array(entry, MOST_BYTES)?;
        if header.kind != Type::Unsigned(1) {
            return Err(self.wrong(format!(
                "{entry}: expected bytes (uint8, 0 to 255), got {}; in NumPy: array.astype(\"uint8\")",
                header.descr
            )));
        }
        let few = |n: usize| n <= MOST_CHANNELS;
        match header.shape[..] {
            [_, h, w] if h * w > 0 => Ok(([1, h, w], bytes)),
            [_, h, w, c] if few(c) && !few(h) && h * w * c > 0 => Ok(([c, h, w], planes(&bytes, c, h * w))),
            [_, c, h, w] if few(c) && !few(w) && h * w * c > 0 => Ok(([c, h, w], bytes)),
            [_, a, _, b] if few(a) && few(b) => Err(self.wrong(format!(
                "{entry}: with the shape {:?} the channels may be the second axis or the last",
                header.shape
            ))),
            _ => Err(self.wrong(format!(
                "{entry}: expected [n, height, width], [n, height, width, channels] or [n, channels, height, width] \
                 with up to {MOST_CHANNELS} channels, got {:?}",
                header.shape
            ))),
        }
    }

    fn split(
        &mut self,
        images_entry: &str,
        entry: &str,
        images: Vec<u8>,
        image: [usize; 3],
        classes: usize,
    ) -> Result<Split, DataError> {
        let (header, bytes) = self.array(entry, MOST_BYTES)?;
        let (Type::Unsigned(width) | Type::Signed(width)) = header.kind else {
            return Err(self.wrong(format!("{entry}: expected integers, got {}", header.descr)));
        };
        let count = match header.shape[..] {
            [n] | [n, 1] => n,
            _ => {
                let shape = &header.shape;
                let reason =
                    format!("{entry}: expected labels [n] or [n, 1], class numbers from 0, got {shape:?}");
                return Err(self.wrong(reason));
            }
        };
        let given = images.len() / image.iter().product::<usize>();
        if count != given {
            return Err(self.wrong(format!("{images_entry} has {given} images, {entry} {count} labels")));
        }
        let mut labels = Vec::with_capacity(count);
        for (index, number) in bytes.chunks_exact(width).enumerate() {
            let label = header.integer(number);
            let known = u16::try_from(label).ok().filter(|&label| usize::from(label) < classes);
            labels.push(known.ok_or_else(|| DataError::Label {
                path: self.path.join(entry),
                offset: header.length + (index * width) as u64,
                label,
                last: classes - 1,
            })?);
        }
        Ok(Split { images, labels })
    }

    fn class_names(&mut self) -> Result<Option<Vec<String>>, DataError> {
        let Some(entry) = NAMES.iter().find_map(|name| self.entry(name)) else { return Ok(None) };
        let (header, bytes) = self.array(&entry, MOST_NAMES)?;
        let (&[count], Type::Text(_) | Type::Bytes(_)) = (&header.shape[..], header.kind) else {
            let reason =
                format!("{entry}: expected strings [classes], got {} {:?}", header.descr, header.shape);
            return Err(self.wrong(reason));
        };
        if !(1..=MOST_CLASSES).contains(&count) {
            return Err(self.wrong(format!("{entry}: expected 1 to {MOST_CLASSES} names, got {count}")));
        }
        Ok(Some(header.strings(&bytes).iter().map(|name| printable(name)).collect()))
    }
}

/// From pixel by pixel to channel by channel.
fn planes(bytes: &[u8], channels: usize, plane: usize) -> Vec<u8> {
    let mut out = vec![0; bytes.len()];
    for (from, to) in bytes.chunks_exact(channels * plane).zip(out.chunks_exact_mut(channels * plane)) {
        for (channel, to) in to.chunks_exact_mut(plane).enumerate() {
            to.iter_mut().zip(from[channel..].iter().step_by(channels)).for_each(|(to, &from)| *to = from);
        }
    }
    out
}
