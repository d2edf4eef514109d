//! A folder of images by class: `train/CLASS/*` and `test/CLASS/*`, or `CLASS/*` alone.

mod classes;

use std::path::{Path, PathBuf};
use std::thread;

use sha2::{Digest as _, Sha256};

use super::dataset::{Dataset, Split};
use super::error::DataError;
use super::names::{list, name_of, printable, room};
use super::normalisation::Normalisation;
use super::picture::{self, Picture};
use super::progress::Progress;
use crate::diag::did_you_mean;
use crate::limits::{MAX_DATA_BYTES, MAX_DECODING_BYTES};
use classes::{Classes, entries};

/// Without a folder for testing, one in this many images of a class is held out.
const HELD_OUT: usize = 5;
/// Images between two reports of progress.
const BLOCK: usize = 512;
/// Bytes that decoding takes per pixel: its file, coefficients of three channels, two copies, and
/// the rotated image.
const BYTES_A_PIXEL: usize = 20;

/// An image's class and file.
type Item = (u16, PathBuf);

/// What a folder holds.
struct Listing {
    classes: Vec<String>,
    train: Vec<Item>,
    test: Vec<Item>,
    notes: Vec<String>,
}

/// Reads a folder of images. Classes are named and numbered in the alphabetical order of their
/// folders; the images of each split are ordered by a hash of their names, so that the first n
/// include all classes.
///
/// # Errors
/// No images, images of different sizes, one that cannot be read.
pub fn read(path: &Path, on_progress: &mut dyn FnMut(Progress)) -> Result<Dataset, DataError> {
    on_progress(Progress::Reading);
    let Listing { classes, train, test, notes } = files(path)?;
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
        note: (!notes.is_empty()).then(|| notes.join("\n")),
        train,
        test,
    })
}

fn files(path: &Path) -> Result<Listing, DataError> {
    let train = path.join("train");
    let mut tests =
        ["test", "val"].map(|name| path.join(name)).into_iter().filter(|folder| folder.is_dir());
    match tests.next().filter(|_| train.is_dir()) {
        Some(test) => split_files(path, &train, &test),
        // A class may be called train, too.
        None if train.is_dir() && entries(&train)?.iter().any(|inside| inside.is_dir()) => {
            Err(DataError::file(path, no_test(path)?))
        }
        None => unsplit_files(path),
    }
}

/// `train/CLASS/*` and `test/CLASS/*`.
fn split_files(path: &Path, train: &Path, test: &Path) -> Result<Listing, DataError> {
    let [all, tests] = [Classes::of(train)?, Classes::of(test)?];
    for (folder, classes) in [(train, &all), (test, &tests)] {
        classes.flat()?;
        if classes.is_empty() {
            let reason =
                "expected a folder for each class, with PNG or JPEG images in it, got none";
            return Err(DataError::file(folder, reason));
        }
    }
    all.sound(train)?;
    let names: Vec<String> = all.files.keys().cloned().collect();
    if let Some(class) = tests.files.keys().find(|class| !all.files.contains_key(*class)) {
        // Classes are often numbers.
        let long = names.iter().map(String::as_str).filter(|name| name.len() > 2);
        let question = did_you_mean(class, long).question();
        let help = question.map_or_else(String::new, |question| format!("\nhelp: {question}"));
        let reason = format!(
            "its class `{class}` is not among the {} of {}{help}",
            names.len(),
            train.display()
        );
        return Err(DataError::file(test, reason));
    }
    let mut notes = [all.alike(), all.notes(train), tests.notes(test)].concat();
    notes.extend(unused(path, [train, test])?);
    notes.extend(left_out(all.others + tests.others));
    let [train, test] = [all, tests].map(|classes| by_hash(numbered(classes, &names)));
    Ok(Listing { classes: names, train, test, notes })
}

/// `CLASS/*` alone.
fn unsplit_files(path: &Path) -> Result<Listing, DataError> {
    let all = Classes::of(path)?;
    if all.is_empty() {
        let inside = entries(path)?.into_iter().find(|inside| inside.join("train").is_dir());
        return Err(match inside {
            Some(inside) => {
                let reason =
                    format!("it holds no images of classes\nhelp: --data {}", inside.display());
                DataError::file(path, reason)
            }
            None => DataError::NoImages { path: path.to_owned() },
        });
    }
    all.sound(path)?;
    let mut notes = [all.alike(), all.notes(path)].concat();
    let others = all.others;
    let classes: Vec<String> = all.files.keys().cloned().collect();
    let [train, test] = held_out(by_hash(numbered(all, &classes)), path, &classes)?;
    notes.push(format!(
        "a fifth of each class, chosen by a hash of the file names, is held out for testing: {} images",
        test.len()
    ));
    notes.extend(left_out(others));
    Ok(Listing { classes, train, test, notes })
}

