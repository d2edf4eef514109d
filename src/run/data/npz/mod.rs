//! Images and labels as NumPy's `savez` writes them: a zip of arrays.
//!
//! The file may be untrusted. Entries are selected by name and none is written to disk; no pickle
//! is read; the size of all arrays is known from their headers and refused before they are read,
//! and their values are checked.

mod archive;
mod labels;
mod npy;
mod pixels;

use std::path::Path;

use super::dataset::{Dataset, Split};
use super::error::DataError;
use super::names::{MOST_LISTED, name_of, printable};
use super::normalisation::Normalisation;
use super::progress::Progress;
use archive::Archive;
use pixels::{Layout, Scale};

/// The names that images and labels of the two splits may have, ignoring case.
const ARRAYS: [[&str; 4]; 3] = [
    ["train_images", "train_labels", "test_images", "test_labels"],
    ["x_train", "y_train", "x_test", "y_test"],
    ["train_x", "train_y", "test_x", "test_y"],
];

/// Reads `train_images`, `train_labels`, `test_images` and `test_labels`, or the same under other
/// usual names.
///
/// Images are `[n, height, width]`, `[n, height, width, channels]` or
/// `[n, channels, height, width]`: the axis of the channels is the one, last or second, with 4
/// entries or fewer. They are whole numbers from 0 to 255, or floats from 0 to 1, which are
/// multiplied by 255 and rounded. Labels are whole numbers, `[n]` or `[n, 1]`.
///
/// # Errors
/// An array is missing, or is not such an array; a label names no class; the file is too large.
pub fn read(path: &Path, on_progress: &mut dyn FnMut(Progress)) -> Result<Dataset, DataError> {
    on_progress(Progress::Reading);
    let mut archive = Archive::open(path)?;
    let [images, labels, test_images, test_labels] = entries(&archive)?;
    let [images, test_images] = [archive.array(images)?, archive.array(test_images)?];
    let [labels, test_labels] = [archive.array(labels)?, archive.array(test_labels)?];
    let [layout, test_layout] =
        [Layout::of(&archive, &images)?, Layout::of(&archive, &test_images)?];
    if layout.image != test_layout.image {
        let (a, b) = (layout.image, test_layout.image);
        return Err(archive.wrong(format!(
            "{} has images {a:?}, {} has {b:?} (channels, height, width)",
            images.entry, test_images.entry
        )));
    }
    labels::fit(&archive, &labels, &images.entry, layout.count)?;
    labels::fit(&archive, &test_labels, &test_images.entry, test_layout.count)?;
    let named = labels::class_names(&mut archive)?;
    let [labels, test_labels] = [
        labels::read(&mut archive, &labels, named.as_ref())?,
        labels::read(&mut archive, &test_labels, named.as_ref())?,
    ];
    let classes = match named {
        Some(named) => named.names,
        None => labels::numbers(&archive, [&labels, &test_labels])?,
    };
    let scale = Scale::of(&mut archive, [(&images, &layout), (&test_images, &test_layout)])?;
    let note = format!(
        "{} and {} hold floats from 0 to 1, taken as round(255 * x): 8 bits a channel",
        images.entry, test_images.entry
    );
    let image = layout.image;
    let train = Split { images: pixels::read(&mut archive, &images, &layout, scale)?, labels };
    let test = pixels::read(&mut archive, &test_images, &test_layout, scale)?;
    Ok(Dataset {
        name: name_of(path),
        path: path.canonicalize().ok(),
        image,
        classes,
        normalisation: Normalisation::of(&train.images, image[0], image[1] * image[2]),
        note: (scale == Scale::Unit).then_some(note),
        train,
        test: Split { images: test, labels: test_labels },
    })
}

/// The entries with the four arrays.
fn entries(archive: &Archive<'_>) -> Result<[String; 4], DataError> {
    for role in 0..ARRAYS[0].len() {
        archive.only(&ARRAYS.map(|names| names[role]))?;
    }
    for names in ARRAYS {
        let found = names.map(|name| archive.find(name));
        if let [Some(a), Some(b), Some(c), Some(d)] = found {
            return Ok([a, b, c, d]);
        }
    }
    let mut names: Vec<String> = archive
        .names()
        .map(|name| name.trim_end_matches(".npy").to_owned())
        .take(MOST_LISTED)
        .collect();
    names.sort();
    let expected = ARRAYS.map(|names| names.join(", ")).join("; or ");
    let got = if names.is_empty() { "none".into() } else { printable(&names.join(", ")) };
    let folder = archive.names().any(|name| name.ends_with(".png") || name.ends_with(".jpg"));
    let help =
        if folder { "\nhelp: it is a zip of images: unpack it, and give the folder" } else { "" };
    Err(archive.wrong(format!("expected the arrays {expected}; got {got}{help}")))
}
