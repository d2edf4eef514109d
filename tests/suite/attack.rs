//! What a stranger can put into a folder that netc reads, and what no command may do about it.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::limited::Limits;

/// For libtorch, too.
const LIMITS: Limits = Limits { time: Duration::from_secs(120), kib: 6 << 20 };

/// What stands in the place of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// A link to a file outside.
    Link,
    /// A link to a folder outside, which has files of the names that netc writes.
    FolderLink,
    /// A link to nothing, which a writer would make outside.
    Dangling,
    /// A link to itself.
    Loop,
    /// A link to a device that never ends.
    Endless,
    /// A link to a device that takes nothing.
    Full,
    Pipe,
    Folder,
    Nothing,
    Empty,
    Noise,
    /// A terabyte that takes no room.
    Sparse,
}

impl Thing {
    pub const ALL: [Thing; 12] = [
        Thing::Link,
        Thing::FolderLink,
        Thing::Dangling,
        Thing::Loop,
        Thing::Endless,
        Thing::Full,
        Thing::Pipe,
        Thing::Folder,
        Thing::Nothing,
        Thing::Empty,
        Thing::Noise,
        Thing::Sparse,
    ];

    /// Puts it in the place of a file or a folder.
    pub fn put(self, file: &Path, outside: &Outside) {
        match fs::symlink_metadata(file) {
            Ok(meta) if meta.is_dir() => fs::remove_dir_all(file).unwrap(),
            Ok(_) => fs::remove_file(file).unwrap(),
            Err(_) => {}
        }
        match self {
            Thing::Link => symlink(outside.file(), file).unwrap(),
            Thing::FolderLink => symlink(outside.0.path(), file).unwrap(),
            Thing::Dangling => symlink(outside.0.path().join("absent"), file).unwrap(),
            Thing::Loop => symlink(file, file).unwrap(),
            Thing::Endless => symlink("/dev/zero", file).unwrap(),
            Thing::Full => symlink("/dev/full", file).unwrap(),
            Thing::Pipe => assert!(Command::new("mkfifo").arg(file).status().unwrap().success()),
            Thing::Folder => fs::create_dir(file).unwrap(),
            Thing::Nothing => {}
            Thing::Empty => drop(File::create(file).unwrap()),
            Thing::Noise => fs::write(file, noise()).unwrap(),
            Thing::Sparse => File::create(file).unwrap().set_len(1 << 40).unwrap(),
        }
    }
}

/// Bytes that begin as a line of a log does, as far as they are text.
fn noise() -> Vec<u8> {
    let bytes = (0..4096_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8);
    b"\x00\xff\x1b[2J{\"event\":\n\xe2\x80\xae\x00".iter().copied().chain(bytes).collect()
}

/// A folder beside the one attacked, in which nothing may change, and of which nothing may be said.
#[derive(Debug)]
pub struct Outside(tempfile::TempDir);

impl Outside {
    const TEXT: &str = "the_secret: 1\n";
    /// In order.
    const NAMES: [&str; 4] = ["a.tmp", "checkpoint.safetensors", "run.jsonl", "secret.net"];

    pub fn new() -> Outside {
        let folder = tempfile::tempdir().unwrap();
        Outside::NAMES
            .iter()
            .for_each(|name| fs::write(folder.path().join(name), Outside::TEXT).unwrap());
        Outside(folder)
    }

    pub fn file(&self) -> PathBuf {
        self.0.path().join("run.jsonl")
    }

    #[track_caller]
    pub fn is_untouched(&self, what: &str, said: &str) {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, Outside::NAMES, "{what}");
        for name in names {
            assert_eq!(
                fs::read_to_string(self.0.path().join(name)).unwrap(),
                Outside::TEXT,
                "{what}"
            );
        }
        assert!(!said.contains("the_secret"), "{what}: {said}");
    }
}

/// A copy of a folder of plain files.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}

/// JSON that fits no field, or that a field holds in no folder of netc: other types, numbers at the
/// ends of what there is, paths, options, formulas of tables, what drives a terminal.
pub fn wrong_values() -> Vec<Value> {
    let mut all = vec![json!(null), json!(true), json!([]), json!({}), json!({ "a": 1 })];
    all.extend([
        json!(-1),
        json!(0),
        json!(0.5),
        json!(99),
        json!(4_000_000_000_u64),
        json!(u64::MAX),
    ]);
    all.extend([json!(1e308), json!(-1e308), json!(["\u{1b}[31m", -1, 1e308, null, [], {}])]);
    let texts = [
        "",
        "NaN",
        "/etc/passwd",
        "../../../../etc/passwd",
        "../../x",
        "--user=root",
        "=1+1",
        "\u{0}",
    ];
    let driving = ["\u{1b}]0;x\u{7}\u{1b}[31mred\u{202e}\u{200b}\n", "\u{1b}[2J", "\u{202e}"];
    all.extend([&texts[..], &driving].concat().into_iter().map(Value::from));
    all.push("x".repeat(100_000).into());
    all
}

/// The pointers to all values of a document; of a list, to those of its first item.
pub fn pointers(document: &Value) -> Vec<String> {
    fn add(value: &Value, at: String, all: &mut Vec<String>) {
        match value {
            Value::Array(items) => {
                items.iter().take(1).for_each(|item| add(item, format!("{at}/0"), all))
            }
            Value::Object(fields) => {
                let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
                fields
                    .iter()
                    .for_each(|(key, value)| add(value, format!("{at}/{}", escaped(key)), all));
            }
            _ => {}
        }
        all.push(at);
    }
    let mut all = Vec::new();
    add(document, String::new(), &mut all);
    all
}

/// The first characters of a value, for a message.
pub fn brief(value: &Value) -> String {
    value.to_string().chars().take(40).collect()
}

/// Runs `netc`, and holds it to what no folder may make it do. What it said.
#[track_caller]
pub fn survives(folder: &Path, args: &[&str], what: &str) -> String {
    let ended = LIMITS.run(env!("CARGO_BIN_EXE_netc"), args, folder, what);
    ended.is_proper(&format!("{what}: {args:?}"), &[0, 1, 2]);
    ended.said
}
