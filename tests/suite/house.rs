//! The layout: each stage uses only the stages before it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The stages in the order of the pipeline.
const STAGES: &[&str] = &[
    "limits",
    "disk",
    "diag",
    "syntax",
    "graph",
    "check",
    "passes",
    "recipe",
    "lower",
    "onnx",
    "run",
    "forgotten",
    "repair",
    "compile",
    "tools",
    "search",
    "lsp",
    "cli",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

fn stage_of(path: &Path) -> Option<usize> {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    let first = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
    STAGES.iter().position(|s| *s == first)
}

#[test]
fn no_stage_uses_a_later_one() {
    let mut seen = 0;
    for path in sources(&root().join("src")) {
        let Some(stage) = stage_of(&path) else { continue };
        seen += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        for (later, name) in STAGES.iter().enumerate().skip(stage + 1) {
            // `check` and `compile` are also functions, which stand behind `crate::` alone.
            let uses =
                [format!("crate::{name}::"), format!("crate::{name};"), format!("crate::{name}(")];
            for arrow in uses {
                assert!(
                    !text.contains(&arrow),
                    "{} belongs to `{}` and uses `{}`, a later stage ({later})",
                    path.display(),
                    STAGES[stage],
                    name
                );
            }
        }
    }
    assert!(seen > 50, "only {seen} source files of stages found");
}

#[test]
fn what_is_printed_goes_through_the_filter_of_the_terminal() {
    // An editor's messages go to no terminal.
    let doors = [
        "src/cli/out.rs",
        "src/cli/bar.rs",
        "src/cli/net/lsp.rs",
        "src/diag/colour.rs",
        "src/cli/terminal.rs",
    ];
    let doors = doors.map(|door| root().join(door));
    for path in ["src", "torch/src"].into_iter().flat_map(|folder| sources(&root().join(folder))) {
        let text = std::fs::read_to_string(&path).unwrap();
        let prints = [
            "println!",
            "eprintln!",
            "print!(",
            "Stdout",
            "Stderr",
            "/dev/std",
            "/dev/tty",
            "stdout().write",
            "stderr().write",
            "stdout().lock",
            "stderr().lock",
            "anstream",
            "indicatif",
            "dbg!",
            "Cli::parse(",
            ".exit()",
            "\\u{1b}",
            "\\x1b",
        ];
        let found = prints.iter().find(|p| text.contains(**p));
        assert!(found.is_none() || doors.contains(&path), "{}: {found:?}", path.display());
    }
}

/// There a value that JSON does not hold is an error.
#[test]
fn json_is_printed_at_one_place() {
    for path in
        ["src/cli", "torch/src/cli"].into_iter().flat_map(|folder| sources(&root().join(folder)))
    {
        let text = std::fs::read_to_string(&path).unwrap();
        let writes = ["serde_json::to_string", "serde_json::to_vec", "serde_json::to_writer"];
        let found = writes.iter().find(|p| text.contains(**p));
        assert!(
            found.is_none() || path.ends_with("src/cli/out.rs"),
            "{}: {found:?}",
            path.display()
        );
    }
}

/// Of each call of tch that panics where libtorch fails there is one that does not, `f_` before its
/// name.
#[test]
fn only_the_fallible_calls_of_libtorch_are_used() {
    let cargo = |args: &[&str]| {
        let output = Command::new(env!("CARGO")).args(args).current_dir(root()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let version = cargo(&["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let platform = ["--offline", "--locked", "--filter-platform", host];
    let metadata = cargo(&[&["metadata", "--format-version", "1"][..], &platform].concat());
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let tch = packages.iter().find(|package| package["name"] == "tch").unwrap();
    let tch = Path::new(tch["manifest_path"].as_str().unwrap()).with_file_name("src");
    let mut panicking = BTreeSet::new();
    for path in sources(&tch) {
        let text = std::fs::read_to_string(path).unwrap();
        for after in text.split("pub fn f_").skip(1) {
            panicking.insert(after.split(['(', '<']).next().unwrap().to_owned());
        }
    }
    assert!(panicking.len() > 1000, "only {} calls found", panicking.len());
    for path in sources(&root().join("torch/src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        if !text.contains("tch::") {
            continue;
        }
        // What is written for PyTorch to read is no call.
        let text = text.replace("torch.", "torch ");
        for start in [".", "Tensor::"] {
            for after in text.split(start).skip(1) {
                let name =
                    after.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap();
                let is_call = after[name.len()..].starts_with('(');
                let ours = OF_RUST.contains(&name) && start == ".";
                let bad = is_call && panicking.contains(name) && !ours;
                assert!(
                    !bad,
                    "{}: {start}{name}(..) panics where libtorch fails: f_{name}",
                    path.display()
                );
            }
        }
    }
}

/// Names that numbers, options and iterators have too; `clippy.toml` forbids tch's. And `kind`,
/// which every tensor has.
const OF_RUST: &[&str] = &[
    "abs",
    "add",
    "all",
    "any",
    "backward",
    "batch_norm",
    "clone",
    "data",
    "eq",
    "fill",
    "flatten",
    "get",
    "kind",
    "max",
    "min",
    "range",
    "resize",
    "split",
    "sqrt",
    "sum",
    "take",
    "transpose",
];
