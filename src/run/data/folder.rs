//! A folder of images by class: `train/CLASS/*` and `test/CLASS/*`, or `CLASS/*` alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use sha2::{Digest as _, Sha256};

use super::picture::{self, Picture};
use super::{DataError, Dataset, MOST_BYTES, MOST_CLASSES, Normalisation, Progress, Split, name_of};

/// Of a class without a folder for testing, one in so many images is held out.
const HELD_OUT: usize = 5;
/// Images between two reports of progress.
const BLOCK: usize = 512;

/// The images of one folder, by the name of the class.
#[derive(Debug, Default)]
struct Classes {
    files: BTreeMap<String, Vec<PathBuf>>,
    /// Files that are no images.
    others: usize,
    /// A folder where an image was expected.
    deeper: Option<PathBuf>,
}

/// An image's class and file.
type Item = (u16, PathBuf);

/// The classes, the images of both splits, and what is to be said about them.
type Listing = (Vec<String>, [Vec<Item>; 2], Option<String>);

/// Reads a folder of images. Classes are named and numbered in the alphabetical order of their folders; the images of
/// each split stand in an order that a hash of their names gives, so that the first n are of all classes.
///
/// # Errors
/// No images, images of different sizes, one that cannot be read.
pub fn read(path: &Path, on_progress: &mut dyn FnMut(Progress)) -> Result<Dataset, DataError> {
    on_progress(Progress::Reading);
    let (classes, [train, test], note) = files(path)?;
    let total = train.len() + test.len();
    let image = common_size(train.iter().chain(&test), total)?;
    let mut done = 0;
    let mut split = |items: &[Item]| decode(items, image, &mut done, total, on_progress);
    let (train, test) = (split(&train)?, split(&test)?);
    Ok(Dataset {
        name: name_of(path),
        path: path.canonicalize().ok(),
        image,
        classes,
        normalisation: Normalisation::of(&train.images, image[0], image[1] * image[2]),
        note,
        train,
        test,
    })
}

fn files(path: &Path) -> Result<Listing, DataError> {
    let train = path.join("train");
    let test = [path.join("test"), path.join("val")].into_iter().find(|folder| folder.is_dir());
    let (all, tested) = match test.filter(|_| train.is_dir()) {
        Some(test) => (Classes::of(&train)?, Some((Classes::of(&test)?, test))),
        None => (Classes::of(path)?, None),
    };
    if all.files.values().all(Vec::is_empty) {
        return Err(match train.is_dir() && tested.is_none() {
            true => DataError::file(path, "it has train/ but no test/ (or val/) beside it"),
            false => DataError::NoImages { path: path.to_owned() },
        });
    }
    let folder = if tested.is_some() { train.as_path() } else { path };
    all.sound(folder)?;
    let mut others = all.others;
    let classes: Vec<String> = all.files.keys().cloned().collect();
    let numbered = |files: BTreeMap<String, Vec<PathBuf>>| -> Vec<Item> {
        let number = |name: &str| classes.iter().position(|class| class == name).unwrap_or_default() as u16;
        files
            .into_iter()
            .flat_map(|(name, files)| files.into_iter().map(move |f| (number(&name), f)))
            .collect()
    };
    let mut notes = Vec::new();
    let splits = match tested {
        Some((tests, test)) => {
            if let Some(class) = tests.files.keys().find(|class| !all.files.contains_key(*class)) {
                let reason =
                    format!("its class `{class}` is not among the {} of {}", classes.len(), train.display());
                return Err(DataError::file(&test, reason));
            }
            if let Some(deeper) = tests.deeper {
                return Err(DataError::file(&deeper, "expected an image, got a folder"));
            }
            others += tests.others;
            [numbered(all.files), numbered(tests.files)].map(by_hash)
        }
        None => {
            let splits = held_out(by_hash(numbered(all.files)), path, &classes)?;
            notes.push(format!(
                "a fifth of each class, chosen by a hash of the file names, is held out for testing: {} images",
                splits[1].len()
            ));
            splits
        }
    };
    if others > 0 {
        notes.push(format!("{others} files that are no PNG or JPEG are left out"));
    }
    Ok((classes, splits, (!notes.is_empty()).then(|| notes.join("\n"))))
}

impl Classes {
    /// The folders in a folder, and the images in these. Names that begin with a dot are no one's business.
    fn of(folder: &Path) -> Result<Classes, DataError> {
        let mut classes = Classes::default();
        for path in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
            let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let mut files = Vec::new();
            for path in entries(&path)? {
                match path.is_dir() {
                    true => classes.deeper = classes.deeper.or(Some(path)),
                    false if picture::is_picture(&path) && path.is_file() => files.push(path),
                    false => classes.others += 1,
                }
            }
            classes.files.insert(name, files);
        }
        Ok(classes)
    }

    /// Whether they can be trained on.
    fn sound(&self, folder: &Path) -> Result<(), DataError> {
        if let Some(deeper) = &self.deeper {
            return Err(DataError::file(deeper, "expected an image, got a folder"));
        }
        let names = || self.files.keys();
        if let Some(name) = names().find(|name| name.chars().any(char::is_control)) {
            return Err(DataError::file(folder, format!("a class cannot be named {name:?}")));
        }
        if names().len() > MOST_CLASSES {
            let reason = format!("expected up to {MOST_CLASSES} classes, got {}", names().len());
            return Err(DataError::file(folder, reason));
        }
        match self.files.iter().find(|(_, files)| files.is_empty()) {
            Some((name, _)) => {
                Err(DataError::file(&folder.join(name), "expected PNG or JPEG images, got none"))
            }
            None => Ok(()),
        }
    }
}

