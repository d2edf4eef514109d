//! Arrays as NumPy writes them. The files are made here, byte by byte.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use netc::run::data::{DataError, DataSpec, Dataset, load};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// An array's file: version 1.0, as `numpy.save` writes it.
pub fn npy(descr: &str, shape: &[usize], content: &[u8]) -> Vec<u8> {
    let shape: String = shape.iter().map(|n| format!("{n}, ")).collect();
    let shape = shape.trim_end_matches(' ');
    let mut head = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}");
    while (10 + head.len() + 1) % 64 != 0 {
        head.push(' ');
    }
    head.push('\n');
    let length = (head.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], head.as_bytes(), content].concat()
}

/// A zip of such files.
pub fn npz(path: &Path, method: CompressionMethod, arrays: &[(&str, Vec<u8>)]) {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    for (name, bytes) in arrays {
        zip.start_file(
            format!("{name}.npy"),
            SimpleFileOptions::default().compression_method(method),
        )
        .unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

fn read(path: &Path) -> Result<Dataset, DataError> {
    load(&DataSpec::Path(path.to_owned()), &mut |_| {})
}

fn long(labels: &[i64]) -> Vec<u8> {
    labels.iter().flat_map(|label| label.to_le_bytes()).collect()
}

fn utf32(names: &[&str], width: usize) -> Vec<u8> {
    let word = |name: &str| {
        let mut letters: Vec<u32> = name.chars().map(u32::from).collect();
        letters.resize(width, 0);
        letters.into_iter().flat_map(u32::to_le_bytes).collect::<Vec<u8>>()
    };
    names.iter().flat_map(|name| word(name)).collect()
}

/// Two images of 5 x 6 pixels in each split, grey.
fn digits() -> [(&'static str, Vec<u8>); 4] {
    let images: Vec<u8> = (0..60).collect();
    [
        ("x_train", npy("|u1", &[2, 5, 6], &images)),
        ("y_train", npy("|u1", &[2], &[0, 2])),
        ("x_test", npy("|u1", &[2, 5, 6], &images)),
        ("y_test", npy("|u1", &[2], &[1, 1])),
    ]
}

#[test]
fn grey_images_have_one_channel_and_numbers_for_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("digits.npz");
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        npz(&path, method, &digits());
        let set = read(&path).unwrap();
        assert_eq!((set.name.as_str(), set.image), ("digits", [1, 5, 6]));
        assert_eq!((&set.train.labels[..], &set.test.labels[..]), (&[0, 2][..], &[1, 1][..]));
        assert_eq!(set.train.images, (0..60).collect::<Vec<u8>>());
        assert_eq!(set.classes, ["0", "1", "2"]);
        assert_eq!(set.normalisation.mean, [29.5]);
        assert!((set.normalisation.std[0] - 17.318_1).abs() < 1e-3, "{:?}", set.normalisation);
        assert_eq!(set.path, Some(path.canonicalize().unwrap()));
    }
}

#[test]
fn channels_may_stand_first_or_last() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("colours.npz");
    let planes: Vec<u8> = (0..2 * 3 * 30).map(|i| i as u8).collect();
    let pixels: Vec<u8> = (0..2)
        .flat_map(|image| {
            (0..30).flat_map(move |pixel| (0..3).map(move |c| (image * 90 + c * 30 + pixel) as u8))
        })
        .collect();
    let labels = npy("<i8", &[2, 1], &long(&[1, 0]));
    let names = npy("<U4", &[2], &utf32(&["tür", "bird"], 4));
    let arrays = [
        ("train_images", npy("|u1", &[2, 3, 5, 6], &planes)),
        ("train_labels", labels.clone()),
        ("test_images", npy("|u1", &[2, 5, 6, 3], &pixels)),
        ("test_labels", labels),
        ("class_names", names),
    ];
    npz(&path, CompressionMethod::Deflated, &arrays);
    let set = read(&path).unwrap();
    assert_eq!((set.image, &set.classes[..]), ([3, 5, 6], &["tür".to_string(), "bird".into()][..]));
    assert_eq!(set.train.images, planes);
    assert_eq!(set.train.images, set.test.images);
    assert_eq!(set.train.labels, [1, 0]);
}

