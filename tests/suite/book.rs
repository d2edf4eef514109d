//! The book: its examples are sound nets, its tables are those of the program, its links lead
//! somewhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use netc::compile_over;
use netc::diag::{Code, Sources, Style, render};
use netc::graph::op;
use netc::syntax::{self, Overlay};

fn chapters() -> Vec<(PathBuf, String)> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir("docs").unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "md"));
    files.sort();
    files.into_iter().map(|file| (file.clone(), std::fs::read_to_string(file).unwrap())).collect()
}

fn chapter(name: &str) -> String {
    std::fs::read_to_string(Path::new("docs").join(name)).unwrap()
}

/// The words in quotation marks between two marks of a text.
fn quoted<'t>(text: &'t str, from: &str, to: &str) -> BTreeSet<&'t str> {
    let part = text.split_once(from).unwrap().1.split_once(to).unwrap().0;
    part.split('"').skip(1).step_by(2).flat_map(str::split_whitespace).collect()
}

#[test]
fn the_keywords_that_the_book_colours_are_those_of_the_grammar() {
    let grammar = std::fs::read_to_string("grammar/net.pest").unwrap();
    let keywords = quoted(&grammar, "\nkeyword = @{", "!word_char");
    assert_eq!(keywords, syntax::KEYWORDS.iter().copied().collect());
    assert_eq!(quoted(&chapter("net.js"), " keyword:", "built_in:"), keywords);
}

/// Each example is a file beside the nets of the article, in canonical form.
#[test]
fn every_example_is_a_sound_net() {
    let mut seen = 0;
    for (file, text) in chapters() {
        for example in text.split("```net\n").skip(1).map(|rest| rest.split("```").next().unwrap())
        {
            let overlay = Overlay::from([("nets/example.net".to_owned(), example.to_owned())]);
            let compilation = compile_over("nets/example.net".as_ref(), &[], &overlay);
            let shown = render(&compilation.problems, &compilation.sources, Style::PLAIN);
            assert!(compilation.problems.is_empty(), "an example of {}:\n{shown}", file.display());
            let mut sources = Sources::default();
            let id = sources.add("example.net", example);
            let tree = syntax::parse(&sources, id).unwrap();
            assert_eq!(syntax::print(&tree), example, "an example of {}", file.display());
            seen += 1;
        }
    }
    assert!(seen >= 10, "only {seen} examples found");
}

/// The page of the language speaks of nodes of the example above by their paths.
#[test]
fn the_paths_of_nodes_that_the_reference_names_are_those_of_its_examples() {
    let text = chapter("language.md");
    let (mut paths, mut seen) = (Vec::new(), 0);
    for (i, part) in text.split("```").enumerate() {
        if let (true, Some(example)) = (i % 2 == 1, part.strip_prefix("net\n")) {
            let overlay = Overlay::from([("nets/example.net".to_owned(), example.to_owned())]);
            let net = compile_over("nets/example.net".as_ref(), &[], &overlay).net;
            paths = net
                .iter()
                .flat_map(|n| n.order().iter().map(|id| n.node(*id).path.clone()))
                .collect();
            continue;
        }
        let path = |code: &&str| {
            let plain = code.chars().all(|c| c.is_ascii_alphanumeric() || "_.".contains(c));
            plain
                && code.contains('.')
                && !code.ends_with(".net")
                && code.starts_with(|c: char| c.is_alphabetic())
        };
        for code in part.split('`').skip(1).step_by(2).filter(path) {
            let inside = format!("{code}.");
            let known = paths.iter().any(|path| path == code || path.starts_with(&inside));
            assert!(known, "docs/language.md names {code}, its example has {paths:?}");
            seen += 1;
        }
    }
    assert!(seen >= 3, "only {seen} paths found");
}

#[test]
fn the_reference_lists_every_op() {
    let mut table = String::from("| op | what |\n|---|---|\n");
    for signature in op::signatures() {
        table += &format!("| `{}` | {} |\n", signature.text(), signature.doc);
    }
    let reference = chapter("language.md");
    let (_, ops) = reference.split_once("## Ops\n\n").unwrap();
    assert!(ops.starts_with(&table), "docs/language.md lists other ops; these are right:\n{table}");
}