/// What is in a folder, by name, without what is hidden.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let list = fs::read_dir(folder).map_err(DataError::io(folder))?;
    let mut paths = Vec::new();
    for entry in list {
        let entry = entry.map_err(DataError::io(folder))?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

/// In the order of a hash of `CLASS/FILE`, which nothing else of the path changes.
fn by_hash(mut items: Vec<Item>) -> Vec<Item> {
    items.sort_by_cached_key(|(_, path)| {
        let parts: Vec<_> = path.components().rev().take(2).map(|part| part.as_os_str().to_owned()).collect();
        let hash: [u8; 32] = Sha256::digest(parts.join("/".as_ref()).as_encoded_bytes()).into();
        hash
    });
    items
}

/// The first ones of each class for testing, the others for training.
fn held_out(items: Vec<Item>, path: &Path, classes: &[String]) -> Result<[Vec<Item>; 2], DataError> {
    let mut counts = vec![0; classes.len()];
    items.iter().for_each(|(class, _)| counts[usize::from(*class)] += 1);
    if let Some(class) = counts.iter().position(|&count| count < 2) {
        let reason = "expected at least two images, one to train on and one to hold out for testing, got one";
        return Err(DataError::file(&path.join(&classes[class]), reason));
    }
    let mut left: Vec<usize> = counts.iter().map(|count| (count / HELD_OUT).max(1)).collect();
    let (test, train) = items.into_iter().partition(|(class, _)| {
        let left = &mut left[usize::from(*class)];
        let held = *left > 0;
        *left -= usize::from(held);
        held
    });
    Ok([train, test])
}

/// The one size that all images have; three channels if any has colour.
fn common_size<'a>(items: impl Iterator<Item = &'a Item>, total: usize) -> Result<[usize; 3], DataError> {
    let mut paths: Vec<&PathBuf> = items.map(|(_, path)| path).collect();
    paths.sort();
    let mut common: Option<([usize; 3], &Path)> = None;
    for path in paths {
        let size = picture::size(path)?;
        let (first, from) = common.get_or_insert((size, path));
        if first[1..] != size[1..] {
            return Err(DataError::file(
                path,
                format!(
                    "it is {} x {} pixels, but {} is {} x {}: every image must have one size\n\
                     with ImageMagick, for example: mogrify -resize {}x{}! FILE...",
                    size[2],
                    size[1],
                    from.display(),
                    first[2],
                    first[1],
                    first[2],
                    first[1]
                ),
            ));
        }
        first[0] = first[0].max(size[0]);
    }
    let (size, from) = common.unwrap_or(([0; 3], Path::new("")));
    let bytes = size.iter().chain([&total]).map(|&n| n as u64).product::<u64>();
    match bytes > MOST_BYTES {
        true => Err(DataError::file(
            from,
            format!(
                "{total} images of this size take {} GiB, more than the {} GiB that fit",
                bytes >> 30,
                MOST_BYTES >> 30
            ),
        )),
        false => Ok(size),
    }
}

/// Reads the images of a split, on as many threads as there are.
fn decode(
    items: &[Item],
    size: [usize; 3],
    done: &mut usize,
    total: usize,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<Split, DataError> {
    let bytes: usize = size.iter().product();
    let mut images = vec![0; items.len() * bytes];
    let threads = thread::available_parallelism().map_or(1, |n| n.get());
    for (items, images) in items.chunks(BLOCK).zip(images.chunks_mut(BLOCK * bytes)) {
        on_progress(Progress::Images { done: *done, total });
        let part = items.len().div_ceil(threads);
        let results = thread::scope(|scope| {
            let parts = items.chunks(part).zip(images.chunks_mut(part * bytes));
            let threads: Vec<_> =
                parts.map(|(items, images)| scope.spawn(|| decode_part(items, images, size))).collect();
            threads.into_iter().map(|thread| thread.join()).collect::<Vec<_>>()
        });
        for result in results {
            let lost = |_| DataError::file(&items[0].1, "the thread that read it, or one after it, is gone");
            result.map_err(lost)??;
        }
        *done += items.len();
    }
    Ok(Split { images, labels: items.iter().map(|(class, _)| *class).collect() })
}

fn decode_part(items: &[Item], images: &mut [u8], size: [usize; 3]) -> Result<(), DataError> {
    let bytes = size.iter().product();
    for ((_, path), place) in items.iter().zip(images.chunks_exact_mut(bytes)) {
        let picture =
            Picture::read(path, None)?.with_channels(size[0]).filter(|picture| picture.size == size);
        let picture = picture.ok_or_else(|| DataError::file(path, "it changed while it was read"))?;
        place.copy_from_slice(&picture.pixels);
    }
    Ok(())
}
