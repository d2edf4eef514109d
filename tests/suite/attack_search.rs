//! Folders of searches that come from strangers: each file replaced by what it must not be, each field of each document by
//! what it must not say. Every command ends in time and in little memory, without a panic, says nothing that drives
//! a terminal, and changes nothing outside of the folder.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use netc::search::Plan;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::report::search;

/// The most that one command may take: far more than it does, so that it tells a hang alone.
const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 60 } else { 10 });
const KIB: u64 = if cfg!(debug_assertions) { 800 } else { 400 } << 10;

/// A search's folder, a folder beside it that nothing may change, and what commands need.
pub struct Place {
    whole: TempDir,
    /// The path of a run's folder in the search's.
    pub run: String,
}

impl Place {
    /// With a search of which 20 of 30 runs are over, and one is under way.
    pub fn new() -> Place {
        let whole = tempfile::tempdir().unwrap();
        let at = |name: &str| whole.path().join(name);
        for folder in ["outside", "cache", "out", "bin", "search"] {
            fs::create_dir(at(folder)).unwrap();
        }
        search(&at("search"), |variant, epochs, seed| match (epochs, seed) {
            (_, 4) | (3, 3) => None,
            (3, 2) if variant == 1 => Some((-1.0, 5.0)),
            _ => Some((50.0 + variant as f64 + seed as f64 / 10.0, f64::from(epochs))),
        });
        for name in ["run.jsonl", "checkpoint.safetensors", "a.tmp", "secret.net"] {
            fs::write(at("outside").join(name), "the_secret: 1\n").unwrap();
        }
        for program in ["sbatch", "squeue", "scancel"] {
            let script = format!("#!/bin/sh\nprintf '{program}|%s|\\n' \"$@\" >> \"$CALLS\"\n");
            fs::write(at("bin").join(program), script).unwrap();
            fs::set_permissions(at("bin").join(program), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let plan = Plan::read(&at("search")).unwrap();
        let place = Place { run: format!("runs/{}", plan.runs[0].id), whole };
        let lease =
            json!({"host": "h", "pid": 1, "space": "elsewhere", "beat": 1, "epochs": 0.5, "released": false});
        let files = [
            (format!("{}/lease.1", place.run), lease.to_string()),
            (format!("{}/checkpoint.safetensors", place.run), "weights".into()),
            ("engine.json".into(), json!({"jobs": [{"id": "12", "cluster": "c"}]}).to_string()),
            ("logs/worker-0.log".into(), "said\n".into()),
            ("index.sqlite".into(), "no database".into()),
        ];
        fs::create_dir(place.search().join("logs")).unwrap();
        files.iter().for_each(|(name, text)| fs::write(place.search().join(name), text).unwrap());
        place
    }

    pub fn search(&self) -> PathBuf {
        self.whole.path().join("search")
    }

    fn outside(&self) -> PathBuf {
        self.whole.path().join("outside")
    }

    /// A fresh copy of the search's folder, for the next attack.
    fn restore(&self, from: &Path) {
        let _ = fs::remove_dir_all(self.search());
        let copied = Command::new("cp").arg("-a").arg(from).arg(self.search()).status().unwrap();
        assert!(copied.success());
    }

    /// What lies outside, file by file.
    fn state(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let entries = fs::read_dir(self.outside()).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
    }

    /// Runs a program within the limits; its exit code and all that it said.
    #[track_caller]
    pub fn run(&self, program: &str, args: &[&str]) -> (Option<i32>, String) {
        let at = |name: &str| self.whole.path().join(name);
        let limits = format!("ulimit -d {KIB} && ulimit -c 0 && exec \"$@\"");
        let path = format!("{}:{}", at("bin").display(), std::env::var("PATH").unwrap());
        let mut child = Command::new("sh")
            .args(["-c", &limits, "sh", program])
            .args(args)
            .current_dir(self.whole.path())
            .envs([("XDG_CACHE_HOME", at("cache")), ("CALLS", at("calls"))])
            .envs([("PATH", path.as_str()), ("OMP_NUM_THREADS", "1")])
            .stdin(Stdio::null())
            .stdout(File::create(at("stdout")).unwrap())
            .stderr(File::create(at("stderr")).unwrap())
            .spawn()
            .unwrap();
        let started = Instant::now();
        let code = loop {
            match child.try_wait().unwrap() {
                Some(status) => break status.code(),
                None if started.elapsed() > LIMIT => {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    panic!("{args:?} is not done after {LIMIT:?}");
                }
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        };
        let read = |name: &str| String::from_utf8_lossy(&fs::read(at(name)).unwrap()).into_owned();
        (code, read("stdout") + &read("stderr"))
    }

    /// Runs commands that need no libtorch, each held against what must be so.
    #[track_caller]
    fn attack(&self, what: &str, commands: &[&str]) -> usize {
        let (before, run) = (self.state(), format!("search/{}", self.run));
        for command in commands {
            let command = command.replace("RUN", &run);
            let args: Vec<&str> = command.split(' ').collect();
            let (code, said) = self.run(env!("CARGO_BIN_EXE_netc"), &args);
            self.holds(&format!("{what}: netc {command}"), code, &said, &before);
        }
        commands.len()
    }

    #[track_caller]
    fn holds(&self, what: &str, code: Option<i32>, said: &str, before: &BTreeMap<PathBuf, Vec<u8>>) {
        assert!(matches!(code, Some(0 | 1)), "{what}: {code:?}: {said}");
        assert!(!said.contains("panicked"), "{what}: {said}");
        assert!(!said.contains("the_secret"), "{what}: {said}");
        let drives = |c: char| netc::diag::is_deceptive(c) || (c.is_control() && c != '\n');
        assert_eq!(said.chars().find(|c| drives(*c)), None, "{what}: {said:?}");
        assert_eq!(self.state(), *before, "{what}: something outside has changed");
        let calls = fs::read_to_string(self.whole.path().join("calls")).unwrap_or_default();
        let known = |call: &str| {
            let argument = call.split('|').nth(1).unwrap_or_default();
            let options = ["--clusters=c", "--noheader", "--array", "--sort=i", "--format=%i", "--jobs"];
            argument.is_empty() || options.contains(&argument) || argument.bytes().all(|c| c.is_ascii_digit())
        };
        assert_eq!(calls.lines().find(|call| !known(call)), None, "{what}");
    }
}

/// Everything that a report can be written as.
const REPORT: &str = "report search --csv out/r.csv --json out/r.json --sqlite out/r.sqlite --html out/r.html --plot out/r.svg";
const STATUS: &str = "search status search";
const CANCEL: &str = "search cancel search";
const SLURM: &str = "search search --emit slurm";
const PARALLEL: &str = "search search --emit parallel";

/// Every way to put something else in a file's place.
pub const REPLACEMENTS: [&str; 12] = [
    "a link to a file",
    "a link to a folder",
    "a link to nothing",
    "a link to itself",
    "a link to /dev/zero",
    "a link to /dev/full",
    "a pipe",
    "a folder",
    "nothing",
    "noise",
    "an empty file",
    "a huge file",
];

/// Puts something else in a file's place.
pub fn replace(path: &Path, outside: &Path, how: &str) {
    let _ = fs::remove_file(path).or_else(|_| fs::remove_dir_all(path));
    let link = |to: &Path| symlink(to, path).unwrap();
    match how {
        "a link to a file" => link(&outside.join("run.jsonl")),
        "a link to a folder" => link(outside),
        "a link to nothing" => link(&outside.join("gone")),
        "a link to itself" => link(path),
        "a link to /dev/zero" => link(Path::new("/dev/zero")),
        "a link to /dev/full" => link(Path::new("/dev/full")),
        "a pipe" => assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
        "a folder" => fs::create_dir(path).unwrap(),
        "nothing" => {}
        "noise" => fs::write(path, b"\x00\xff\x1b[2J{\"event\":\n\xe2\x80\xae\x00".repeat(9)).unwrap(),
        "an empty file" => fs::write(path, "").unwrap(),
        _ => File::create(path).unwrap().set_len(1 << 40).unwrap(),
    }
}

#[test]
fn each_file_replaced_by_what_it_must_not_be() {
    let place = Place::new();
    let whole = place.whole.path().join("whole");
    fs::rename(place.search(), &whole).unwrap();
    let net = fs::read_dir(whole.join("nets")).unwrap().next().unwrap().unwrap().file_name();
    let run = |name: &str| format!("{}/{name}", place.run);
    let files: [(String, &[&str]); 15] = [
        ("plan.json".into(), &[REPORT, STATUS, CANCEL, SLURM]),
        ("engine.json".into(), &[STATUS, CANCEL]),
        ("index.sqlite".into(), &[REPORT, STATUS]),
        ("logs".into(), &[SLURM, PARALLEL]),
        ("logs/worker-0.log".into(), &[REPORT]),
        ("parallel.tsv".into(), &[PARALLEL]),
        ("nets".into(), &[REPORT, SLURM]),
        (format!("nets/{}", net.to_string_lossy()), &[REPORT]),
        ("runs".into(), &[REPORT, STATUS]),
        (place.run.clone(), &[REPORT, STATUS, "plot RUN"]),
        (run("run.jsonl"), &[REPORT, STATUS]),
        (run("lease.1"), &[REPORT, STATUS]),
        (run("lease.4000000000"), &[STATUS]),
        (run("checkpoint.safetensors"), &[REPORT]),
        (run("checkpoint.before.safetensors"), &[REPORT]),
    ];
    let mut commands = 0;
    for (file, attacked) in &files {
        for how in REPLACEMENTS {
            place.restore(&whole);
            replace(&place.search().join(file), &place.outside(), how);
            commands += place.attack(&format!("{how} as {file}"), attacked);
        }
    }
    println!("{} files, {} replacements, {commands} commands", files.len(), files.len() * REPLACEMENTS.len());
}

/// What a field must not be.
fn wrong_values() -> Vec<Value> {
    let mut all: Vec<Value> =
        ["../../x", "/x", "--user=root", "NaN", "\u{1b}[2J", "\u{202e}", "=1+1", "\u{0}"]
            .map(Value::from)
            .into();
    all.extend([json!(null), json!([]), json!({"a": 1}), json!(-1), json!(99), json!(4_000_000_000_u64)]);
    all.extend([json!(1e308), json!(0.5), json!(u64::MAX), json!("x".repeat(100_000))]);
    all
}

/// The pointers to all values of a document; of a list, to those of its first item.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_string());
    match value {
        Value::Array(items) => items.iter().take(1).for_each(|item| pointers(item, &format!("{at}/0"), all)),
        Value::Object(fields) => {
            let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
            fields.iter().for_each(|(key, value)| pointers(value, &format!("{at}/{}", escaped(key)), all));
        }
        _ => {}
    }
}

/// Each document of a file, by its line; the whole file where it is one document.
fn documents(text: &str, lines: bool) -> Vec<Value> {
    match lines {
        true => text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        false => vec![serde_json::from_str(text).unwrap()],
    }
}

#[test]
fn each_field_of_each_document_replaced_by_what_it_must_not_say() {
    let place = Place::new();
    let run = |name: &str| format!("{}/{name}", place.run);
    let files: [(String, &[&str]); 4] = [
        ("plan.json".into(), &[REPORT, STATUS]),
        ("engine.json".into(), &[CANCEL]),
        (run("run.jsonl"), &[REPORT]),
        (run("lease.1"), &[STATUS]),
    ];
    let values = wrong_values();
    let (mut fields, mut commands) = (0, 0);
    for (file, attacked) in files {
        let path = place.search().join(&file);
        let text = fs::read_to_string(&path).unwrap();
        let documents = documents(&text, file.ends_with("jsonl"));
        let mut seen = std::collections::BTreeSet::new();
        for (line, document) in documents.iter().enumerate() {
            let mut all = Vec::new();
            pointers(document, "", &mut all);
            // Of the epochs' lines, the first alone.
            all.retain(|pointer| seen.insert((document["event"].to_string(), pointer.clone())));
            for (i, pointer) in all.iter().enumerate() {
                fields += 1;
                for value in values.iter().skip(i % 4).step_by(4) {
                    let mut changed = documents.clone();
                    *changed[line].pointer_mut(pointer).unwrap() = value.clone();
                    let text: Vec<String> = changed.iter().map(Value::to_string).collect();
                    fs::write(&path, text.join("\n") + "\n").unwrap();
                    let shown: String = value.to_string().chars().take(40).collect();
                    let what = format!("{file}: {pointer} is {shown}");
                    commands += place.attack(&what, attacked);
                }
            }
        }
        fs::write(&path, text).unwrap();
    }
    println!("{fields} fields, {commands} commands");
}
