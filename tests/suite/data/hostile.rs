//! Data from strangers: what would be waited for, read without end, or unpack to more than it may.
//! Each in a process of its own, within limits of memory and time.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use flate2::{Compress, Compression, FlushCompress};
use netc::run::data::cifar::CIFAR10;
use tempfile::TempDir;
use zip::CompressionMethod;

use super::folder::grey;
use super::npz::{npy, npz};
use crate::hostile::netc;

/// A folder with a net that would train.
fn place() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let net = "net a {\n  input image: [N, 1, 8, 8]\n  all: flatten -> linear(2)\n  output y: [N, 2]\n}\n";
    fs::write(folder.path().join("a.net"), net).unwrap();
    folder
}

/// Trains on what is there, within the limits, and is refused.
#[track_caller]
fn refused(folder: &TempDir, data: &str, words: &str) {
    let seen = netc(folder.path(), &["train", "a.net", "--data", data]);
    assert_eq!(seen.code, Some(1), "{}", seen.text);
    assert!(seen.text.contains(words), "expected {words}, got {}", seen.text);
}

fn pipe(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn pipes_and_devices_are_refused_wherever_a_file_is_due() {
    let here = place();
    let at = |name: &str| here.path().join(name);
    pipe(&at("set.npz"));
    refused(&here, "set.npz", "set.npz: a pipe");
    pipe(&at(CIFAR10.archive_name));
    refused(&here, CIFAR10.archive_name, "a pipe");
    pipe(&at("binary/data_batch_1.bin"));
    refused(&here, "binary", "data_batch_1.bin: a pipe");
    fs::remove_file(at("binary/data_batch_1.bin")).unwrap();
    symlink("/dev/zero", at("binary/data_batch_1.bin")).unwrap();
    refused(&here, "binary", "data_batch_1.bin: a device");
    refused(&here, "/dev/zero", "/dev/zero: a device");
    symlink("/dev/zero", at("zero.npz")).unwrap();
    refused(&here, "zero.npz", "zero.npz: a device");
}

/// Raw deflate of some bytes, of which any number may stand in a row.
fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(bytes.len() + 1024);
    let mut compress = Compress::new(Compression::fast(), false);
    compress.compress_vec(bytes, &mut packed, FlushCompress::Full).unwrap();
    assert_eq!(compress.total_in(), bytes.len() as u64);
    packed
}

/// So many mebibytes of zeros as raw deflate that never ends.
fn zeros(mib: usize) -> Vec<u8> {
    deflated(&vec![0; 1 << 20]).repeat(mib)
}

#[test]
fn archives_that_unpack_to_a_gigabyte_of_name() {
    let here = place();
    let path = here.path().join(CIFAR10.archive_name);
    let zeros = zeros(600);
    for kind in [b'L', b'K', b'x', b'g', b'0'] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::new(kind));
        header.set_size(600 << 20);
        header.set_cksum();
        let head = b"\x1f\x8b\x08\0\0\0\0\0\0\xff";
        fs::write(&path, [&head[..], &deflated(header.as_bytes()), &zeros].concat()).unwrap();
        assert!(fs::metadata(&path).unwrap().len() < 4 << 20);
        refused(&here, CIFAR10.archive_name, "it unpacks to more than 512 MiB");
    }
}

#[test]
fn arrays_that_unpack_to_gigabytes_together() {
    let here = place();
    let path = here.path().join("bomb.npz");
    // Each array alone is within the limit, all of them are not.
    let images = |count: usize| npy("|u1", &[count, 1024, 1024], &[]);
    let labels = |count: usize| npy("|u1", &[count], &vec![0; count]);
    let arrays = [
        ("x_train", images(200)),
        ("y_train", labels(200)),
        ("x_test", images(200)),
        ("y_test", labels(200)),
    ];
    npz(&path, CompressionMethod::Deflated, &arrays);
    refused(&here, "bomb.npz", "are left of the 256 MiB that this file may unpack to");
    // Nor may labels or names fill it.
    let small = || npy("|u1", &[2, 8, 8], &[0; 128]);
    for (name, array) in [
        ("y_train", npy("<i8", &[1 << 40], &[])),
        ("class_names", npy("<U100000000", &[2], &[])),
        ("x_test", npy("<f8", &[1 << 20, 64, 64], &[])),
    ] {
        let mut arrays = vec![
            ("x_train", small()),
            ("y_train", labels(2)),
            ("x_test", small()),
            ("y_test", labels(2)),
            ("class_names", npy("<U1", &[2], &[97, 0, 0, 0, 98, 0, 0, 0])),
        ];
        arrays.iter_mut().find(|(own, _)| *own == name).unwrap().1 = array;
        npz(&path, CompressionMethod::Deflated, &arrays);
        refused(&here, "bomb.npz", "MiB");
    }
}

/// A PNG with a chunk before its data.
fn with_chunk(path: &Path, kind: &[u8; 4], content: &[u8]) {
    let whole = fs::read(path).unwrap();
    let chunk = [&kind[..], content].concat();
    let mut sum = flate2::Crc::new();
    sum.update(&chunk);
    let (length, sum) = ((content.len() as u32).to_be_bytes(), sum.sum().to_be_bytes());
    fs::write(path, [&whole[..33], &length, &chunk, &sum, &whole[33..]].concat()).unwrap();
}

#[test]
fn profiles_and_texts_of_images_are_not_unpacked() {
    let here = place();
    let packed = [b"\x78\x01", &zeros(800)[..]].concat();
    for (class, kind) in [("iccp", b"iCCP"), ("text", b"zTXt")] {
        for i in 0..2 {
            let path = here.path().join(format!("data/{class}/{i}.png"));
            grey(&path, [8, 8], 1 + i);
            with_chunk(&path, kind, &[b"name\0\0", &packed[..]].concat());
        }
    }
    let seen = netc(here.path(), &["train", "a.net", "--data", "data", "--epochs", "1"]);
    assert_eq!(seen.code, Some(0), "{}", seen.text);
}

#[test]
fn images_that_claim_to_be_huge() {
    let here = place();
    let path = here.path().join("data/a/1.png");
    for i in 1..3 {
        grey(&here.path().join(format!("data/a/{i}.png")), [8, 8], 1);
        grey(&here.path().join(format!("data/b/{i}.png")), [8, 8], 1);
    }
    let mut bytes = fs::read(&path).unwrap();
    bytes[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    let mut sum = flate2::Crc::new();
    sum.update(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.sum().to_be_bytes());
    fs::write(&path, &bytes).unwrap();
    refused(&here, "data", "expected up to 8192 pixels along a side, got 65535 x 65535");
    let jpeg =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/data/progressive.jpg"));
    let mut jpeg = jpeg.unwrap();
    let size = jpeg.windows(2).position(|pair| pair == [0xff, 0xc2]).unwrap() + 5;
    jpeg[size..size + 4].copy_from_slice(&[0xff; 4]);
    fs::write(&path, &jpeg).unwrap();
    refused(&here, "data", "expected up to 8192 pixels along a side, got 65535 x 65535");
    File::create(&path).unwrap().set_len(1 << 40).unwrap();
    refused(&here, "data", "more than 268435456 bytes");
}
