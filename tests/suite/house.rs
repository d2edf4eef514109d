//! The layout: each stage uses only the stages before it, and the binary that starts fast is light.

use std::path::{Path, PathBuf};

/// The stages in the order of the pipeline.
const STAGES: &[&str] = &[
    "limits", "disk", "diag", "syntax", "graph", "check", "passes", "lower", "onnx", "run", "repair",
    "compile", "tools", "search", "lsp", "cli",
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
            let uses = [format!("crate::{name}::"), format!("crate::{name};"), format!("crate::{name}(")];
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
fn only_the_command_line_prints() {
    for path in sources(&root().join("src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let prints = ["println!", "eprintln!", "print!(", "stdout()", "stderr()"];
        let found = prints.iter().find(|p| text.contains(**p));
        if stage_of(&path).is_some_and(|s| STAGES[s] != "cli") {
            assert_eq!(found, None, "{}", path.display());
        }
    }
}

#[test]
fn the_fallible_calls_of_libtorch_stay_in_lower_and_run() {
    for path in sources(&root().join("src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let stage = stage_of(&path).map_or("", |s| STAGES[s]);
        if text.contains("tch::") {
            assert!(["lower", "run"].contains(&stage), "{} calls libtorch", path.display());
        }
    }
}
