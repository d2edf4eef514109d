//! Folders of searches that come from strangers: each file replaced by what it must not be, each
//! field of each document by what it must not say. Every command ends in time and in little memory,
//! without a panic, says nothing that drives a terminal, and changes nothing outside of the folder.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use netc::search::Plan;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::attack::{Outside, Thing, brief, copy, pointers, wrong_values};
use crate::limited::Limits;
use crate::report::search;

const LIMITS: Limits = Limits {
    time: Duration::from_secs(if cfg!(debug_assertions) { 60 } else { 10 }),
    kib: if cfg!(debug_assertions) { 800 } else { 400 } << 10,
};

/// A search's folder and what commands need.
struct Place {
    whole: TempDir,
    outside: Outside,
    /// The path of a run's folder in the search's.
    run: String,
}

impl Place {
    /// With a search of which 20 of 30 runs are over, and one is under way.
    fn new() -> Place {
        let whole = tempfile::tempdir().unwrap();
        let at = |name: &str| whole.path().join(name);
        for folder in ["cache", "out", "bin", "search"] {
            fs::create_dir(at(folder)).unwrap();
        }
        search(&at("search"), |variant, epochs, seed| match (epochs, seed) {
            (_, 4) | (3, 3) => None,
            (3, 2) if variant == 1 => Some((-1.0, 5.0)),
            _ => Some((50.0 + variant as f64 + seed as f64 / 10.0, f64::from(epochs))),
        });
        for program in ["sbatch", "squeue", "scancel"] {
            let script = format!("#!/bin/sh\nprintf '{program}|%s|\\n' \"$@\" >> \"$CALLS\"\n");
            fs::write(at("bin").join(program), script).unwrap();
            fs::set_permissions(at("bin").join(program), fs::Permissions::from_mode(0o755))
                .unwrap();
        }
        let plan = Plan::read(&at("search")).unwrap();
        let place =
            Place { run: format!("runs/{}", plan.runs[0].id), outside: Outside::new(), whole };
        let lease = json!({"host": "h", "pid": 1, "space": "elsewhere", "beat": 1, "epochs": 0.5, "released": false});
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

    fn search(&self) -> PathBuf {
        self.whole.path().join("search")
    }

    /// Runs commands that need no libtorch, each held against what must be so.
    #[track_caller]
    fn attack(&self, what: &str, commands: &[&str]) -> usize {
        let at = |name: &str| self.whole.path().join(name);
        let path = format!("{}:{}", at("bin").display(), std::env::var("PATH").unwrap());
        let run = format!("search/{}", self.run);
        for command in commands {
            let command = command.replace("RUN", &run);
            let args: Vec<&str> = command.split(' ').collect();
            let netc = env!("CARGO_BIN_EXE_netc");
            let ended = LIMITS.run_with(netc, &args, self.whole.path(), what, |netc| {
                netc.envs([("XDG_CACHE_HOME", at("cache")), ("CALLS", at("calls"))])
                    .env("PATH", &path)
            });
            let what = format!("{what}: netc {command}");
            ended.is_proper(&what, &[0, 1]);
            self.outside.is_untouched(&what, &ended.said);
            self.only_known_calls(&what);
        }
        commands.len()
    }

    /// The programs of the cluster were given nothing of the folder's but numbers.
    #[track_caller]
    fn only_known_calls(&self, what: &str) {
        let calls = fs::read_to_string(self.whole.path().join("calls")).unwrap_or_default();
        let known = |call: &str| {
            let argument = call.split('|').nth(1).unwrap_or_default();
            let options =
                ["--clusters=c", "--noheader", "--array", "--sort=i", "--format=%i", "--jobs"];
            argument.is_empty()
                || options.contains(&argument)
                || argument.bytes().all(|c| c.is_ascii_digit())
        };
        assert_eq!(calls.lines().find(|call| !known(call)), None, "{what}");
    }
}

/// Everything that a report can be written as.
const REPORT: &str =
    "report search -o out/r.csv -o out/r.json -o out/r.sqlite -o out/r.html -o out/r.svg";
const STATUS: &str = "search status search";
const CANCEL: &str = "search cancel search";
const SLURM: &str = "search search --emit slurm";
const PARALLEL: &str = "search search --emit parallel";

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
        for thing in Thing::ALL {
            let _ = fs::remove_dir_all(place.search());
            copy(&whole, &place.search());
            thing.put(&place.search().join(file), &place.outside);
            commands += place.attack(&format!("{thing:?} as {file}"), attacked);
        }
    }
    println!(
        "{} files, {} replacements, {commands} commands",
        files.len(),
        files.len() * Thing::ALL.len()
    );
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
        let mut seen = BTreeSet::new();
        for (line, document) in documents.iter().enumerate() {
            let mut all = pointers(document);
            // Of the epochs' lines, the first alone.
            all.retain(|pointer| seen.insert((document["event"].to_string(), pointer.clone())));
            for (i, pointer) in all.iter().enumerate() {
                fields += 1;
                for value in values.iter().skip(i % 4).step_by(4) {
                    let mut changed = documents.clone();
                    *changed[line].pointer_mut(pointer).unwrap() = value.clone();
                    let text: Vec<String> = changed.iter().map(Value::to_string).collect();
                    fs::write(&path, text.join("\n") + "\n").unwrap();
                    let what = format!("{file}: {pointer} is {}", brief(value));
                    commands += place.attack(&what, attacked);
                }
            }
        }
        fs::write(&path, text).unwrap();
    }
    println!("{fields} fields, {commands} commands");
}
