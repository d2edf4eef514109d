use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use flate2::{Compression, write::GzEncoder};
use netc::run::data::cifar::{CIFAR10, CIFAR100, Cifar, Source};
use netc::run::data::{DataError, DataSpec, Dataset, load};

const NAMES: [&str; 6] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
    "test_batch.bin",
];

/// Sound files of zeros (holes on disk), the first byte of each being its number.
fn write_files(set: &Cifar, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for (number, (name, _)) in set.files.iter().enumerate() {
        let mut file = File::create(folder.join(name)).unwrap();
        file.write_all(&[number as u8, 7, 200, 201]).unwrap();
        file.set_len(set.file_bytes(number) as u64).unwrap();
    }
}

fn put(path: &Path, offset: u64, byte: u8) {
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(offset)).unwrap();
    file.write_all(&[byte]).unwrap();
}

/// The files of `folder` as an archive, with `extra` entries of one byte each.
pub(super) fn archive(folder: &Path, names: &[&str], extra: &[&str]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    tar.sparse(false);
    for name in names {
        let mut file = File::open(folder.join(name)).unwrap();
        tar.append_file(Path::new(CIFAR10.folder_name).join(name), &mut file).unwrap();
    }
    for path in extra {
        let mut header = tar::Header::new_gnu();
        let field = &mut header.as_gnu_mut().unwrap().name;
        field[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(1);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append(&header, &[7_u8][..]).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

pub(super) fn sound_archive(names: &[&str], extra: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    write_files(&CIFAR10, folder.path());
    archive(folder.path(), names, extra)
}

pub(super) fn all_names() -> &'static [&'static str] {
    &NAMES
}

fn load_folder(folder: &Path) -> Result<Dataset, DataError> {
    load(&DataSpec::Path(folder.to_owned()), &mut |_| {})
}

fn message(folder: &Path) -> String {
    let text = load_folder(folder).unwrap_err().to_string();
    text.replace(&folder.display().to_string(), "DIR")
}

#[test]
fn a_folder_is_read_whether_or_not_it_is_the_inner_one() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join(CIFAR10.folder_name);
    write_files(&CIFAR10, &inner);
    let set = load_folder(folder.path()).unwrap();
    assert_eq!((set.train.len(), set.test.len()), (50_000, 10_000));
    assert_eq!(set.train.labels[10_000..10_002], [1, 0]);
    assert_eq!(set.train.images[10_000 * 3072..][..4], [7, 200, 201, 0]);
    assert_eq!(set.test.labels[0], 5);
    assert_eq!(CIFAR10.find(&inner), Some(Source::Folder(inner.clone())));
    assert_eq!(set, load_folder(&inner).unwrap());
}

#[test]
fn an_archive_is_read_where_it_lies_and_nothing_else_of_it_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data").join(CIFAR10.archive_name);
    fs::create_dir(path.parent().unwrap()).unwrap();
    let odd = ["../escaped", "/tmp/escaped", "cifar-10-batches-bin/../../escaped"];
    fs::write(&path, sound_archive(&NAMES, &odd)).unwrap();
    let set = load_folder(path.parent().unwrap()).unwrap();
    assert_eq!((set.train.labels[20_000], set.test.labels[0]), (2, 5));
    assert!(!folder.path().join("escaped").exists());
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn what_is_damaged_is_named() {
    let folder = tempfile::tempdir().unwrap();
    write_files(&CIFAR10, folder.path());
    put(&folder.path().join(NAMES[2]), 2 * 3073, 10);
    assert_eq!(
        message(folder.path()),
        "DIR/data_batch_3.bin: expected a label from 0 to 9, got 10 at byte 6146"
    );

    let short = File::options().write(true).open(folder.path().join(NAMES[1])).unwrap();
    short.set_len(5000).unwrap();
    assert_eq!(message(folder.path()), "DIR/data_batch_2.bin: expected 30730000 bytes, got 5000");

    fs::remove_file(folder.path().join(NAMES[1])).unwrap();
    assert!(message(folder.path()).starts_with("DIR/data_batch_2.bin: No such file"));
}

#[test]
fn a_damaged_archive_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(CIFAR10.archive_name);
    let whole = sound_archive(&NAMES[..1], &[]);
    fs::write(&path, &whole).unwrap();
    assert_eq!(
        message(folder.path()),
        "DIR/cifar-10-binary.tar.gz: no data_batch_2.bin in this archive"
    );
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(message(folder.path()).starts_with("DIR/cifar-10-binary.tar.gz: "));
}