#[test]
fn the_index_of_errors_has_every_code() {
    let text = chapter("errors.md");
    let (head, _) = text.split_once("\n| code |").unwrap();
    let mut index = format!("{head}\n| code | | what it is about |\n|---|---|---|\n");
    for code in Code::ALL {
        let (name, severity) = (code.as_str(), code.severity().as_str());
        index += &format!("| [`{name}`](#{name}) | {severity} | {} |\n", code.summary());
    }
    for code in Code::ALL {
        let (name, severity) = (code.as_str(), code.severity().as_str());
        index += &format!(
            "\n## {name}\n\n*{severity}*\n\n{{{{#include ../src/diag/pages/{name}.md}}}}\n"
        );
    }
    assert!(text == index, "docs/errors.md should be:\n{index}");
}

#[test]
fn the_command_reference_is_that_of_the_program() {
    let args = ["man", "--format", "markdown"];
    let netc = Command::new(env!("CARGO_BIN_EXE_netc")).args(args).output().unwrap();
    let printed = String::from_utf8(netc.stdout).unwrap();
    assert_eq!(chapter("reference.md"), printed, "`netc {} > docs/reference.md`", args.join(" "));
}

#[test]
fn every_chapter_is_in_the_summary() {
    let summary = chapter("SUMMARY.md");
    for (file, _) in chapters() {
        let name = file.file_name().unwrap().to_string_lossy();
        assert!(name == "SUMMARY.md" || summary.contains(&format!("]({name})")), "{name} is not");
    }
}

#[test]
fn every_link_leads_somewhere() {
    let mut seen = 0;
    for (file, text) in chapters() {
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            if link.contains("://") || link.starts_with('#') {
                continue;
            }
            let target = Path::new("docs").join(link.split('#').next().unwrap());
            assert!(target.exists(), "{} links to {link}", file.display());
            seen += 1;
        }
    }
    assert!(seen >= 50, "only {seen} links found");
}

/// Follows the tutorial: writes each file that it names, and runs each command. What stands below a
/// command is what it prints; the blocks of `sh` need libtorch.
#[test]
fn the_tutorial_can_be_followed_literally() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("nets")).unwrap();
    for entry in
        std::fs::read_dir("nets").unwrap().map(Result::unwrap).filter(|e| e.path().is_file())
    {
        std::fs::copy(entry.path(), folder.path().join("nets").join(entry.file_name())).unwrap();
    }
    let netc = |command: &str| {
        let args = command.split_whitespace().skip(1);
        let run = Command::new(env!("CARGO_BIN_EXE_netc"))
            .args(args)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&run.stderr) + String::from_utf8_lossy(&run.stdout);
        // The line about memory is another on each machine.
        let same = |line: &&str| !line.starts_with("memory of a training step");
        let lines: Vec<&str> = printed.trim().lines().map(str::trim_end).filter(same).collect();
        (run.status.success(), lines.join("\n").trim_end().to_owned())
    };
    let text = chapter("tutorial.md");
    let (mut before, mut commands) = ("", 0);
    for (i, part) in text.split("```").enumerate() {
        if i % 2 == 0 {
            before = part.trim_end();
            continue;
        }
        let (kind, block) = part.split_once('\n').unwrap();
        match kind {
            "net" | "net wrong" => {
                let name = before
                    .lines()
                    .last()
                    .and_then(|line| line.strip_prefix('`')?.strip_suffix("`:"));
                std::fs::write(
                    folder.path().join(name.expect("a file's name before its text")),
                    block,
                )
                .unwrap();
            }
            "sh" => {
                for command in block.lines() {
                    let (done, printed) = netc(command);
                    assert!(done, "{command}\n{printed}");
                }
            }
            _ => {
                let (command, expected) =
                    block.strip_prefix("$ ").unwrap().split_once('\n').unwrap();
                assert_eq!(netc(command).1, expected.trim_end(), "{command}");
                commands += 1;
            }
        }
    }
    assert!(commands >= 10, "only {commands} commands found");
}