/// There is `train/`, but no folder to test on.
fn no_test(path: &Path) -> Result<String, DataError> {
    let names =
        entries(path)?.into_iter().filter(|inside| inside.is_dir() && !inside.ends_with("train"));
    let names: Vec<String> =
        names.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect();
    let near = names.iter().find(|name| {
        ["validation", "valid", "eval"].contains(&name.to_lowercase().as_str())
            || !did_you_mean(&name.to_lowercase(), ["test", "val"]).is_empty()
    });
    let help = near.map_or_else(
        || "put a part of its images there, in folders of the same names".into(),
        |near| format!("rename {near}/ to test/"),
    );
    Ok(format!("it has train/ but no test/ (or val/) beside it\nhelp: {help}"))
}

/// Folders and images beside the two that are read.
fn unused(path: &Path, read: [&Path; 2]) -> Result<Option<String>, DataError> {
    let mut names = Vec::new();
    for inside in entries(path)?.into_iter().filter(|inside| !read.contains(&inside.as_path())) {
        let name = printable(&inside.file_name().unwrap_or_default().to_string_lossy());
        match inside.is_dir() {
            true => names.push(format!("{name}/")),
            false if picture::is_picture(&inside) => names.push(name),
            false => {}
        }
    }
    let [train, test] = read.map(|folder| folder.file_name().unwrap_or_default().to_string_lossy());
    let sentence = || format!("beside {train}/ and {test}/ there is, not used: {}", list(&names));
    Ok((!names.is_empty()).then(sentence))
}

fn left_out(others: usize) -> Option<String> {
    let files = if others == 1 { "file that is" } else { "files that are" };
    let is = if others == 1 { "is" } else { "are" };
    (others > 0).then(|| format!("{others} {files} not named .png, .jpg or .jpeg {is} left out"))
}

/// The images with the numbers of their classes.
fn numbered(classes: Classes, names: &[String]) -> Vec<Item> {
    let number = |name: &String| names.binary_search(name).unwrap_or_default() as u16;
    let files = classes.files.into_iter();
    files
        .flat_map(|(name, files)| files.into_iter().map(move |file| (number(&name), file)))
        .collect()
}

/// In the order of a hash of `CLASS/FILE`; the rest of the path does not affect it.
fn by_hash(mut items: Vec<Item>) -> Vec<Item> {
    items.sort_by_cached_key(|(_, path)| {
        let parts: Vec<_> =
            path.components().rev().take(2).map(|part| part.as_os_str().to_owned()).collect();
        let hash: [u8; 32] = Sha256::digest(parts.join("/".as_ref()).as_encoded_bytes()).into();
        hash
    });
    items
}

/// The first ones of each class for testing, the others for training.
fn held_out(
    items: Vec<Item>,
    path: &Path,
    classes: &[String],
) -> Result<[Vec<Item>; 2], DataError> {
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
fn common_size<'a>(
    items: impl Iterator<Item = &'a Item>,
    total: usize,
) -> Result<[usize; 3], DataError> {
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
                     help: with ImageMagick, for example: mogrify -resize {}x{}! FILE...",
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
    match bytes > MAX_DATA_BYTES {
        true => Err(DataError::file(
            from,
            format!(
                "{total} images of this size take {} GiB, more than the {} GiB that fit",
                bytes >> 30,
                MAX_DATA_BYTES >> 30
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
    let first = items.first().map_or(Path::new(""), |(_, path)| path.as_path());
    let mut images = room(first, items.len() * bytes)?;
    images.resize(items.len() * bytes, 0);
    let most = MAX_DECODING_BYTES / (size[1] * size[2] * BYTES_A_PIXEL).max(1);
    let threads = thread::available_parallelism().map_or(1, |n| n.get()).min(most.max(1));
    for (items, images) in items.chunks(BLOCK).zip(images.chunks_mut(BLOCK * bytes)) {
        on_progress(Progress::Images { done: *done, total });
        let part = items.len().div_ceil(threads);
        let results = thread::scope(|scope| {
            let parts = items.chunks(part).zip(images.chunks_mut(part * bytes));
            let threads: Vec<_> = parts
                .map(|(items, images)| scope.spawn(|| decode_part(items, images, size)))
                .collect();
            threads.into_iter().map(|thread| thread.join()).collect::<Vec<_>>()
        });
        for result in results {
            let lost = |_| {
                DataError::file(&items[0].1, "the thread that read it, or one after it, is gone")
            };
            result.map_err(lost)??;
        }
        *done += items.len();
    }
    Ok(Split { images, labels: items.iter().map(|(class, _)| *class).collect() })
}

fn decode_part(items: &[Item], images: &mut [u8], size: [usize; 3]) -> Result<(), DataError> {
    let bytes = size.iter().product();
    for ((_, path), place) in items.iter().zip(images.chunks_exact_mut(bytes)) {
        let picture = Picture::read(path, None)?
            .with_channels(size[0])
            .filter(|picture| picture.size == size);
        let picture =
            picture.ok_or_else(|| DataError::file(path, "it changed while it was read"))?;
        place.copy_from_slice(&picture.pixels);
    }
    Ok(())
}
