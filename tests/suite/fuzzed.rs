//! What the fuzzer calls, over the files of its corpus: the seeds, and what it found.

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::path::Path;

/// Each file of `fuzz/corpus/TARGET`, and each case of the language for the targets that read it.
#[test]
fn the_corpus_is_survived() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, run) in targets::ALL {
        let mut files = Vec::new();
        below(&root.join("fuzz/corpus").join(name), &mut files);
        if ["parse", "fmt", "check", "lsp"].contains(name) {
            below(&root.join("tests/cases"), &mut files);
            below(&root.join("nets"), &mut files);
        }
        assert!(!files.is_empty(), "{name} has no corpus");
        for file in files {
            run(&std::fs::read(&file).unwrap());
        }
    }
}

fn below(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { below(&path, files) } else { files.push(path) }
    }
}
