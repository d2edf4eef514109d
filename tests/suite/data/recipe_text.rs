//! Recipes and specs of searches as editors save them.

use std::fs;
use std::path::Path;

use netc::diag::Sources;
use netc::recipe::{self, Recipe};
use netc::search::Spec;

const RECIPE: &str = "# saved elsewhere\nepochs: 3\npeak_lr: .1\n";

/// The text of a file of these bytes, as the command line reads it.
fn read(bytes: &[u8]) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved.yaml");
    fs::write(&path, bytes).unwrap();
    recipe::read(&path).map_err(|text| text.replace(&folder.path().display().to_string(), "DIR"))
}

fn resolved(text: &str) -> (Recipe, Vec<String>) {
    let mut sources = Sources::default();
    let id = sources.add("saved.yaml", text.to_owned());
    let (recipe, problems) = Recipe::resolve(&[], &[(id, text)]);
    let shown = |problem: &netc::diag::Problem| {
        let place = problem.span.map(|span| &text[span.start..span.end]);
        format!("{} at {place:?}", problem.message)
    };
    (recipe, problems.sorted().iter().map(|problem| shown(problem)).collect())
}

#[test]
fn a_byte_order_mark_and_other_line_ends_are_skipped() {
    let plain = resolved(RECIPE).0.to_yaml();
    assert!(plain.contains("epochs: 3"));
    let marked = format!("\u{feff}{RECIPE}");
    let windows = marked.replace('\n', "\r\n");
    for text in [marked, windows] {
        let text = read(text.as_bytes()).unwrap();
        let (recipe, problems) = resolved(&text);
        assert_eq!((recipe.to_yaml(), problems), (plain.clone(), Vec::new()));
    }
    let marked = "\u{feff}nets: a.net\r\nruns: 3\r\n";
    let mut sources = Sources::default();
    let id = sources.add("saved.yaml", marked.to_owned());
    let spec = Spec::parse(id, marked, Path::new("there")).unwrap();
    assert_eq!((spec.runs, spec.nets), (3, vec![Path::new("there/a.net").to_owned()]));
}

#[test]
fn places_behind_a_byte_order_mark_are_right() {
    for text in ["\u{feff}epocs: 3\n", "epocs: 3\n", "\u{feff}epochs: 3\nepocs: 3\n"] {
        let (_, problems) = resolved(text);
        assert!(problems[0].ends_with("at Some(\"epocs\")"), "{problems:?}");
    }
    let (_, problems) = resolved("\u{feff}epochs: 3\nepochs: 4\n");
    assert!(problems[0].contains("twice"), "{problems:?}");
}

#[test]
fn utf_16_is_named() {
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        let bytes: Vec<u8> = "\u{feff}epochs: 3\n".encode_utf16().flat_map(order).collect();
        assert_eq!(
            read(&bytes).unwrap_err(),
            "cannot read the recipe DIR/saved.yaml: UTF-16, expected UTF-8: save it as UTF-8"
        );
    }
}
