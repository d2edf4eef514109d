//! What the numbers of arrays mean: pixels in other ranges than bytes, labels that are numbered
//! otherwise. Advice that a refusal gives is followed here to the letter, in Rust instead of NumPy,
//! and then taken.

use std::path::Path;

use netc::run::data::{DataSpec, Dataset, load};
use zip::CompressionMethod;

use super::npz::{npy, npz};

/// Six numbers for each of two images in both splits, and labels 0 and 1.
fn set(descr: &str, bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let images = npy(descr, &[2, 2, 3], bytes);
    let labels = npy("|u1", &[2], &[0, 1]);
    vec![
        ("x_train", images.clone()),
        ("y_train", labels.clone()),
        ("x_test", images),
        ("y_test", labels),
    ]
}

fn read(arrays: &[(&str, Vec<u8>)]) -> Result<Dataset, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.npz");
    npz(&path, CompressionMethod::Deflated, arrays);
    let set = load(&DataSpec::Path(path), &mut |_| {});
    set.map_err(|error| error.to_string().replace(&folder.path().display().to_string(), "DIR"))
}

fn singles(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// A fraction of 255 in half precision, cut off.
fn half(byte: u8) -> u16 {
    let bits = (f32::from(byte) / 255.0).to_bits();
    let exponent = (bits >> 23) as i32 - 127 + 15;
    if byte == 0 { 0 } else { (exponent as u16) << 10 | (bits >> 13 & 1023) as u16 }
}

const TWELVE: [u8; 12] = [0, 1, 2, 50, 100, 127, 128, 129, 200, 253, 254, 255];

#[test]
fn fractions_of_one_are_the_bytes_that_they_were_made_of() {
    let numbers = TWELVE.map(|byte| f32::from(byte) / 255.0);
    let doubles: Vec<u8> =
        TWELVE.iter().flat_map(|&b| (f64::from(b) / 255.0).to_le_bytes()).collect();
    let swapped: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
    let halves: Vec<u8> = TWELVE.iter().flat_map(|&byte| half(byte).to_le_bytes()).collect();
    for (descr, bytes) in
        [("<f4", singles(&numbers)), ("<f8", doubles), (">f4", swapped), ("<f2", halves)]
    {
        let set = read(&set(descr, &bytes)).unwrap();
        assert_eq!(set.train.images, TWELVE, "{descr}");
        assert_eq!(set.test.images, TWELVE, "{descr}");
        let note = "x_train.npy and x_test.npy hold floats from 0 to 1, taken as round(255 * x): 8 bits a channel";
        assert_eq!(set.note.as_deref(), Some(note));
    }
}

#[test]
fn whole_numbers_from_0_to_255_are_bytes_of_whatever_width() {
    let wide: Vec<u8> = TWELVE.iter().flat_map(|&b| i64::from(b).to_be_bytes()).collect();
    for (descr, bytes) in [("<f4", singles(&TWELVE.map(f32::from))), (">i8", wide)] {
        let set = read(&set(descr, &bytes)).unwrap();
        assert_eq!((set.train.images, set.note), (TWELVE.to_vec(), None), "{descr}");
    }
    // Both splits have one scale: the test images alone would pass for fractions.
    let mut arrays = set("<f4", &singles(&TWELVE.map(f32::from)));
    arrays[2].1 = npy(
        "<f4",
        &[2, 2, 3],
        &singles(&[0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]),
    );
    assert_eq!(read(&arrays).unwrap().test.images, [0, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]);
    let bits = read(&set("|b1", &[0, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0])).unwrap();
    assert_eq!(bits.train.images[..4], [0, 1, 1, 0]);
}

#[test]
fn other_ranges_are_refused_with_a_scale_that_fits() {
    let mut messages = Vec::new();
    let mut refuse = |numbers: &[f32]| {
        let text = read(&set("<f4", &singles(numbers))).unwrap_err();
        // As the advice says: the low and the high number are those of the message.
        if let Some((_, advice)) = text.split_once("astype(float) - (") {
            let low: f64 = advice.split(')').next().unwrap().parse().unwrap();
            let high: f64 = advice
                .split("* 255 / ((")
                .nth(1)
                .unwrap()
                .split(')')
                .next()
                .unwrap()
                .parse()
                .unwrap();
            let scaled: Vec<u8> = numbers
                .iter()
                .map(|&number| ((f64::from(number) - low) * 255.0 / (high - low)).round_ties_even())
                .map(|byte| u8::try_from(byte as i64).expect("the advice stays within a byte"))
                .collect();
            assert!(scaled.contains(&0) && scaled.contains(&255), "{text}");
            let followed = read(&set("|u1", &scaled)).unwrap();
            assert_eq!(followed.train.images, scaled);
        }
        messages.push(text);
    };
    refuse(&[-1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 0.75, 0.1, 0.2, 0.3, 0.4, 0.6]);
    refuse(&[-2.117_904, 2.64, 0.0, 0.25, 0.5, 1.0, 0.75, 0.1, 0.2, 0.3, 0.4, 0.6]);
    refuse(&[0.5, 254.5, 0.0, 0.25, 0.5, 1.0, 0.75, 0.1, 0.2, 0.3, 0.4, 0.6]);
    refuse(&[0.0, 65_535.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
    refuse(&[-3.0; 12]);
    refuse(&[0.0, 1.0, f32::NAN, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    refuse(&[0.0, 1.0, 0.0, 0.0, 0.0, 0.0, f32::INFINITY, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let mut mixed = set("|u1", &TWELVE);
    mixed[2].1 = npy("<f4", &[2, 2, 3], &singles(&[0.5; 12]));
    messages.push(read(&mixed).unwrap_err());
    let twelve = |step: f32| singles(&std::array::from_fn::<f32, 12, _>(|i| step * i as f32));
    let mut scales = set("<f4", &twelve(0.0625));
    scales[2].1 = npy("<f4", &[2, 2, 3], &twelve(20.0));
    messages.push(read(&scales).unwrap_err());
    insta::assert_snapshot!(messages.join("\n"), @r#"
    DIR/mine.npz: the images of x_train.npy and x_test.npy go from -1 to 1, with fractions: expected whole numbers from 0 to 255, or floats from 0 to 1
    help: scale both arrays alike (training takes their mean and deviation out again); in NumPy: numpy.rint((images.astype(float) - (-1)) * 255 / ((1) - (-1))).astype("uint8")
    DIR/mine.npz: the images of x_train.npy and x_test.npy go from -2.117904 to 2.64, with fractions: expected whole numbers from 0 to 255, or floats from 0 to 1
    help: scale both arrays alike (training takes their mean and deviation out again); in NumPy: numpy.rint((images.astype(float) - (-2.117904)) * 255 / ((2.64) - (-2.117904))).astype("uint8")
    DIR/mine.npz: the images of x_train.npy and x_test.npy go from 0 to 254.5, with fractions: expected whole numbers from 0 to 255, or floats from 0 to 1
    help: scale both arrays alike (training takes their mean and deviation out again); in NumPy: numpy.rint((images.astype(float) - (0)) * 255 / ((254.5) - (0))).astype("uint8")
    DIR/mine.npz: the images of x_train.npy and x_test.npy go from 0 to 65535: expected whole numbers from 0 to 255, or floats from 0 to 1
    help: scale both arrays alike (training takes their mean and deviation out again); in NumPy: numpy.rint((images.astype(float) - (0)) * 255 / ((65535) - (0))).astype("uint8")
    DIR/mine.npz: the images of x_train.npy and x_test.npy go from -3 to -3: expected whole numbers from 0 to 255, or floats from 0 to 1
    DIR/mine.npz: x_train.npy: image 0 has a pixel of NaN, at byte 136
    DIR/mine.npz: x_train.npy: image 1 has a pixel of inf, at byte 152
    DIR/mine.npz: x_train.npy is of |u1, x_test.npy of <f4: expected both of one type, with the same scale
    DIR/mine.npz: the images of x_train.npy go from 0 to 0.6875, of x_test.npy from 0 to 220: expected both on one scale
    "#);
}

#[test]
fn channels_that_never_vary_are_said() {
    let alike = read(&set("|u1", &[0; 12])).unwrap().note.unwrap();
    assert_eq!(
        alike,
        "warning: the training images are all alike: every pixel is 0; were fractions cast to whole numbers?"
    );
    let mut arrays = set("|u1", &TWELVE);
    let pixels: Vec<u8> = (0..2 * 5 * 6).flat_map(|i| [i as u8, 9, 255 - i as u8]).collect();
    arrays[0].1 = npy("|u1", &[2, 5, 6, 3], &pixels);
    arrays[2].1 = npy("|u1", &[2, 5, 6, 3], &pixels);
    let note = read(&arrays).unwrap().note.unwrap();
    assert_eq!(note, "warning: channel 1 never varies: it is 9 in every training image");
}

/// The arrays with other labels for both splits.
fn labelled(descr: &str, shape: &[usize], bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut arrays = set("|u1", &TWELVE);
    arrays[1].1 = npy(descr, shape, bytes);
    arrays[3].1 = npy(descr, shape, bytes);
    arrays
}

#[test]
fn labels_are_whole_numbers_in_any_form() {
    for (descr, shape, bytes) in [
        ("<f4", &[2][..], singles(&[1.0, 0.0])),
        ("<f8", &[2, 1][..], [1.0f64, 0.0].map(f64::to_le_bytes).concat()),
        (">i2", &[2][..], vec![0, 1, 0, 0]),
        ("|b1", &[2][..], vec![1, 0]),
    ] {
        let set = read(&labelled(descr, shape, &bytes)).unwrap();
        assert_eq!(
            (set.train.labels, set.classes),
            (vec![1, 0], vec!["0".to_owned(), "1".into()]),
            "{descr}"
        );
    }
}

#[test]
fn labels_that_do_not_begin_at_0_are_refused() {
    let messages = [
        labelled("|u1", &[2], &[1, 2]),
        labelled("<i4", &[2], &[255, 255, 255, 255, 1, 0, 0, 0]),
        labelled("<f4", &[2], &singles(&[0.0, 0.5])),
        labelled("<f4", &[2], &singles(&[0.0, f32::NAN])),
        labelled("|u1", &[2, 3], &[0, 1, 0, 1, 0, 0]),
    ]
    .map(|arrays| read(&arrays).unwrap_err());
    insta::assert_snapshot!(messages.join("\n"), @r#"
    DIR/mine.npz: no image has label 0: the labels go from 1 to 2
    help: number the classes from 0; in NumPy: classes = numpy.unique(train_labels); then, for both splits: labels = numpy.searchsorted(classes, labels); or save the names of all classes as class_names, if those below are meant to be empty
    DIR/mine.npz/y_train.npy: expected a label from 0 to 65535, got -1 at byte 128
    help: number the classes from 0; in NumPy: classes = numpy.unique(train_labels); then, for both splits: labels = numpy.searchsorted(classes, labels)
    DIR/mine.npz/y_train.npy: expected whole numbers, got 0.5 at byte 132
    help: number the classes from 0; in NumPy: classes = numpy.unique(train_labels); then, for both splits: labels = numpy.searchsorted(classes, labels)
    DIR/mine.npz/y_train.npy: expected whole numbers, got NaN at byte 132
    help: number the classes from 0; in NumPy: classes = numpy.unique(train_labels); then, for both splits: labels = numpy.searchsorted(classes, labels)
    DIR/mine.npz: y_train.npy: expected labels [n] or [n, 1], class numbers from 0, got [2, 3]
    help: if a row has a 1 at its class and 0 elsewhere, in NumPy: labels.argmax(axis=1)
    "#);
    // The advice: each label by its place among those that there are.
    assert!(read(&labelled("|u1", &[2], &[0, 1])).is_ok());
}

#[test]
fn what_is_left_out_or_changed_silently_elsewhere_is_refused() {
    let more = |name: &'static str, bytes: Vec<u8>| {
        let mut arrays = set("|u1", &TWELVE);
        arrays.push((name, bytes));
        arrays
    };
    let complex = set("<c8", &[0; 96]);
    let surrogate = [&[97, 0, 0, 0, 0x00, 0xd8, 0, 0][..], &[98, 0, 0, 0, 0, 0, 0, 0]].concat();
    let mut huge = labelled("<f8", &[2], &[0f64, 1e300].map(f64::to_le_bytes).concat());
    huge.truncate(4);
    let mut short = labelled("|u1", &[2], &[0, 2]);
    short.push(("class_names", npy("|S1", &[2], b"ab")));
    let messages = [
        complex,
        more("train_images", npy("|u1", &[2, 2, 3], &TWELVE)),
        more("Y_Train", npy("|u1", &[2], &[0, 1])),
        more("class_names", npy("|S4", &[2], b"caf\xe9tea\0")),
        more("class_names", npy("|S3", &[2], b"a\0btea")),
        more("class_names", npy("<U2", &[2], &surrogate)),
        more("class_names", npy("<U3", &[2], &[97, 0, 0, 0, 0, 0, 0, 0, 98, 0, 0, 0].repeat(2))),
        short,
        huge,
    ]
    .map(|arrays| read(&arrays).unwrap_err());
    insta::assert_snapshot!(messages.join("\n"), @r#"
    DIR/mine.npz: x_train.npy: expected whole numbers, or floats of 16, 32 or 64 bits, got complex numbers (<c8)
    DIR/mine.npz: x_train.npy and train_images.npy stand for the same: expected one of them
    help: save the one that is meant
    DIR/mine.npz: y_train.npy and Y_Train.npy stand for the same: expected one of them
    help: save the one that is meant
    DIR/mine.npz: class_names.npy: a class cannot be named "caf\xe9": these bytes are not UTF-8
    help: if they are in Latin-1, in NumPy: numpy.char.decode(class_names, "latin1")
    DIR/mine.npz: a class cannot be named "a\0b"
    DIR/mine.npz: class_names.npy: a class cannot be named "a\u{d800}": not every letter of it is one of Unicode
    DIR/mine.npz: a class cannot be named "a\0b"
    DIR/mine.npz/y_train.npy: label 2 at byte 129 has no name: class_names.npy has 2 names, of the labels from 0 to 1
    help: give class_names.npy a name for each label, or leave it out; or number the classes from 0; in NumPy: classes = numpy.unique(train_labels); then, for both splits: labels = numpy.searchsorted(classes, labels)
    DIR/mine.npz/y_train.npy: expected whole numbers, got 1e300 at byte 136
    help: number the classes from 0; in NumPy: classes = numpy.unique(train_labels); then, for both splits: labels = numpy.searchsorted(classes, labels)
    "#);
}

#[test]
fn classes_without_images_are_said() {
    let set = read(&labelled("|u1", &[2], &[0, 3])).unwrap();
    assert_eq!(set.classes.len(), 4);
    insta::assert_snapshot!(set.note.unwrap(), @"
    warning: no training image is of class 1, 2
    warning: no test image is of class 1, 2
    ");
}

#[test]
fn files_of_other_kinds_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let why = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let error = load(&DataSpec::Path(path), &mut |_| {}).unwrap_err().to_string();
        error.replace(&folder.path().display().to_string(), "DIR")
    };
    let array = npy("|u1", &[2, 5, 6], &[0; 60]);
    let messages = [
        why("cat.png", b"\x89PNG\r\n\x1a\n and so on"),
        why("images.npy", &array),
        why("photos.tar.gz", b"\x1f\x8b\x08 and so on"),
        why("cifar-10-python.tar.gz", b"\x1f\x8b\x08 and so on"),
        why("empty.npz", b""),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    DIR/cat.png: expected an .npz file, got a PNG image
    help: give the folder of the images: DIR with DIR/train/CLASS/*.png and DIR/test/CLASS/*.png
    DIR/images.npy: expected an .npz file, got a single array, an .npy file
    help: put all arrays into one file: numpy.savez("data.npz", train_images=..., train_labels=..., test_images=..., test_labels=...)
    DIR/photos.tar.gz: expected an .npz file, got a gzip archive
    help: unpack it, and give the folder
    DIR/cifar-10-python.tar.gz: it is CIFAR for Python, files that run code when they are read
    help: use the binary version, cifar-10-binary.tar.gz; --data cifar10 (or cifar100) finds or downloads it
    DIR/empty.npz: expected an .npz file, got an empty file
    "#);
    let whole = folder.path().join("whole.npz");
    npz(&whole, CompressionMethod::Stored, &set("|u1", &TWELVE));
    let mut bytes = std::fs::read(&whole).unwrap();
    assert_eq!(
        why("cut.npz", &bytes[..bytes.len() / 2]),
        "DIR/cut.npz: it is cut short or damaged: its end, which lists the arrays, is missing\n\
         help: fetch or save it again"
    );
    // Another way of compression, in the lists before and behind the arrays.
    for (head, at) in [(b"PK\x03\x04", 8), (b"PK\x01\x02", 10)] {
        let heads: Vec<usize> =
            (0..bytes.len() - 4).filter(|&i| bytes[i..].starts_with(head)).collect();
        heads.into_iter().for_each(|head| bytes[head + at] = 12);
    }
    assert_eq!(
        why("other.npz", &bytes),
        "DIR/other.npz: x_train.npy: compressed by bzip2\n\
         help: save it with `numpy.savez` or `numpy.savez_compressed`"
    );
    let zip = folder.path().join("photos.zip");
    let mut writer = zip::ZipWriter::new(std::fs::File::create(&zip).unwrap());
    writer.start_file("train/cat/1.png", zip::write::SimpleFileOptions::default()).unwrap();
    writer.finish().unwrap();
    let unpacked = load(&DataSpec::Path(zip), &mut |_| {}).unwrap_err().to_string();
    assert!(
        unpacked.ends_with("help: it is a zip of images: unpack it, and give the folder"),
        "{unpacked}"
    );
    let missing =
        |path: &Path| load(&DataSpec::Path(path.to_owned()), &mut |_| {}).unwrap_err().to_string();
    let under = missing(&folder.path().join("empty.npz/x"));
    assert!(under.contains("Not a directory"), "{under}");
}
