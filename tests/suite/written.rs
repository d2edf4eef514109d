//! Files that netc writes: what is protected stays, what belongs together is written together.
#![cfg(unix)]

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use netc::disk::{keep, replace, rewrite, write_out, write_together};

const UGLY: &str = "net a{input x:[N,3,8,8]\nconv(4)\noutput y:[N,4,8,8]}\n";

fn netc(folder: &Path, args: &[&OsStr]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_netc")).current_dir(folder).args(args).output().unwrap()
}

fn said(run: &Output) -> String {
    String::from_utf8_lossy(&run.stderr).into_owned()
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into()).collect();
    names.sort();
    names
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn fmt_leaves_a_read_only_file_alone_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.net");
    fs::write(&file, UGLY).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o444)).unwrap();
    let run = netc(folder.path(), &["fmt".as_ref(), "a.net".as_ref()]);
    assert_eq!((run.status.code(), text(&file).as_str()), (Some(1), UGLY));
    assert!(said(&run).contains("read-only"), "{}", said(&run));
    symlink("a.net", folder.path().join("link.net")).unwrap();
    assert_eq!(netc(folder.path(), &["fmt".as_ref(), "link.net".as_ref()]).status.code(), Some(1));
    assert_eq!(text(&file), UGLY);
    assert_eq!(
        netc(folder.path(), &["fmt".as_ref(), "--check".as_ref(), "a.net".as_ref()]).status.code(),
        Some(1)
    );
}

#[test]
fn a_repair_leaves_a_read_only_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.net");
    let wrong = UGLY.replace("conv(4)", "convv(4)");
    fs::write(&file, &wrong).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o444)).unwrap();
    let run = netc(folder.path(), &["check".as_ref(), "--fix".as_ref(), "a.net".as_ref()]);
    assert_eq!((run.status.code(), text(&file)), (Some(1), wrong));
    assert!(said(&run).contains("read-only"), "{}", said(&run));
}

#[test]
fn an_output_does_not_replace_a_read_only_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    fs::write(&file, "mine").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o400)).unwrap();
    let error = write_out(&file, b"theirs").unwrap_err();
    assert!(error.to_string().contains("chmod u+w"), "{error}");
    assert_eq!((text(&file).as_str(), names(folder.path()).len()), ("mine", 1));
}

#[test]
fn fmt_keeps_hard_links_links_and_modes() {
    let folder = tempfile::tempdir().unwrap();
    let [file, other, link] = ["a.net", "b.net", "c.net"].map(|name| folder.path().join(name));
    fs::write(&file, UGLY).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    fs::hard_link(&file, &other).unwrap();
    symlink("a.net", &link).unwrap();
    assert_eq!(netc(folder.path(), &["fmt".as_ref(), "c.net".as_ref()]).status.code(), Some(0));
    let (a, b) = (fs::metadata(&file).unwrap(), fs::metadata(&other).unwrap());
    assert_eq!((a.ino(), a.nlink(), a.mode() & 0o777), (b.ino(), 2, 0o640));
    assert_ne!(text(&other), UGLY);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(names(folder.path()).len(), 3);
    fs::remove_file(&other).unwrap();
    rewrite(&file, b"shorter").unwrap();
    assert_eq!((text(&file).as_str(), names(folder.path()).len()), ("shorter", 2));
}

#[test]
fn a_file_of_several_names_that_becomes_shorter_has_no_rest_of_the_old_text() {
    let folder = tempfile::tempdir().unwrap();
    let [file, other] = ["a", "b"].map(|name| folder.path().join(name));
    fs::write(&file, "a long text").unwrap();
    fs::hard_link(&file, &other).unwrap();
    rewrite(&file, b"short").unwrap();
    assert_eq!(text(&other), "short");
}

#[test]
fn names_of_255_bytes_are_written_at_every_door() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a".repeat(255), "é".repeat(127), format!("{}.net", "n".repeat(251))] {
        let path = folder.path().join(&name);
        replace(&path, b"one").unwrap();
        write_out(&path, b"two").unwrap();
        rewrite(&path, b"three").unwrap();
        keep(&path, &folder.path().join("before")).unwrap();
        replace(&path, b"four").unwrap();
        assert_eq!(
            (text(&path).as_str(), text(&folder.path().join("before")).as_str()),
            ("four", "three")
        );
        fs::remove_file(&path).unwrap();
    }
    let long = format!("{}.net", "n".repeat(251));
    fs::write(folder.path().join(&long), UGLY).unwrap();
    assert_eq!(netc(folder.path(), &["fmt".as_ref(), long.as_ref()]).status.code(), Some(0));
    let svg = format!("{}.svg", "s".repeat(251));
    let draw = ["draw".as_ref(), long.as_ref(), "-o".as_ref(), svg.as_ref()];
    assert_eq!(netc(folder.path(), &draw).status.code(), Some(0));
    assert_eq!(names(folder.path()).len(), 3);
}

#[test]
fn names_that_are_not_utf8_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(OsStr::from_bytes(b"caf\xe9.json"));
    replace(&path, b"one").unwrap();
    replace(&path, b"two").unwrap();
    assert_eq!((text(&path).as_str(), names(folder.path()).len()), ("two", 1));
}

