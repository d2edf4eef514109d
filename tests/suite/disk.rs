//! Files replaced in one step, and checkpoints that tell whether they are whole.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;

use netc::disk::{keep, replace, write_out};
use netc::lower::tensor_file::{self, Entry, Values};

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_is_replaced_whole_and_nothing_else_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.json");
    replace(&path, b"one").unwrap();
    replace(&path, b"two").unwrap();
    assert_eq!((text(&path).as_str(), names(folder.path())), ("two", vec!["a.json".to_owned()]));
}

#[test]
fn what_a_killed_writer_left_is_swept_and_what_another_writes_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at(".a.json.1-0.tmp"), "left").unwrap();
    fs::write(at(".b.json.1-0.tmp"), "of another file").unwrap();
    fs::write(at(".a.json.2-0.tmp"), "being written").unwrap();
    let writing = File::open(at(".a.json.2-0.tmp")).unwrap();
    writing.lock().unwrap();
    replace(&at("a.json"), b"new").unwrap();
    assert_eq!(names(folder.path()), [".a.json.2-0.tmp", ".b.json.1-0.tmp", "a.json"]);
    drop(writing);
    replace(&at("a.json"), b"newer").unwrap();
    assert_eq!(names(folder.path()), [".b.json.1-0.tmp", "a.json"]);
}

#[test]
fn a_link_is_replaced_and_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("file"), folder.path().join("link"));
    fs::write(&file, "mine").unwrap();
    symlink(&file, &link).unwrap();
    replace(&link, b"theirs").unwrap();
    assert_eq!((text(&file).as_str(), text(&link).as_str()), ("mine", "theirs"));
    assert!(fs::symlink_metadata(&link).unwrap().is_file());
}

#[test]
fn a_place_that_cannot_be_written_leaves_the_old_file_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    assert!(replace(&folder.path().join("absent/a"), b"x").is_err());
    let error = replace(Path::new("/proc/a"), b"x").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}");
    let full = folder.path().join("folder");
    fs::create_dir_all(full.join("inside")).unwrap();
    assert!(replace(&full, b"x").is_err(), "a folder is in its place");
    assert_eq!(names(folder.path()), ["folder"]);
    write_out(Path::new("/dev/null"), b"gone").unwrap();
    assert!(write_out(Path::new("/dev/full"), b"x").is_err());
}

#[test]
fn the_file_before_is_kept_under_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let (now, before) = (folder.path().join("now"), folder.path().join("before"));
    keep(&now, &before).unwrap();
    for round in ["1", "2", "3"] {
        keep(&now, &before).unwrap();
        replace(&now, round.as_bytes()).unwrap();
    }
    assert_eq!((text(&now).as_str(), text(&before).as_str()), ("3", "2"));
    assert_eq!(names(folder.path()), ["before", "now"]);
}

/// A small checkpoint that netc has sealed, and its single tensor.
fn good() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/checkpoint/good");
    fs::read(path).unwrap()
}

/// Whether it is taken for a whole checkpoint.
fn whole(bytes: &[u8]) -> bool {
    tensor_file::open(bytes)
        .is_ok_and(|file| file.facts.is_some() && file.floats("conv.weight", &[4, 3]).is_ok())
}

#[test]
fn a_checkpoint_cut_short_anywhere_is_known() {
    let bytes = good();
    assert!(whole(&bytes));
    for length in 0..bytes.len() {
        assert!(!whole(&bytes[..length]), "{length} of {} bytes", bytes.len());
    }
    assert!(!whole(&[&bytes[..], b"\0"].concat()), "one byte too many");
}

#[test]
fn a_checkpoint_with_any_bit_turned_is_known() {
    let bytes = good();
    for bit in 0..bytes.len() * 8 {
        let mut turned = bytes.clone();
        turned[bit / 8] ^= 1 << (bit % 8);
        assert!(!whole(&turned), "bit {} of byte {}", bit % 8, bit / 8);
    }
}

#[test]
fn tensors_of_another_shape_type_or_name_are_refused_by_name() {
    let bytes = good();
    let file = tensor_file::open(&bytes).unwrap();
    let errors = [
        file.floats("conv.weight", &[12]),
        file.floats("conv.weight", &[1, 4, 3]),
        file.floats("conv.bias", &[4]),
    ];
    let errors = errors.map(|error| error.unwrap_err().to_string()).join("\n");
    insta::assert_snapshot!(errors, @r"
    expected `conv.weight` as F32 [12], got F32 [4, 3]
    expected `conv.weight` as F32 [1, 4, 3], got F32 [4, 3]
    it lacks `conv.bias`
    ");
    assert_eq!(file.names(), ["conv.weight"]);
}

#[test]
fn numbers_in_fp64_are_kept_and_read_in_fp32_too() {
    let third = 1.0f64 / 3.0;
    let entries = [("a".to_owned(), Entry::doubles(vec![2], &[third, 1.0]))];
    let bytes = tensor_file::write(&entries, None).unwrap();
    let file = tensor_file::open(&bytes).unwrap();
    assert_eq!(file.stored_values("a", &[2]).unwrap(), Values::Double(vec![third, 1.0]));
    assert_eq!(file.floats("a", &[2]).unwrap(), [third as f32, 1.0]);
}
