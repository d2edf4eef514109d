//! A folder of a run or a search, whatever a stranger has put into it.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use netc::disk::Folder;
use netc::search::lease::Claimer;

/// A folder with each thing that is no plain file, and what lies outside.
fn hostile() -> (tempfile::TempDir, Folder) {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("outside"), "mine").unwrap();
    let inside = place.path().join("inside");
    fs::create_dir_all(inside.join("folder")).unwrap();
    symlink(place.path().join("outside"), inside.join("link")).unwrap();
    symlink(place.path(), inside.join("link_to_folder")).unwrap();
    symlink("/dev/zero", inside.join("device")).unwrap();
    symlink("nothing", inside.join("dangling")).unwrap();
    assert!(Command::new("mkfifo").arg(inside.join("pipe")).status().unwrap().success());
    let folder = Folder::open(&inside).unwrap();
    (place, folder)
}

fn outside(place: &Path) -> String {
    fs::read_to_string(place.join("outside")).unwrap()
}

#[test]
fn nothing_but_plain_files_is_opened() {
    let (place, folder) = hostile();
    for name in ["folder", "link", "link_to_folder", "device", "dangling", "pipe"] {
        assert!(folder.read(name, 1 << 20).is_err(), "{name} was read");
        assert!(folder.read_end(name, 1 << 20).is_err(), "the end of {name} was read");
        assert!(folder.append(name).is_err(), "{name} was opened to append");
        assert!(folder.stamp(name).is_err(), "{name} has a stamp");
        assert!(folder.file(name).is_err(), "{name} was given away");
        assert!(folder.lock(name).is_err(), "{name} was locked");
        assert!(folder.create_file(name).unwrap().is_none(), "{name} was made");
    }
    assert_eq!(outside(place.path()), "mine");
}

#[test]
fn a_link_to_a_folder_is_not_entered() {
    let (_place, folder) = hostile();
    assert_eq!(folder.sub("folder").unwrap().path(), folder.path().join("folder"));
    for name in ["link", "link_to_folder", "pipe", "dangling"] {
        assert!(folder.sub(name).is_err(), "{name}");
        assert!(folder.create_sub(name).is_err(), "{name}");
    }
}

#[test]
fn no_name_leads_out() {
    let (place, folder) = hostile();
    for name in
        ["", ".", "..", "/", "/tmp/x", "../outside", "folder/x", "folder/", "./link", "a\0b"]
    {
        let refused = [
            folder.read(name, 9).map(drop),
            folder.append(name).map(drop),
            folder.create_file(name).map(drop),
            folder.replace(name, b"theirs"),
            folder.remove(name),
            folder.sub(name).map(drop),
            folder.create_sub(name).map(drop),
        ];
        for result in refused {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidInput, "{name:?}");
        }
    }
    assert_eq!(outside(place.path()), "mine");
}

#[test]
fn links_are_replaced_and_removed_themselves() {
    let (place, folder) = hostile();
    folder.replace("link", b"new").unwrap();
    assert_eq!(folder.read_text("link", 9).unwrap(), "new");
    folder.remove("device").unwrap();
    folder.remove("absent").unwrap();
    assert!(!folder.has("device"));
    assert_eq!(outside(place.path()), "mine");
}

#[test]
fn reading_ends_at_the_limit() {
    let (_place, folder) = hostile();
    folder.append("log").unwrap().write_all(b"0123456789").unwrap();
    assert_eq!(folder.read("log", 10).unwrap(), b"0123456789");
    assert_eq!(folder.read("log", 9).unwrap_err().kind(), ErrorKind::FileTooLarge);
    assert_eq!(folder.read_end("log", 4).unwrap(), b"6789");
    assert_eq!(folder.stamp("log").unwrap().unwrap().bytes, 10);
    assert_eq!(folder.stamp("absent").unwrap(), None);
    assert_eq!(folder.names(3).unwrap_err().kind(), ErrorKind::FileTooLarge);
    assert_eq!(folder.names(7).unwrap().len(), 7);
}

#[test]
fn of_several_one_has_the_folder_and_its_lock() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a/b");
    let folder = Folder::create_new(&path).unwrap().unwrap();
    assert_eq!(Folder::create_new(&path).unwrap(), None);
    let lock = folder.lock("lock").unwrap();
    assert!(lock.is_some());
    assert!(folder.lock("lock").unwrap().is_none());
    drop(lock);
    assert!(folder.lock("lock").unwrap().is_some());
}

/// A process that holds a lock writes by path: it must know when another folder is there.
#[test]
fn a_folder_that_was_moved_or_replaced_is_no_longer_held() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("run");
    let folder = Folder::create(&path).unwrap();
    let (lock, anchor) = (folder.lock("lock").unwrap().unwrap(), folder.anchor().unwrap());
    assert!(lock.is_in(&folder) && anchor.holds());
    fs::rename(&path, place.path().join("moved")).unwrap();
    assert!(!lock.is_in(&folder) && !anchor.holds());
    let next = Folder::create(&path).unwrap();
    let second = next.lock("lock").unwrap().unwrap();
    assert!(!lock.is_in(&folder) && !anchor.holds());
    assert!(second.is_in(&folder) && next.anchor().unwrap().holds());
    // Its number may not be given to the next folder while it is held.
    let held = next.anchor().unwrap();
    fs::remove_dir_all(&path).unwrap();
    Folder::create(&path).unwrap().append("lock").unwrap();
    assert!(!second.is_in(&folder) && !held.holds());
}

#[test]
fn a_lease_ends_with_the_folder_that_it_is_of() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("run");
    let claim = || {
        let folder = Folder::create(&path).unwrap();
        Claimer::default().claim(&folder).unwrap().unwrap()
    };
    let first = claim();
    fs::rename(&path, place.path().join("moved")).unwrap();
    let second = claim();
    assert!(!first.holds() && second.holds());
    let before = fs::read(path.join("lease.1")).unwrap();
    drop(first);
    assert_eq!(fs::read(path.join("lease.1")).unwrap(), before, "released in another's folder");
    assert!(second.holds());
}
