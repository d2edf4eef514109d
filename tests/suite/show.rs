//! The annotated source, and what the command line writes about itself.

use std::process::{Command, Output};

use super::check::snapshots;

fn netc(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_netc")).args(args).output().unwrap()
}

fn printed(args: &[&str]) -> String {
    let out = netc(args);
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn each_stage_has_its_shape_beside_it() {
    snapshots()
        .bind(|| insta::assert_snapshot!("show_resnet9", printed(&["show", "nets/resnet9.net"])));
}

#[test]
fn calls_and_rounds_of_a_block_are_shown_together() {
    snapshots().bind(|| {
        insta::assert_snapshot!("show_resnet50", printed(&["show", "nets/zoo/resnet50.net"]))
    });
}

#[test]
fn a_net_that_extends_shows_where_its_stages_are_written() {
    let text = printed(&["show", "nets/extra_l1.net", "--set", "width=32"]);
    assert!(text.starts_with("with width = 32\nnets/base.net\n"), "{text}");
    let line = text.lines().find(|l| l.contains("layer1:")).unwrap();
    assert!(line.contains("[N, 64, 16, 16]"), "{line}");
}

#[test]
fn the_source_itself_is_unchanged() {
    let source = std::fs::read_to_string("tests/cases/check_ok/squeeze_excite.net").unwrap();
    let text = printed(&["show", "tests/cases/check_ok/squeeze_excite.net"]);
    // Below a line that leaves no room for its shape, a line has it alone.
    let mut shown = text.lines().skip(1);
    for line in source.lines() {
        let found = shown.find(|shown| !shown.starts_with("    ")).unwrap();
        assert!(found.starts_with(line), "{found}");
    }
    assert_eq!(shown.next(), None);
}

#[test]
fn values_are_assigned_once() {
    let text = printed(&["show", "--ssa", "tests/cases/check_ok/squeeze_excite.net"]);
    snapshots().bind(|| insta::assert_snapshot!("show_ssa", &text));
    let mut known: Vec<&str> = Vec::new();
    for line in text.lines().filter(|l| l.starts_with('%')) {
        let (name, value) = line.split_once(" = ").unwrap();
        assert!(!known.contains(&name), "{name} twice");
        for operand in value.split(['(', ',', ')', ' ']).filter(|word| word.starts_with('%')) {
            assert!(known.contains(&operand), "{operand} before its value");
        }
        known.push(name);
    }
}

#[test]
fn files_without_a_net_cannot_be_shown() {
    assert_eq!(netc(&["show", "nets/lib.net"]).status.code(), Some(1));
    assert_eq!(netc(&["show", "tests/cases/check_err/unknown_names.net"]).status.code(), Some(1));
    assert_eq!(netc(&["show"]).status.code(), Some(2));
}

#[test]
fn each_shell_has_completions_of_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&["completions", shell]);
        for word in ["check", "derive", "shortest-path", "completions", "summary"] {
            assert!(script.contains(word), "{shell} lacks {word}");
        }
    }
    let script = printed(&["completions", "bash"]);
    for words in ["auto library direct f2 f4 int16", "norm relu pool add memory descent"] {
        assert!(script.contains(words), "{words}");
    }
    assert_eq!(netc(&["completions", "dos"]).status.code(), Some(2));
}

#[test]
fn there_is_a_man_page_of_netc_and_one_of_each_command() {
    assert!(printed(&["man"]).contains(".TH netc 1"));
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("man1");
    assert!(printed(&["man", "--output", out.to_str().unwrap()]).is_empty());
    for page in ["netc.1", "netc-check.1", "netc-diff.1", "netc-derive-shortest-path.1"] {
        let text = std::fs::read_to_string(out.join(page)).unwrap();
        assert!(text.contains(".TH"), "{page}");
    }
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert_eq!(netc(&["man", "--output", file.to_str().unwrap()]).status.code(), Some(1));
}
