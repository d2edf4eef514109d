//! Folders of images as people have them: names in other scripts and encodings, files in odd
//! places, links.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use netc::run::data::{DataSpec, Dataset, load};

use super::folder::{colour, grey};

/// Reads what `fill` makes.
fn read(fill: &dyn Fn(&Path)) -> Result<Dataset, String> {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let set = load(&DataSpec::Path(folder.path().to_owned()), &mut |_| {});
    set.map_err(|error| error.to_string().replace(&folder.path().display().to_string(), "DIR"))
}

/// Two images in each of these classes of both splits.
fn classes(folder: &Path, names: &[&[u8]]) {
    for split in ["train", "test"] {
        for (index, name) in names.iter().enumerate() {
            let class = folder.join(split).join(OsStr::from_bytes(name));
            grey(&class.join("1.png"), [4, 4], index as u8 + 1);
            grey(&class.join("2.png"), [4, 4], 100);
        }
    }
}

#[test]
fn names_that_are_not_utf_8_are_refused_by_name() {
    let text = read(&|dir| classes(dir, &[b"gr\xfcn", b"gr\xe9n", b"tea"])).unwrap_err();
    insta::assert_snapshot!(text, @r#"
    DIR/train: a class cannot be named "gr\xE9n": these bytes are not UTF-8
    help: rename the folder; for all that an archive from Windows left, for example: convmv -r -f latin1 -t utf8 --notest DIR
    "#);
}

#[test]
fn names_written_in_two_ways_of_unicode_are_one_name() {
    let (composed, apart) = ("gr\u{fc}n", "gru\u{308}n");
    let text = read(&|dir| classes(dir, &[composed.as_bytes(), apart.as_bytes()])).unwrap_err();
    insta::assert_snapshot!(text, @r#"
    DIR/train: two class folders are named `grün`, with letters that Unicode writes in two ways
    help: move the images of both into one folder
    "#);
    // A copy by way of another system: the same classes.
    let set = read(&|dir| {
        colour(&dir.join("train").join(composed).join("1.png"), [4, 4], [1, 2, 3]);
        colour(&dir.join("test").join(apart).join("1.png"), [4, 4], [4, 5, 6]);
        colour(&dir.join("train/red/1.png"), [4, 4], [1, 2, 3]);
        colour(&dir.join("test/red/1.png"), [4, 4], [4, 5, 6]);
    })
    .unwrap();
    assert_eq!(set.classes, [composed, "red"]);
    assert_eq!(set.train.labels.iter().map(|&label| u32::from(label)).sum::<u32>(), 1);
}

#[test]
fn names_that_differ_in_case_alone_are_said() {
    let set = read(&|dir| classes(dir, &[b"A", b"a", b"b"])).unwrap();
    assert_eq!(set.classes, ["A", "a", "b"]);
    let notes = set.note.unwrap();
    assert_eq!(notes, "the classes `A` and `a` differ in case alone", "said once");
    let text = read(&|dir| {
        classes(dir, &[b"cat", b"dog"]);
        fs::rename(dir.join("test/cat"), dir.join("test/Cat")).unwrap();
    })
    .unwrap_err();
    assert_eq!(
        text,
        "DIR/test: its class `Cat` is not among the 2 of DIR/train\nhelp: did you mean `cat`?"
    );
}

#[test]
fn names_that_would_steer_a_terminal_are_refused() {
    for name in ["a\u{7}", "a\u{202e}b", "line\nbreak", "tab\t"] {
        let text = read(&|dir| classes(dir, &[name.as_bytes(), b"b"])).unwrap_err();
        assert!(text.starts_with("DIR/train: a class cannot be named "), "{text}");
        assert!(!text.contains(name), "{text:?}");
    }
}

#[test]
fn files_beside_the_class_folders_are_said_and_those_of_the_system_are_not() {
    let set = read(&|dir| {
        classes(dir, &[b"a", b"b"]);
        for name in [".DS_Store", "Thumbs.db", "desktop.ini", "a/Thumbs.db", "a/.hidden.png"] {
            fs::write(dir.join("train").join(name), "").unwrap();
        }
        fs::create_dir(dir.join("train/.ipynb_checkpoints")).unwrap();
        fs::write(dir.join("README.md"), "what this is").unwrap();
        for name in ["3.png", "4.jpg", "labels.csv"] {
            fs::write(dir.join("train").join(name), "").unwrap();
        }
        fs::write(dir.join("test/5.png"), "").unwrap();
        fs::write(dir.join("6.png"), "").unwrap();
        fs::create_dir(dir.join("extra")).unwrap();
        fs::write(dir.join("test/b/7.webp"), "").unwrap();
    })
    .unwrap();
    assert_eq!((set.train.len(), set.test.len()), (4, 4));
    insta::assert_snapshot!(set.note.unwrap(), @r#"
    3 files beside the class folders of train/ are not used: 3.png, 4.jpg, labels.csv
    1 file beside the class folders of test/ is not used: 5.png
    beside train/ and test/ there is, not used: 6.png, extra/
    1 file that is not named .png, .jpg or .jpeg is left out
    "#);
    let set = read(&|dir| {
        for name in ["a/1.png", "a/2.png", "b/1.png", "b/2.png", "3.png"] {
            grey(&dir.join(name), [4, 4], 9);
        }
    })
    .unwrap();
    let note = set.note.unwrap();
    assert!(note.starts_with("1 file beside the class folders of "), "{note}");
}

#[test]
fn folders_that_nearly_are_data_sets_are_told_from_them() {
    let image = |path: &Path| grey(path, [4, 4], 9);
    let messages = [
        read(&|dir| {
            classes(dir, &[b"a", b"b"]);
            fs::rename(dir.join("test"), dir.join("tset")).unwrap();
        }),
        read(&|dir| {
            classes(dir, &[b"a", b"b"]);
            fs::rename(dir.join("test"), dir.join("validation")).unwrap();
        }),
        read(&|dir| {
            classes(dir, &[b"a", b"b"]);
            fs::remove_dir_all(dir.join("test")).unwrap();
        }),
        read(&|dir| {
            image(&dir.join("train/1.png"));
            image(&dir.join("test/2.png"));
        }),
        read(&|dir| {
            image(&dir.join("train/a/1.png"));
            image(&dir.join("train/b/1.png"));
            fs::create_dir(dir.join("test")).unwrap();
        }),
        read(&|dir| {
            image(&dir.join("only/1.png"));
            image(&dir.join("only/2.png"));
        }),
        read(&|dir| classes(&dir.join("photos"), &[b"a", b"b"])),
        read(&|dir| fs::create_dir(dir.join("cifar-10-batches-py")).unwrap()),
        read(&|dir| {
            image(&dir.join("a/1.png"));
            image(&dir.join("a/2.png"));
            fs::create_dir(dir.join("a/more")).unwrap();
        }),
    ];
    let messages: Vec<String> = messages.into_iter().map(Result::unwrap_err).collect();
    insta::assert_snapshot!(messages.join("\n"), @r#"
    DIR: it has train/ but no test/ (or val/) beside it
    help: rename tset/ to test/
    DIR: it has train/ but no test/ (or val/) beside it
    help: rename validation/ to test/
    DIR: it has train/ but no test/ (or val/) beside it
    help: put a part of its images there, in folders of the same names
    DIR/train: expected a folder for each class, with PNG or JPEG images in it, got none
    DIR/test: expected a folder for each class, with PNG or JPEG images in it, got none
    DIR: expected at least two classes to tell apart, got one, `only`
    help: add images of what is no `only` as a second class
    DIR: it holds no images of classes
    help: --data DIR/photos
    DIR: it is CIFAR for Python, files that run code when they are read
    help: use the binary version, cifar-10-binary.tar.gz; --data cifar10 (or cifar100) finds or downloads it
    DIR/a/more: expected an image, got a folder
    help: move its images into the folder of their class, or take it out
    "#);
}

/// A class may be called like a split.
#[test]
fn trains_are_a_class() {
    let set = read(&|dir| {
        for class in ["car", "train"] {
            for i in 0..3 {
                grey(&dir.join(class).join(format!("{i}.png")), [4, 4], i);
            }
        }
    })
    .unwrap();
    assert_eq!(set.classes, ["car", "train"]);
}

#[test]
fn links_to_files_and_folders_are_followed_and_nothing_else_is_opened() {
    let elsewhere = tempfile::tempdir().unwrap();
    grey(&elsewhere.path().join("store/1.png"), [4, 4], 50);
    grey(&elsewhere.path().join("store/2.png"), [4, 4], 51);
    let linked = |dir: &Path| {
        classes(dir, &[b"a"]);
        for split in ["train", "test"] {
            symlink(elsewhere.path().join("store"), dir.join(split).join("b")).unwrap();
        }
        symlink(elsewhere.path().join("store/1.png"), dir.join("train/a/3.png")).unwrap();
    };
    let set = read(&linked).unwrap();
    assert_eq!((set.train.len(), set.test.len(), set.classes.len()), (5, 4, 2));
    let refuse = |what: &dyn Fn(&Path)| {
        read(&|dir| {
            linked(dir);
            what(dir);
        })
        .unwrap_err()
    };
    let messages = [
        refuse(&|dir| symlink("/dev/zero", dir.join("train/a/4.png")).unwrap()),
        refuse(&|dir| symlink("5.png", dir.join("train/a/5.png")).unwrap()),
        refuse(&|dir| symlink("nowhere", dir.join("train/a/6.png")).unwrap()),
        refuse(&|dir| symlink("..", dir.join("train/round")).unwrap()),
        refuse(&|dir| {
            let pipe = dir.join("train/a/7.png");
            assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
        }),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    DIR/train/a/4.png: a device
    DIR/train/a/5.png: Too many levels of symbolic links (os error 40)
    DIR/train/a/6.png: No such file or directory (os error 2)
    DIR/train/round/test: expected an image, got a folder
    help: move its images into the folder of their class, or take it out
    DIR/train/a/7.png: a pipe
    "#);
}

#[test]
fn turned_images_count_by_the_size_that_is_seen() {
    let bytes =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/data/baseline.jpg"))
            .unwrap();
    let set = read(&|dir| {
        for class in ["a", "b"] {
            fs::create_dir_all(dir.join(class)).unwrap();
            for i in 0..2 {
                fs::write(
                    dir.join(class).join(format!("{i}.jpg")),
                    super::picture::turned(&bytes, 6),
                )
                .unwrap();
            }
        }
    })
    .unwrap();
    assert_eq!(set.image, [3, 32, 24]);
}
