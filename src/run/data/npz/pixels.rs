//! Arrays of images: the meaning of their axes, and how their values become bytes.

use super::super::error::DataError;
use super::super::names::room;
use super::archive::{Archive, Array};
use super::npy::Type;
use crate::limits::{MAX_DATA_BYTES, MAX_IMAGE_SIDE};

/// The maximum size of an axis that is recognised as the channel axis.
const MOST_CHANNELS: usize = 4;

/// The axes of an array of images.
pub(super) struct Layout {
    /// How many images.
    pub count: usize,
    /// Channels, height, width.
    pub image: [usize; 3],
    /// Whether the channels of a pixel are adjacent.
    channels_last: bool,
}

/// How values become bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// They are bytes.
    Same,
    /// They are fractions of 255.
    Unit,
}

/// The range and type of an array's values.
struct Range {
    low: f64,
    high: f64,
    whole: bool,
}

impl Layout {
    /// Of an array of numbers.
    pub fn of(archive: &Archive<'_>, array: &Array) -> Result<Layout, DataError> {
        let (entry, shape, descr) = (&array.entry, &array.header.shape, &array.header.descr);
        let wrong = |reason: String| archive.wrong(format!("{entry}: {reason}"));
        if array.width().is_none() {
            let help = match array.header.kind {
                Type::Objects => {
                    "\nhelp: if they are images of one size, in NumPy: \
                     numpy.stack(images).astype(\"uint8\")"
                }
                Type::Text(_) | Type::Bytes(_) => {
                    "\nhelp: give the images themselves, not the names of their files"
                }
                Type::Other => "\nhelp: in NumPy: images.astype(\"float32\")",
                _ => "",
            };
            return Err(wrong(format!(
                "expected whole numbers, or floats of 16, 32 or 64 bits, got {}{help}",
                array.header.what()
            )));
        }
        let few = |n: usize| n <= MOST_CHANNELS;
        let (count, image, channels_last) = match shape[..] {
            [n, h, w] => (n, [1, h, w], false),
            [_, a, _, b] if few(a) && few(b) => {
                return Err(wrong(format!(
                    "with the shape {shape:?} the channels may be the second axis or the last"
                )));
            }
            [n, h, w, c] if few(c) => (n, [c, h, w], true),
            [n, c, h, w] if few(c) => (n, [c, h, w], false),
            _ => {
                return Err(wrong(format!(
                    "expected [n, height, width], [n, height, width, channels] or [n, channels, height, width] \
                     with up to {MOST_CHANNELS} channels, got {shape:?} of {descr}"
                )));
            }
        };
        let bytes = image.iter().try_fold(count as u64, |bytes, &n| bytes.checked_mul(n as u64));
        if image.contains(&0) || image[1..].iter().any(|&side| side > MAX_IMAGE_SIDE) {
            let reason = format!(
                "expected images of 1 to {MAX_IMAGE_SIDE} pixels along a side, got {shape:?}"
            );
            return Err(wrong(reason));
        }
        match bytes.is_some_and(|bytes| bytes <= MAX_DATA_BYTES) {
            true => Ok(Layout { count, image, channels_last }),
            false => Err(wrong(format!(
                "its shape {shape:?} makes more than {} MiB",
                MAX_DATA_BYTES >> 20
            ))),
        }
    }
}

/// How much wider the range of one split must be than that of the other to count as another scale.
const OTHER_SCALE: f64 = 30.0;