#[test]
fn arrays_that_cannot_be_trained_on_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.npz");
    let mut messages = Vec::new();
    let mut refuse = |changed: &[(&'static str, Vec<u8>)]| {
        let mut arrays = digits().to_vec();
        for (name, bytes) in changed {
            match arrays.iter_mut().find(|(own, _)| own == name) {
                Some(array) => array.1.clone_from(bytes),
                None => arrays.push((name, bytes.clone())),
            }
        }
        npz(&path, CompressionMethod::Deflated, &arrays);
        let text = read(&path).unwrap_err().to_string();
        messages.push(text.replace(&folder.path().display().to_string(), "DIR"));
    };
    let images = vec![0; 60];
    refuse(&[("y_train", npy("|i1", &[2], &[0, 255]))]);
    refuse(&[("y_test", npy("<i4", &[2], &[0, 0, 1, 0, 0, 0, 0, 0]))]);
    refuse(&[("y_test", npy(">u8", &[2], &[0xff; 16]))]);
    refuse(&[("class_names", npy("<U1", &[2], &utf32(&["a", "b"], 1)))]);
    refuse(&[("y_train", npy("|u1", &[3], &[0, 1, 2]))]);
    refuse(&[("y_train", npy("|u1", &[2, 3], &[0; 6]))]);
    refuse(&[("x_train", npy("<f4", &[2, 5, 6], &[0; 240]))]);
    refuse(&[("x_train", npy("<f16", &[2, 5, 6], &[0; 960]))]);
    refuse(&[("x_train", npy("|S1", &[2, 5, 6], &[0; 60]))]);
    refuse(&[("y_train", npy("|O", &[2], &[0; 16]))]);
    refuse(&[("class_names", npy("|O", &[2], &[0; 16]))]);
    refuse(&[("class_names", npy("|S1", &[3], b"aba"))]);
    refuse(&[("class_names", npy("|S1", &[3], b"a\x1bb"))]);
    refuse(&[("y_train", npy("|u1", &[2], &[0, 0])), ("y_test", npy("|u1", &[2], &[0, 0]))]);
    refuse(&[("y_train", npy("<U1", &[2], &utf32(&["a", "b"], 1)))]);
    refuse(&[
        ("x_train", npy("|u1", &[0, 5, 6], &[])),
        ("y_train", npy("|u1", &[0], &[])),
        ("y_test", npy("|u1", &[2], &[0, 1])),
    ]);
    refuse(&[("x_train", npy("|O", &[2], &[0; 240]))]);
    refuse(&[("x_train", npy("|u1", &[2, 5, 6], &images[..50]))]);
    refuse(&[("x_train", npy("|u1", &[2, 5, 6], &[0; 61]))]);
    refuse(&[("x_train", npy("|u1", &[60], &images))]);
    refuse(&[("x_train", npy("|u1", &[2, 3, 5, 2], &images))]);
    refuse(&[("x_train", npy("|u1", &[2, 6, 5], &images))]);
    refuse(&[("x_train", npy("|u1", &[0, usize::MAX / 2, usize::MAX / 2], &[]))]);
    refuse(&[("x_train", npy("|u1", &[1 << 40, 5, 6], &images))]);
    // A bomb: a few kilobytes that would fill gigabytes.
    refuse(&[("x_train", npy("|u1", &[1 << 20, 64, 64], &images))]);
    refuse(&[("x_train", b"PK no array".to_vec())]);
    refuse(&[("x_train", b"\x93NUMPY\x01\x00\xff\xff{".to_vec())]);
    let text =
        String::from_utf8_lossy(&npy("|u1", &[2, 5, 6], &images)[10..]).replace("False", "True ");
    refuse(&[("x_train", [b"\x93NUMPY\x01\x00\x76\x00", text.as_bytes()].concat())]);
    npz(&path, CompressionMethod::Stored, &[("x_train\u{1b}[2J", images), ("other", vec![])]);
    messages.push(read(&path).unwrap_err().to_string());
    std::fs::write(&path, "no zip").unwrap();
    messages.push(read(&path).unwrap_err().to_string());
    let text = messages.join("\n").replace(&folder.path().display().to_string(), "DIR");
    insta::assert_snapshot!(text, @r#"
    DIR/odd.npz/y_train.npy: expected a label from 0 to 65535, got -1 at byte 129
    help: number the classes from 0; in NumPy: classes = numpy.unique(train_labels); then, for both splits: labels = numpy.searchsorted(classes, labels)
    DIR/odd.npz/y_test.npy: expected a label from 0 to 65535, got 65536 at byte 128
    help: number the classes from 0; in NumPy: classes = numpy.unique(train_labels); then, for both splits: labels = numpy.searchsorted(classes, labels)
    DIR/odd.npz/y_test.npy: expected a label from 0 to 65535, got 18446744073709551615 at byte 128
    help: number the classes from 0; in NumPy: classes = numpy.unique(train_labels); then, for both splits: labels = numpy.searchsorted(classes, labels)
    DIR/odd.npz/y_train.npy: label 2 at byte 129 has no name: class_names.npy has 2 names, of the labels from 0 to 1
    help: give class_names.npy a name for each label, or leave it out; or number the classes from 0; in NumPy: classes = numpy.unique(train_labels); then, for both splits: labels = numpy.searchsorted(classes, labels)
    DIR/odd.npz: x_train.npy has 2 images, y_train.npy 3 labels
    DIR/odd.npz: y_train.npy: expected labels [n] or [n, 1], class numbers from 0, got [2, 3]
    help: if a row has a 1 at its class and 0 elsewhere, in NumPy: labels.argmax(axis=1)
    DIR/odd.npz: x_train.npy is of <f4, x_test.npy of |u1: expected both of one type, with the same scale
    DIR/odd.npz: x_train.npy: expected whole numbers, or floats of 16, 32 or 64 bits, got <f16
    help: in NumPy: images.astype("float32")
    DIR/odd.npz: x_train.npy: expected whole numbers, or floats of 16, 32 or 64 bits, got text (|S1)
    help: give the images themselves, not the names of their files
    DIR/odd.npz: y_train.npy: expected whole numbers, got a pickle of Python objects, which is not run
    help: in NumPy: labels.astype(int), or of names: labels.astype(str); of these number the classes from 0; in NumPy: classes = numpy.unique(train_labels); then, for both splits: labels = numpy.searchsorted(classes, labels)
    DIR/odd.npz: class_names.npy: expected strings [classes], got a pickle of Python objects, which is not run, [2]
    help: in NumPy: class_names.astype(str)
    DIR/odd.npz: two classes are named `a`
    DIR/odd.npz: a class cannot be named "\u{1b}"
    DIR/odd.npz: expected at least two classes to tell apart, got one, `0`
    help: add images of what is no `0` as a second class
    DIR/odd.npz: y_train.npy: expected whole numbers, got text (<U1)
    help: number the classes from 0; in NumPy: classes = numpy.unique(train_labels); then, for both splits: labels = numpy.searchsorted(classes, labels)
    DIR/odd.npz: expected images to train on, got none
    DIR/odd.npz: x_train.npy: expected whole numbers, or floats of 16, 32 or 64 bits, got a pickle of Python objects, which is not run
    help: if they are images of one size, in NumPy: numpy.stack(images).astype("uint8")
    DIR/odd.npz: x_train.npy: its shape [2, 5, 6] makes 60 bytes, but it ends at byte 178, 10 too early
    DIR/odd.npz: x_train.npy: expected its end at byte 188, got more
    DIR/odd.npz: x_train.npy: expected [n, height, width], [n, height, width, channels] or [n, channels, height, width] with up to 4 channels, got [60] of |u1
    DIR/odd.npz: x_train.npy: with the shape [2, 3, 5, 2] the channels may be the second axis or the last
    DIR/odd.npz: x_train.npy has images [1, 6, 5], x_test.npy has [1, 5, 6] (channels, height, width)
    DIR/odd.npz: x_train.npy: its shape [0, 9223372036854775807, 9223372036854775807] has more bytes than can be counted
    DIR/odd.npz: x_train.npy: its shape [1099511627776, 5, 6] makes 31457280 MiB, 256 are left of the 256 MiB that this file may unpack to
    help: if it is sound, save it without compression: numpy.savez
    DIR/odd.npz: x_train.npy: its shape [1048576, 64, 64] makes 4096 MiB, 256 are left of the 256 MiB that this file may unpack to
    help: if it is sound, save it without compression: numpy.savez
    DIR/odd.npz: x_train.npy: expected an array in NumPy's format, got other bytes at byte 0
    DIR/odd.npz: x_train.npy: expected a header of up to 16384 bytes, got 65535
    DIR/odd.npz: x_train.npy: expected C order; in NumPy: numpy.ascontiguousarray(array)
    DIR/odd.npz: expected the arrays train_images, train_labels, test_images, test_labels; or x_train, y_train, x_test, y_test; or train_x, train_y, test_x, test_y; got other, x_train?[2J
    DIR/odd.npz: expected an .npz file, got other bytes
    "#);
}

#[test]
fn a_damaged_file_is_refused_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.npz");
    npz(&path, CompressionMethod::Stored, &digits());
    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        std::fs::write(&path, &bytes).unwrap();
        // Some bytes, such as dates, mean nothing.
        let _ = read(&path);
        std::fs::write(&path, &whole[..at]).unwrap();
        assert!(read(&path).is_err(), "cut at {at}");
    }
}