#[test]
fn of_files_that_belong_together_all_are_written_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("folder")).unwrap();
    for bad in ["folder", "absent/a"] {
        let [good, bad] = [at("a"), at(bad)];
        for outs in [[(&*good, b"x".as_slice()), (&*bad, b"y")], [(&*bad, b"y"), (&*good, b"x")]] {
            let (path, _) = write_together(&outs).unwrap_err();
            assert_eq!((path, names(folder.path())), (&*bad, vec!["folder".into()]));
        }
    }
    write_together(&[(&at("a"), b"x"), (&at("b"), b"y"), (Path::new("/dev/null"), b"z")]).unwrap();
    assert_eq!(names(folder.path()).len(), 3);
}

#[test]
fn an_import_whose_weights_cannot_be_written_writes_no_net() {
    let folder = tempfile::tempdir().unwrap();
    let model = Path::new("tests/cases/onnx/old_opset.onnx").canonicalize().unwrap();
    let outs = ["-o", "a.net", "--weights", "absent/a.safetensors"].map(OsStr::new);
    let run =
        netc(folder.path(), &[&["import".as_ref(), model.as_os_str()][..], &outs[..]].concat());
    assert_eq!((run.status.code(), names(folder.path())), (Some(1), vec![]));
    assert!(said(&run).contains("absent/a.safetensors"), "{}", said(&run));
    let outs = ["--weights", "absent/a.safetensors"].map(OsStr::new);
    let run =
        netc(folder.path(), &[&["import".as_ref(), model.as_os_str()][..], &outs[..]].concat());
    assert_eq!((run.status.code(), run.stdout.len()), (Some(1), 0), "nor does it print one");
    let outs = ["-o", "a", "--weights", "./a"].map(OsStr::new);
    let run =
        netc(folder.path(), &[&["import".as_ref(), model.as_os_str()][..], &outs[..]].concat());
    assert_eq!((run.status.code(), names(folder.path())), (Some(2), vec![]), "one file for both");
}

#[test]
fn a_net_of_a_name_that_is_not_utf8_is_read_with_its_imports_and_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join(OsStr::from_bytes(b"caf\xe9"));
    fs::create_dir_all(inside.join("sub")).unwrap();
    fs::write(inside.join("lib.net"), "block twice(c) {\n  conv(c) -> conv(c)\n}\n").unwrap();
    let net = |import: &str, op: &str| {
        format!(
            "import \"{import}\": twice\n\nnet a {{\n  input x: [N, 3, 8, 8]\n  {op} -> twice(4)\n  output y: [N, 4, 8, 8]\n}}\n"
        )
    };
    let (near, below) = (OsStr::from_bytes(b"\xff.net"), OsStr::from_bytes(b"sub/\xfe.net"));
    fs::write(inside.join(near), net("lib.net", "relu")).unwrap();
    fs::write(inside.join(below), net("../lib.net", "relu")).unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    let paths = [
        (inside.clone(), near.to_owned()),
        (inside.clone(), below.to_owned()),
        (inside.clone(), OsStr::from_bytes(b"./sub/../\xff.net").to_owned()),
        (folder.path().to_owned(), inside.join(below).into_os_string()),
        (folder.path().to_owned(), OsStr::from_bytes(b"caf\xe9/sub/\xfe.net").to_owned()),
    ];
    for (at, path) in paths {
        for command in ["check", "fmt", "expand", "show", "draw"] {
            let run = netc(&at, &[command.as_ref(), &path]);
            assert_eq!(run.status.code(), Some(0), "{command}: {}", said(&run));
        }
    }
    fs::write(inside.join(near), net("lib.net", "rellu")).unwrap();
    let run = netc(&inside, &["check".as_ref(), "--fix".as_ref(), near]);
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    assert_eq!(text(&inside.join(near)), net("lib.net", "relu"));
    assert!(!inside.join("\u{fffd}.net").exists());
}

#[test]
fn fmt_writes_line_feeds_and_no_byte_order_mark_and_is_then_content() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.net");
    fs::write(&file, format!("\u{feff}{}", UGLY.replace('\n', "\r\n"))).unwrap();
    assert_eq!(netc(folder.path(), &["fmt".as_ref(), "a.net".as_ref()]).status.code(), Some(0));
    let once = text(&file);
    assert!(once.starts_with("net a {\n") && !once.contains('\r'), "{once:?}");
    let check = ["fmt".as_ref(), "--check".as_ref(), "a.net".as_ref()];
    assert_eq!(netc(folder.path(), &check).status.code(), Some(0));
}

/// Standard output may lead to a plain file, whose place no other file must take.
#[test]
fn what_is_written_to_standard_output_goes_on_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let net = "net a {\n  input x: [N, 3]\n\n  linear(2)\n\n  output y: [N, 2]\n}\n";
    fs::write(folder.path().join("a.net"), net).unwrap();
    symlink("/proc/self/fd/1", folder.path().join("stdout")).unwrap();
    let printed = folder.path().join("printed");
    for out in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "stdout"] {
        let mut netc = Command::new(env!("CARGO_BIN_EXE_netc"));
        netc.args(["export", "a.net", "--format", "pytorch", "-o", out]).current_dir(folder.path());
        assert!(netc.stdout(fs::File::create(&printed).unwrap()).status().unwrap().success());
        assert!(fs::read_to_string(&printed).unwrap().contains("class "), "{out}");
    }
    assert!(folder.path().join("stdout").is_symlink() && Path::new("/dev/stdout").is_symlink());
}