impl Scale {
    /// The common scale of the images of both splits, and what to tell the user about it.
    pub fn of(
        archive: &mut Archive<'_>,
        arrays: [(&Array, &Layout); 2],
    ) -> Result<Scale, DataError> {
        if arrays.iter().all(|(array, _)| array.header.kind == Type::Unsigned(1)) {
            return Ok(Scale::Same);
        }
        let [train, test] = arrays.map(|(array, _)| array);
        let float = |array: &Array| matches!(array.header.kind, Type::Float(_));
        if float(train) != float(test) {
            return Err(archive.wrong(format!(
                "{} is of {}, {} of {}: expected both of one type, with the same scale",
                train.entry, train.header.descr, test.entry, test.header.descr
            )));
        }
        let [a, b] = arrays.map(|(array, layout)| Range::of(archive, array, layout));
        let (a, b) = (a?, b?);
        let (narrow, wide) = if a.width() < b.width() { (&a, &b) } else { (&b, &a) };
        let of_two_scales = wide.width() > OTHER_SCALE * narrow.width() && narrow.width() > 0.0;
        if float(train) && of_two_scales && !narrow.whole {
            let [a, b] = [&a, &b]
                .map(|range| format!("{} to {}", shortest(range.low), shortest(range.high)));
            return Err(archive.wrong(format!(
                "the images of {} go from {a}, of {} from {b}: expected both on one scale",
                train.entry, test.entry
            )));
        }
        let range =
            Range { low: a.low.min(b.low), high: a.high.max(b.high), whole: a.whole && b.whole };
        match range {
            Range { low: 0.0.., high: ..=1.0, .. } if float(train) => Ok(Scale::Unit),
            Range { low: 0.0.., high: ..=255.0, whole: true } => Ok(Scale::Same),
            _ => Err(archive.wrong(range.refusal(&train.entry, &test.entry))),
        }
    }

    fn byte(self, number: f64) -> u8 {
        match self {
            Scale::Same => number as u8,
            Scale::Unit => (255.0 * number).round() as u8,
        }
    }
}

impl Range {
    fn of(archive: &mut Archive<'_>, array: &Array, layout: &Layout) -> Result<Range, DataError> {
        let mut range = Range { low: f64::INFINITY, high: f64::NEG_INFINITY, whole: true };
        let width = array.width().unwrap_or(1);
        let item = width * layout.image.iter().product::<usize>();
        let path = archive.path;
        archive.read(array, item, &mut |index, image| {
            for (place, number) in image.chunks_exact(width).enumerate() {
                let number = array.header.number(number);
                if !number.is_finite() {
                    let at = array.offset(index, item) + (place * width) as u64;
                    let reason = format!(
                        "{}: image {index} has a pixel of {number}, at byte {at}",
                        array.entry
                    );
                    return Err(DataError::file(path, reason));
                }
                range.low = range.low.min(number);
                range.high = range.high.max(number);
                range.whole &= number.fract() == 0.0;
            }
            Ok(())
        })?;
        Ok(range)
    }

    fn width(&self) -> f64 {
        self.high - self.low
    }

    /// The error for values that are not bytes, with how to convert them.
    fn refusal(&self, train: &str, test: &str) -> String {
        let [low, high] = [self.low, self.high].map(shortest);
        let fractions = if self.whole { "" } else { ", with fractions" };
        let head = format!(
            "the images of {train} and {test} go from {low} to {high}{fractions}: \
             expected whole numbers from 0 to 255, or floats from 0 to 1"
        );
        if self.low >= self.high {
            return head;
        }
        format!(
            "{head}\n\
             help: scale both arrays alike (training takes their mean and deviation out again); in NumPy: \
             numpy.rint((images.astype(float) - ({low})) * 255 / (({high}) - ({low}))).astype(\"uint8\")"
        )
    }
}

/// The fewest digits that identify a value of its type.
fn shortest(number: f64) -> String {
    if number.abs() >= 1e16 {
        return format!("{number:e}");
    }
    let single = number as f32;
    if f64::from(single) == number { single.to_string() } else { number.to_string() }
}

/// The pixels of all images, channel by channel.
pub(super) fn read(
    archive: &mut Archive<'_>,
    array: &Array,
    layout: &Layout,
    scale: Scale,
) -> Result<Vec<u8>, DataError> {
    let [channels, height, width] = layout.image;
    let (plane, number) = (height * width, array.width().unwrap_or(1));
    let mut pixels = room(archive.path, layout.count * channels * plane)?;
    let mut bytes = vec![0; channels * plane];
    archive.read(array, channels * plane * number, &mut |_, image| {
        let numbers = image.chunks_exact(number);
        match array.header.kind {
            Type::Unsigned(1) => bytes.copy_from_slice(image),
            _ => bytes.iter_mut().zip(numbers).for_each(|(to, from)| {
                *to = scale.byte(array.header.number(from));
            }),
        }
        match layout.channels_last {
            true => {
                pixels.extend(
                    (0..channels).flat_map(|c| bytes[c..].iter().step_by(channels).copied()),
                );
            }
            false => pixels.extend_from_slice(&bytes),
        }
        Ok(())
    })?;
    Ok(pixels)
}
