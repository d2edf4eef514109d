//! A root file and what it imports or extends.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};

use netc::diag::{Style, render};
use netc::syntax::{Overlay, Project, load, load_over, load_text};

/// Loads `root` among texts given by name.
fn given(root: &str, files: &[(&str, &str)]) -> Result<Project, String> {
    let files: BTreeMap<&str, &str> = files.iter().copied().collect();
    let mut reads = Vec::new();
    let mut read = |path: &str| {
        assert!(!reads.contains(&path.to_owned()), "{path} is read twice");
        reads.push(path.to_owned());
        files
            .get(path)
            .map(|text| (*text).to_owned())
            .ok_or_else(|| Error::from(ErrorKind::NotFound))
    };
    load_text(root, files[root], &mut read)
        .map_err(|(sources, problems)| render(&problems, &sources, Style::PLAIN))
}

type Files<'a> = &'a [(&'a str, &'a [u8])];

/// Loads `root` from a folder with these files in it.
fn on_disk(root: &str, files: Files) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".git")).unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let shown = match load(&folder.path().join(root)) {
        Ok(project) => format!("{} files\n", project.files.len()),
        Err((sources, problems)) => {
            render(&problems, &sources, Style { width: 200, ..Style::PLAIN })
        }
    };
    shown.replace(folder.path().to_str().unwrap(), "DIR")
}

#[test]
fn each_file_is_read_once_and_named_from_where_the_root_is() {
    let project = given(
        "nets/a.net",
        &[
            (
                "nets/a.net",
                "import \"lib.net\": x\nimport \"./lib.net\": y\nnet a extends \"../base/b.net\" {}",
            ),
            ("nets/lib.net", "block x { relu }"),
            ("base/b.net", "import \"../nets/lib.net\": x\nnet b { x }"),
        ],
    )
    .unwrap();
    let names: Vec<&str> =
        project.files.keys().map(|id| project.sources.get(*id).name.as_str()).collect();
    assert_eq!(names, ["nets/a.net", "nets/lib.net", "base/b.net"]);
    let lib = project.linked(project.root, "lib.net").unwrap();
    assert_eq!(project.linked(project.root, "./lib.net"), Some(lib));
    let base = project.linked(project.root, "../base/b.net").unwrap();
    assert_eq!(project.linked(base, "../nets/lib.net"), Some(lib));
    assert_eq!(project.file(lib).items.len(), 1);
    assert_eq!(project.linked(lib, "lib.net"), None);
}

#[test]
fn a_circle_is_shown_whole() {
    let shown = given(
        "a.net",
        &[
            ("a.net", "import \"b.net\": x\nnet a { x }"),
            ("b.net", "import \"c.net\": x\nimport \"b.net\": y"),
            ("c.net", "block x { relu }\nnet c extends \"a.net\" {}"),
        ],
    );
    insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("project_circle", shown.unwrap_err());
    });
}

#[test]
fn problems_of_all_files_come_at_once() {
    let shown = given(
        "a.net",
        &[
            ("a.net", "import \"b.net\": x\nimport \"gone.net\": y\nnet a { x -> -> }"),
            ("b.net", "block x { relu relu }"),
        ],
    );
    insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("project_all_files", shown.unwrap_err());
    });
}

#[test]
fn files_that_cannot_be_read_are_explained() {
    let cases: &[(&str, &str, Files)] = &[
        ("a missing root", "nets/resnet.net", &[("nets/resnet9.net", b"")]),
        ("a root without its ending", "nets/resnet9", &[("nets/resnet9.net", b"")]),
        ("a folder as root", "nets", &[("nets/a.net", b"")]),
        ("a root that is no text", "a.net", &[("a.net", b"net a {\n  \xff\n}")]),
        (
            "a missing import",
            "nets/a.net",
            &[("nets/a.net", b"import \"../blocks/lib.net\": x"), ("blocks/libs.net", b"")],
        ),
        ("a folder as import", "nets/a.net", &[("nets/a.net", b"import \"..\": x")]),
        (
            "an import that is no text",
            "a.net",
            &[("a.net", b"import \"b.net\": x"), ("b.net", b"\xff")],
        ),
        ("a large file", "a.net", &[("a.net", &[b' '; (1 << 20) + 1])]),
        ("all well", "a.net", &[("a.net", b"import \"b.net\": x"), ("b.net", b"")]),
    ];
    let mut shown = String::new();
    for (name, root, files) in cases {
        shown += &format!("== {name}\n{}\n", on_disk(root, files));
    }
    insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("project_unreadable", shown);
    });
}

#[test]
fn a_text_that_is_no_file_yet_is_suggested_too() {
    let texts = [
        ("a.net", "import \"lbi.net\": b\n"),
        ("lib.net", "block b {\n  relu\n}\n"),
        ("sub/lbi.net", ""),
    ];
    let overlay: Overlay = texts.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    let (sources, problems) = load_over("a.net".as_ref(), &overlay).unwrap_err();
    let shown = render(&problems, &sources, Style::PLAIN);
    assert!(shown.contains("did you mean `lib.net`?"), "{shown}");
}
