//! Arrays of labels, and the names of the classes.

use super::super::error::DataError;
use super::super::names::room;
use super::archive::{Archive, Array};
use super::npy::Type;
use crate::diag::number_of;
use crate::limits::{
    MAX_CLASS_NAME_BYTES, MAX_CLASS_NAMES_BYTES, MAX_CLASS_TEXT_BYTES, MAX_CLASSES,
};

/// The names that an array of the classes' names may have.
const NAMES: [&str; 3] = ["class_names", "label_names", "classes"];

/// The line of NumPy that numbers any labels from 0, equally in both splits.
const NUMBER: &str = "number the classes from 0; in NumPy: classes = numpy.unique(train_labels); \
                      then, for both splits: labels = numpy.searchsorted(classes, labels)";

/// Refuses an array that cannot be the labels of this many images, before it is read.
pub(super) fn fit(
    archive: &Archive<'_>,
    array: &Array,
    images_entry: &str,
    images: usize,
) -> Result<(), DataError> {
    let (entry, shape) = (&array.entry, &array.header.shape);
    let wrong = |reason: String| Err(archive.wrong(format!("{entry}: {reason}")));
    match shape[..] {
        [n] | [n, 1] if n == images => {}
        [n] | [n, 1] => {
            return Err(
                archive.wrong(format!("{images_entry} has {images} images, {entry} {n} labels"))
            );
        }
        [n, _] if n == images => {
            return wrong(format!(
                "expected labels [n] or [n, 1], class numbers from 0, got {shape:?}\n\
                 help: if a row has a 1 at its class and 0 elsewhere, in NumPy: labels.argmax(axis=1)"
            ));
        }
        _ => {
            return wrong(format!(
                "expected labels [n] or [n, 1], class numbers from 0, got {shape:?}"
            ));
        }
    }
    match array.header.kind {
        Type::Unsigned(_) | Type::Signed(_) | Type::Float(_) => Ok(()),
        Type::Objects => wrong(format!(
            "expected whole numbers, got {}\n\
             help: in NumPy: labels.astype(int), or of names: labels.astype(str); of these {NUMBER}",
            array.header.what()
        )),
        _ => wrong(format!("expected whole numbers, got {}\nhelp: {NUMBER}", array.header.what())),
    }
}

/// The names of the classes, and the array that has them.
pub(super) struct Named {
    entry: String,
    pub names: Vec<String>,
}

/// The labels, each of a class that has a name, if there are names.
pub(super) fn read(
    archive: &mut Archive<'_>,
    array: &Array,
    named: Option<&Named>,
) -> Result<Vec<u16>, DataError> {
    let classes = named.map_or(MAX_CLASSES, |named| named.names.len());
    let width = array.width().unwrap_or(1);
    let path = archive.path.join(&array.entry);
    let mut labels = Vec::new();
    archive.read(array, width, &mut |index, bytes| {
        let at = array.offset(index, width);
        let label = match array.header.kind {
            Type::Float(_) => {
                let number = array.header.number(bytes);
                if number.fract() != 0.0 || number.abs() > 1e18 {
                    let got = if number.abs() > 1e16 {
                        format!("{number:e}")
                    } else {
                        number.to_string()
                    };
                    let reason =
                        format!("expected whole numbers, got {got} at byte {at}\nhelp: {NUMBER}");
                    return Err(DataError::file(&path, reason));
                }
                number as i128
            }
            _ => array.header.integer(bytes),
        };
        let known = u16::try_from(label).ok().filter(|&label| usize::from(label) < classes);
        labels.push(known.ok_or_else(|| {
            let last = classes - 1;
            if let Some(Named { entry, names }) = named.filter(|_| label > 0) {
                let names = number_of(names.len(), "name");
                return DataError::file(
                    &path,
                    format!(
                        "label {label} at byte {at} has no name: {entry} has {names}, \
                         of the labels from 0 to {last}\n\
                         help: give {entry} a name for each label, or leave it out; or {NUMBER}"
                    ),
                );
            }
            let reason = format!(
                "expected a label from 0 to {last}, got {label} at byte {at}\nhelp: {NUMBER}"
            );
            DataError::file(&path, reason)
        })?);
        Ok(())
    })?;
    Ok(labels)
}

/// Names for the labels of a file without names: their numbers. A set that begins at 1 would have
/// a class without images.
pub(super) fn numbers(
    archive: &Archive<'_>,
    labels: [&[u16]; 2],
) -> Result<Vec<String>, DataError> {
    let all = || labels.iter().copied().flatten().copied();
    let (lowest, highest) = (all().min().unwrap_or(0), all().max().unwrap_or(0));
    if lowest > 0 {
        return Err(archive.wrong(format!(
            "no image has label 0: the labels go from {lowest} to {highest}\n\
             help: {NUMBER}; or save the names of all classes as class_names, if those below are meant to be empty"
        )));
    }
    Ok((0..=highest).map(|class| class.to_string()).collect())
}

/// The names of the classes, if the file has them.
pub(super) fn class_names(archive: &mut Archive<'_>) -> Result<Option<Named>, DataError> {
    let Some(entry) = archive.only(&NAMES)? else { return Ok(None) };
    let array = archive.array(entry)?;
    let (entry, header) = (&array.entry, &array.header);
    let wrong = |reason: String| archive.wrong(format!("{entry}: {reason}"));
    let (&[count], Type::Text(_) | Type::Bytes(_)) = (&header.shape[..], header.kind) else {
        let (what, shape) = (header.what(), &header.shape);
        return Err(wrong(format!(
            "expected strings [classes], got {what}, {shape:?}\nhelp: in NumPy: class_names.astype(str)"
        )));
    };
    if !(1..=MAX_CLASSES).contains(&count) {
        return Err(wrong(format!("expected 1 to {MAX_CLASSES} names, got {count}")));
    }
    let size = header.bytes().filter(|&size| size <= MAX_CLASS_NAMES_BYTES);
    let size = size
        .ok_or_else(|| wrong(format!("it takes more than {} MiB", MAX_CLASS_NAMES_BYTES >> 20)))?;
    let mut bytes = room(archive.path, size as usize)?;
    archive.read(&array, size as usize, &mut |_, all| {
        bytes.extend_from_slice(all);
        Ok(())
    })?;
    let wrong = |reason: String| archive.wrong(format!("{entry}: {reason}"));
    let names = header.strings(&bytes).map_err(|(name, why)| {
        let help = match header.kind {
            Type::Bytes(_) => {
                "\nhelp: if they are in Latin-1, in NumPy: numpy.char.decode(class_names, \"latin1\")"
            }
            _ => "",
        };
        wrong(format!("a class cannot be named \"{name}\": {why}{help}"))
    })?;
    if let Some(long) = names.iter().position(|name| name.len() > MAX_CLASS_NAME_BYTES) {
        return Err(wrong(format!(
            "the name of class {long} has more than {MAX_CLASS_NAME_BYTES} bytes"
        )));
    }
    match names.iter().map(String::len).sum::<usize>() > MAX_CLASS_TEXT_BYTES {
        true => Err(wrong(format!("the names have more than {} MiB", MAX_CLASS_TEXT_BYTES >> 20))),
        false => Ok(Some(Named { entry: entry.clone(), names })),
    }
}
