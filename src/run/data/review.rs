//! Checks on data sets from any source: what cannot be trained on is refused, and what is unusual
//! is reported.

use std::collections::BTreeSet;
use std::path::Path;

use unicode_normalization::UnicodeNormalization as _;

use super::dataset::Dataset;
use super::error::DataError;
use super::names::list;
use crate::diag::is_deceptive;

/// Checks a data set that was read from `path`.
///
/// # Errors
/// Fewer than two classes, names of classes that cannot be told apart, a split without images.
pub(super) fn review(mut set: Dataset, path: &Path) -> Result<Dataset, DataError> {
    let wrong = |reason: String| DataError::file(path, reason);
    names(&set.classes).map_err(wrong)?;
    for (split, what) in [(&set.train, "train"), (&set.test, "test")] {
        if split.is_empty() {
            return Err(wrong(format!("expected images to {what} on, got none")));
        }
    }
    let notes = [absent(&set), constant(&set)].into_iter().flatten();
    let notes: Vec<String> = set.note.take().into_iter().chain(notes).collect();
    set.note = (!notes.is_empty()).then(|| notes.join("\n"));
    Ok(set)
}

fn names(classes: &[String]) -> Result<(), String> {
    if let [only] = classes {
        return Err(format!(
            "expected at least two classes to tell apart, got one, `{only}`\n\
             help: add images of what is no `{only}` as a second class"
        ));
    }
    let mut seen = BTreeSet::new();
    for name in classes {
        if name.is_empty() || name.chars().any(|c| c.is_control() || is_deceptive(c)) {
            return Err(format!("a class cannot be named {name:?}"));
        }
        if !seen.insert(name.nfc().collect::<String>()) {
            return Err(format!("two classes are named `{name}`"));
        }
    }
    Ok(())
}

/// Classes of which a split has no image.
fn absent(set: &Dataset) -> Option<String> {
    let sentence = |labels: &[u16], what: &str| {
        let missing = named(&set.classes, &seen(&set.classes, labels), false);
        (!missing.is_empty())
            .then(|| format!("warning: no {what} image is of class {}", list(&missing)))
    };
    let both = [sentence(&set.train.labels, "training"), sentence(&set.test.labels, "test")];
    let sentences: Vec<String> = both.into_iter().flatten().collect();
    (!sentences.is_empty()).then(|| sentences.join("\n"))
}

impl Dataset {
    /// What is to be warned of, for each split of which the first images, as many as its limit, lack
    /// classes that the others have. The limits are of training and test.
    pub fn left_out(&self, limits: [Option<usize>; 2]) -> Vec<String> {
        let splits = [("training", &self.train.labels), ("test", &self.test.labels)];
        let sentence = |((what, labels), limit): ((&str, &Vec<u16>), Option<usize>)| {
            let (used, others) = labels.split_at_checked(limit?)?;
            let used = seen(&self.classes, used);
            let lost = seen(&self.classes, others).into_iter().zip(used);
            let lost: Vec<bool> = lost.map(|(other, used)| other && !used).collect();
            let lost = named(&self.classes, &lost, true);
            let count = limit.filter(|_| !lost.is_empty())?;
            Some(format!("none of the first {count} {what} images is of class {}", list(&lost)))
        };
        splits.into_iter().zip(limits).filter_map(sentence).collect()
    }
}

/// Whether there is an image of each class.
fn seen(classes: &[String], labels: &[u16]) -> Vec<bool> {
    let mut seen = vec![false; classes.len()];
    labels.iter().for_each(|&label| seen[usize::from(label)] = true);
    seen
}

/// The classes that are marked like this.
fn named(classes: &[String], marks: &[bool], mark: bool) -> Vec<String> {
    let marked = classes.iter().zip(marks).filter(|(_, is)| **is == mark);
    marked.map(|(name, _)| name.clone()).collect()
}

/// Channels that are constant over all training images.
fn constant(set: &Dataset) -> Option<String> {
    let [channels, height, width] = set.image;
    let only = |channel: usize| {
        let planes = set.train.images.chunks_exact(height * width).skip(channel).step_by(channels);
        let first = *set.train.images.get(channel * height * width)?;
        planes.flatten().all(|&value| value == first).then_some((channel, first))
    };
    let same: Vec<(usize, u8)> = (0..channels).filter_map(only).collect();
    let sentences: Vec<String> = match same[..] {
        [] => return None,
        [(_, value), ..]
            if same.len() == channels && same.iter().all(|&(_, other)| other == value) =>
        {
            vec![format!(
                "warning: the training images are all alike: every pixel is {value}; \
                 were fractions cast to whole numbers?"
            )]
        }
        _ => {
            let say = |(channel, value)| {
                format!(
                    "warning: channel {channel} never varies: it is {value} in every training image"
                )
            };
            same.into_iter().map(say).collect()
        }
    };
    Some(sentences.join("\n"))
}
