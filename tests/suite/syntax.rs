//! Every file in `tests/cases/syntax_*` is a case; every `.net` file of the project must survive
//! its canonical form.

use netc::diag::{FileId, Problems, Sources, Style, render};
use netc::syntax::{ast, parse, print};

fn read(name: &str, text: &str) -> (Sources, FileId, Result<ast::File, Problems>) {
    let mut sources = Sources::default();
    let id = sources.add(name, text);
    let tree = parse(&sources, id);
    (sources, id, tree)
}

/// Parses what has to parse.
pub fn tree(name: &str, text: &str) -> ast::File {
    let (sources, _, tree) = read(name, text);
    tree.unwrap_or_else(|problems| panic!("{text}\n{}", render(&problems, &sources, Style::PLAIN)))
}

/// The problems of a text that must not parse, as shown to the user.
pub fn rendered(name: &str, text: &str) -> String {
    let (sources, _, tree) = read(name, text);
    match tree {
        Ok(_) => panic!("{name} has no error:\n{text}"),
        Err(problems) => render(&problems, &sources, Style::PLAIN),
    }
}

/// The canonical text, after checking that it says the same and is a fixed point.
pub fn canonical(name: &str, text: &str) -> String {
    let before = tree(name, text);
    let canonical = print(&before);
    let after = tree(name, &canonical);
    assert!(before == after, "the canonical text of {name} says something else:\n{canonical}");
    assert_eq!(canonical, print(&after), "the canonical text of {name} is not canonical");
    assert_eq!(comments(text), comments(&canonical), "{name} loses comments");
    canonical
}

/// The comments of a text without `#` in strings, sorted: some move up to the line of a statement.
fn comments(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split_once('#'))
        .map(|(_, comment)| comment.trim_end())
        .collect();
    found.sort_unstable();
    found
}

#[test]
fn valid_files_have_a_canonical_text() {
    insta::glob!("../cases/syntax_ok", "*.net", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!("syntax_ok", canonical(&name, &text));
        });
    });
}

#[test]
fn invalid_files_have_helpful_errors() {
    insta::glob!("../cases/syntax_err", "*.net", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!("syntax_err", format!("{text}\n----\n\n{}", rendered(&name, &text)));
        });
    });
}

#[test]
fn every_net_of_the_project_survives_its_canonical_form() {
    for folder in ["nets", "examples", "tests/cases"] {
        for path in net_files(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)) {
            if path.iter().any(|part| part == "syntax_err" || part == "fix" || part == "offered") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let canonical = canonical(&path.to_string_lossy(), &text);
            assert!(folder != "nets" || text == canonical, "`netc fmt {}`", path.display());
        }
    }
}

fn net_files(folder: std::path::PathBuf) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| if path.is_dir() { net_files(path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|e| e == "net"))
        .collect()
}
