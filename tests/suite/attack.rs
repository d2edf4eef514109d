//! What a stranger can put into a folder that netc reads, and what no command may do about it.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The time that a command may take. It tells a hang from a busy machine, and no more.
const LIMIT: Duration = Duration::from_secs(120);
/// The memory that a process may ask for, libtorch's included.
const KIB: u64 = 6 << 20;

/// What stands in the place of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// A link to a file outside.
    Link,
    /// A link to nothing, which a writer would make outside.
    Dangling,
    /// A link to a device that never ends.
    Device,
    Pipe,
    Folder,
    Nothing,
    Empty,
    Noise,
    /// A terabyte that takes no room.
    Sparse,
}

impl Thing {
    pub const ALL: [Thing; 9] = [
        Thing::Link,
        Thing::Dangling,
        Thing::Device,
        Thing::Pipe,
        Thing::Folder,
        Thing::Nothing,
        Thing::Empty,
        Thing::Noise,
        Thing::Sparse,
    ];

    /// Puts it in the place of a file.
    pub fn put(self, file: &Path, outside: &Outside) {
        match fs::symlink_metadata(file) {
            Ok(meta) if meta.is_dir() => fs::remove_dir_all(file).unwrap(),
            Ok(_) => fs::remove_file(file).unwrap(),
            Err(_) => {}
        }
        match self {
            Thing::Link => symlink(outside.file(), file).unwrap(),
            Thing::Dangling => symlink(outside.absent(), file).unwrap(),
            Thing::Device => symlink("/dev/zero", file).unwrap(),
            Thing::Pipe => pipe(file),
            Thing::Folder => fs::create_dir(file).unwrap(),
            Thing::Nothing => {}
            Thing::Empty => drop(File::create(file).unwrap()),
            Thing::Noise => fs::write(file, noise(4096)).unwrap(),
            Thing::Sparse => File::create(file).unwrap().set_len(1 << 40).unwrap(),
        }
    }
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn noise(count: u32) -> Vec<u8> {
    (0..count).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

/// A folder beside the one attacked, in which nothing may change.
#[derive(Debug)]
pub struct Outside(tempfile::TempDir);

impl Outside {
    const TEXT: &str = "what is outside\n";

    pub fn new() -> Outside {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), Outside::TEXT).unwrap();
        Outside(folder)
    }

    pub fn file(&self) -> PathBuf {
        self.0.path().join("file")
    }

    fn absent(&self) -> PathBuf {
        self.0.path().join("absent")
    }

    #[track_caller]
    pub fn unchanged(&self, what: &str) {
        assert_eq!(fs::read_to_string(self.file()).unwrap(), Outside::TEXT, "{what}");
        assert_eq!(fs::read_dir(self.0.path()).unwrap().count(), 1, "{what}: something new outside");
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

/// JSON that fits no field, or that a field holds in no run: other types, numbers at the ends of what there is, paths,
/// what drives a terminal.
pub const VALUES: [&str; 14] = [
    "null",
    "true",
    "-1",
    "0",
    "18446744073709551615",
    "1e308",
    "-1e308",
    "[]",
    "{}",
    "\"\"",
    "\"/etc/passwd\"",
    "\"../../../../etc/passwd\"",
    "\"\\u001b]0;x\\u0007\\u001b[31mred\\u202e\\u200b\\n\"",
    "[\"\\u001b[31m\", -1, 1e308, null, [], {}]",
];

/// Runs `netc` in a process with limits, and holds it to what no folder may make it do: it ends in time and by itself,
/// with an exit code of its own, without a panic, and says nothing that drives a terminal.
#[track_caller]
pub fn survives(folder: &Path, args: &[&str], what: &str) -> Option<i32> {
    let (out, err) = (tempfile::NamedTempFile::new().unwrap(), tempfile::NamedTempFile::new().unwrap());
    let limits = format!("ulimit -d {KIB} && ulimit -c 0 && exec \"$@\"");
    let started = Instant::now();
    let mut child = Command::new("sh")
        .args(["-c", &limits, "sh", env!("CARGO_BIN_EXE_netc")])
        .args(args)
        .current_dir(folder)
        .env("OMP_NUM_THREADS", "1")
        .stdin(Stdio::null())
        .stdout(out.reopen().unwrap())
        .stderr(err.reopen().unwrap())
        .spawn()
        .unwrap();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if started.elapsed() > LIMIT => {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("{what}: {args:?} is not done after {LIMIT:?}");
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let said = [fs::read(err.path()).unwrap(), fs::read(out.path()).unwrap()].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(!said.contains("panicked"), "{what}: {args:?}: {said}");
    assert!(matches!(status.code(), Some(0..=2)), "{what}: {args:?}: {status}: {said}");
    let drives = |c: char| c.is_control() && c != '\n' || netc::diag::is_deceptive(c);
    assert!(!said.contains(drives), "{what}: {args:?}: {said:?}");
    status.code()
}
