//! Folders of runs from strangers, against each command that takes one.
//!
//! The commands that load libtorch take turns at one attack in five; with `NETC_ATTACKS=all` each
//! meets every one.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::attack::{Outside, Thing, brief, copy, pointers, survives, wrong_values};
use crate::run_folder::{interrupted, place, text, train};

/// The commands that load no libtorch, which meet every attack.
const LIGHT: [&[&str]; 2] = [
    &["plot", "run", "-o", "curves.svg"],
    &["export", "run", "--format", "safetensors", "-o", "out"],
];

/// Those that do. `OUT` is for the run to be overwritten.
const HEAVY: [&[&str]; 4] = [
    &["eval", "run"],
    &["predict", "run", "images/test/dark/0.png"],
    &["train", "--resume", "run"],
    &[
        "train",
        "small.net",
        "--recipe",
        "recipe.yaml",
        "--data",
        "images",
        "--epochs",
        "1",
        "--device",
        "cpu",
        "--output",
        "run",
    ],
];

/// A place with a finished run and one that was cut short.
fn runs() -> tempfile::TempDir {
    let folder = place();
    let output =
        train(folder.path(), "3", &["--output", "finished", "--save-every", "0"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    // Soon over, should a command go on with it.
    interrupted(folder.path(), "200", "unfinished", &["--save-every", "0"]);
    assert!(folder.path().join("unfinished").join("checkpoint.before.safetensors").exists());
    folder
}

/// Attacks a copy of a run, and lets the commands at it. What they said.
fn attack(folder: &Path, of: &str, turn: &mut usize, what: &str, change: &dyn Fn(&Path)) -> String {
    let run = folder.join("run");
    let all = std::env::var("NETC_ATTACKS").is_ok_and(|which| which == "all");
    let its_turn = |i: usize| turn.is_multiple_of(5) && *turn / 5 % HEAVY.len() == i;
    let heavy = HEAVY.iter().enumerate().filter(|(i, _)| all || its_turn(*i));
    let mut said = String::new();
    for args in LIGHT.iter().chain(heavy.map(|(_, args)| args)) {
        let _ = fs::remove_dir_all(&run);
        copy(&folder.join(of), &run);
        change(&run);
        said += &survives(folder, args, what);
    }
    *turn += 1;
    said
}

#[test]
fn each_file_is_replaced_by_each_thing() {
    let (folder, outside) = (runs(), Outside::new());
    let mut turn = 0;
    for of in ["finished", "unfinished"] {
        let mut files: Vec<_> = fs::read_dir(folder.path().join(of))
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        for file in files {
            for thing in Thing::ALL {
                let what = format!("{of}: {file}: {thing:?}");
                let put = |run: &Path| thing.put(&run.join(&file), &outside);
                let said = attack(folder.path(), of, &mut turn, &what, &put);
                outside.is_untouched(&what, &said);
            }
            turn += 1;
        }
    }
    println!("{turn} attacks");
}

#[test]
fn each_field_of_what_a_run_says_is_replaced_by_each_value() {
    let (folder, values) = (runs(), wrong_values());
    let mut turn = 0;
    for of in ["finished", "unfinished"] {
        let own: Value = serde_json::from_str(
            &fs::read_to_string(folder.path().join(of).join("run.json")).unwrap(),
        )
        .unwrap();
        let fields = pointers(&own);
        assert!(fields.len() > 25, "{fields:?}");
        for (i, field) in fields.iter().enumerate() {
            // The values take turns, too: each field meets some of them in each of the two runs.
            let all = std::env::var("NETC_ATTACKS").is_ok_and(|which| which == "all");
            for (j, value) in values
                .iter()
                .enumerate()
                .filter(|(j, _)| all || (i + j) % 7 == usize::from(of == "finished"))
            {
                let mut changed = own.clone();
                *changed.pointer_mut(field).unwrap() = value.clone();
                let what = format!("{of}: run.json: {field} = {} ({j})", brief(value));
                attack(folder.path(), of, &mut turn, &what, &|run| {
                    fs::write(run.join("run.json"), changed.to_string()).unwrap();
                });
            }
        }
    }
    println!("{turn} attacks");
}

#[test]
fn each_number_of_a_log_is_replaced_by_each_value() {
    let folder = runs();
    let own = fs::read_to_string(folder.path().join("finished/log.jsonl")).unwrap();
    let lines: Vec<&str> = own.lines().collect();
    let row: Value = serde_json::from_str(lines[2]).unwrap();
    let values = wrong_values();
    for field in &pointers(&row) {
        for value in &values {
            let mut changed = row.clone();
            *changed.pointer_mut(field).unwrap() = value.clone();
            let (before, changed) = (lines[..2].join("\n"), changed.to_string());
            let what = format!("log.jsonl: {field} = {}", brief(value));
            let run = folder.path().join("run");
            let _ = fs::remove_dir_all(&run);
            copy(&folder.path().join("finished"), &run);
            fs::write(run.join("log.jsonl"), format!("{before}\n{changed}\n")).unwrap();
            survives(folder.path(), LIGHT[0], &what);
        }
    }
}

/// What a stranger's run names is not opened: neither a file that would be read, nor a pipe that
/// would be waited for.
#[test]
fn the_texts_of_a_run_read_nothing_else() {
    let folder = runs();
    let mut turn = 0;
    for (file, text) in [
        (
            "net.net",
            "import \"../../../../etc/passwd\": b\nnet a { input image: [N, 3, 8, 8]\n b\n output y: [N, 2] }\n",
        ),
        ("net.net", "import \"/etc/passwd\": b\n"),
        ("net.net", "net a extends \"../small.net\" { }\n"),
        (
            "net.net",
            "net a { input image: [N, 3, 8, 8]\n flatten -> linear(1000000) -> linear(1000000) -> linear(2)\n output y: [N, 2] }\n",
        ),
        ("recipe.yaml", "batch_size: 18446744073709551615\n"),
        ("recipe.yaml", "batch_size: 1\nepochs: 4294967295\n"),
        ("recipe.yaml", "batch_size: -1\npeak_lr: .nan\n"),
        ("recipe.yaml", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"),
        ("recipe.yaml", "\"\\e[31m\": 1\n"),
    ] {
        for of in ["finished", "unfinished"] {
            let what = format!("{of}: {file}: {text:?}");
            attack(folder.path(), of, &mut turn, &what, &|run| {
                fs::write(run.join(file), text).unwrap()
            });
        }
    }
}