#[test]
fn of_a_hundred_classes_the_fine_label_counts() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join(CIFAR100.folder_name);
    write_files(&CIFAR100, &inner);
    let names: Vec<String> = (0..100).map(|class| format!("class_{class}")).collect();
    fs::write(inner.join("fine_label_names.txt"), names.join("\n") + "\n\n").unwrap();
    let set = load_folder(folder.path()).unwrap();
    assert_eq!((set.train.len(), set.test.len(), set.classes.len()), (50_000, 10_000, 100));
    assert_eq!((set.train.labels[0], &set.train.images[..3]), (7, &[200, 201, 0][..]));
    assert_eq!((set.test.labels[0], set.classes[99].as_str()), (7, "class_99"));
    assert_eq!(set.path, Some(inner.canonicalize().unwrap()));
    // Its statistics are those of its images: nearly all are black.
    assert!(set.normalisation.mean.iter().all(|mean| *mean < 0.01), "{:?}", set.normalisation);

    put(&inner.join("test.bin"), 3 * 3074 + 1, 100);
    let text = message(&inner);
    assert_eq!(text, "DIR/test.bin: expected a label from 0 to 99, got 100 at byte 9223");
    put(&inner.join("test.bin"), 3 * 3074 + 1, 0);
    fs::write(inner.join("fine_label_names.txt"), "one\ntwo\n").unwrap();
    let text = message(&inner);
    assert_eq!(
        text,
        "DIR/fine_label_names.txt: expected the names of 100 classes, a line each, got 2"
    );

    write_files(&CIFAR10, folder.path());
    let text = message(folder.path());
    assert_eq!(
        text,
        "DIR holds both CIFAR-10 and CIFAR-100: name one, DIR/cifar-10-batches-bin or DIR/cifar-100-binary"
    );
}

#[test]
fn where_nothing_is_it_says_what_could_be() {
    let folder = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(message(folder.path()), @r#"
    no data set in DIR: expected one of
      train/CLASS/*.png (or .jpg) and test/CLASS/*.png
      CLASS/*.png, of which a fifth is held out for testing
      cifar-10-batches-bin/ or cifar-10-binary.tar.gz, or the same of CIFAR-100
    use --data FILE.npz for arrays, --data cifar10 or cifar100 to have it found or downloaded, or --data synthetic for generated images
    "#);
    let name = |text: &str| load(&DataSpec::from(text), &mut |_| {}).unwrap_err().to_string();
    assert_eq!(name("cifar-100"), "cifar-100: no such file or folder; did you mean `cifar100`?");
    assert_eq!(
        name("nowhere/at/all"),
        "nowhere/at/all: no such file or folder; --data takes one, or a name: cifar10, cifar100, synthetic"
    );
}

/// Only where the real images are at hand.
#[test]
fn real_images_have_the_published_statistics() {
    let Some(folder) = std::env::var_os("NETC_DATA") else {
        return;
    };
    let set = load_folder(Path::new(&folder)).unwrap();
    for class in 0..10 {
        assert_eq!(set.train.labels.iter().filter(|&&label| label == class).count(), 5_000);
    }
    for (channel, mean) in set.normalisation.mean.iter().enumerate() {
        let planes = set.train.images.chunks_exact(1024).skip(channel).step_by(3);
        let sum: u64 = planes.flatten().map(|&value| u64::from(value)).sum();
        let exact = sum as f32 / (50_000.0 * 1024.0);
        assert!((exact - mean).abs() < 0.01, "channel {channel}: {exact}");
    }
}
