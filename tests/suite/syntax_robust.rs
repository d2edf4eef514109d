//! No text makes the parser panic, hang or run out of stack.

use std::time::{Duration, Instant};

use netc::diag::{Code, Sources, Style, render};
use netc::limits::{MAX_DEPTH, MAX_FILE_BYTES, MAX_NESTING};
use netc::syntax::{parse, parse_expr, print, print_expr};

use crate::syntax::{canonical, tree};

const WHOLE: &str = include_str!("../cases/syntax_ok/comments_everywhere.net");
const LIB: &str = include_str!("../cases/syntax_ok/article_lib.net");
const GUARDS: &str = include_str!("../cases/syntax_ok/guards_and_groups.net");
const TYPES: &str = include_str!("../cases/syntax_ok/typed_parameters.net");

const PARTS: &str = include_str!("../cases/syntax_ok/comments_on_parts.net");

/// Far more than a busy machine needs, and far less than an exponential or quadratic parser would.
const LIMIT: Duration = Duration::from_secs(60);

/// Parses, renders what is wrong, and checks the canonical text of what is not.
fn survive(text: &str) {
    let mut sources = Sources::default();
    let id = sources.add("mutated.net", text);
    match parse(&sources, id) {
        Ok(tree) => {
            let printed = print(&tree);
            assert!(crate::syntax::tree("mutated.net", &printed) == tree, "{text}\n---\n{printed}");
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            let _ = render(&problems, &sources, Style::PLAIN);
        }
    }
}

fn codes(text: &str) -> Vec<Code> {
    let mut sources = Sources::default();
    let id = sources.add("deep.net", text);
    let started = Instant::now();
    let result = parse(&sources, id);
    assert!(started.elapsed() < LIMIT, "{:?} for {} bytes", started.elapsed(), text.len());
    result
        .err()
        .map_or_else(Vec::new, |problems| problems.sorted().iter().map(|p| p.code).collect())
}

#[test]
fn single_byte_mutations_never_panic() {
    for text in [WHOLE, LIB, GUARDS] {
        for (at, c) in text.char_indices() {
            let (before, after) = (&text[..at], &text[at + c.len_utf8()..]);
            survive(&format!("{before}{after}"));
            survive(&format!("{before}{c}{c}{after}"));
            survive(before);
        }
    }
}

/// Wherever a comment may stand, it is kept, and the text means the same.
#[test]
fn a_comment_anywhere_is_kept() {
    let mut kept = 0;
    for text in [GUARDS, TYPES, PARTS] {
        let code: Vec<&str> = text.lines().filter_map(|line| line.split('#').next()).collect();
        let code = code.join("\n");
        for (at, _) in code.char_indices() {
            for comment in [" # kept\n", "\n# kept\n"] {
                let commented = format!("{}{comment}{}", &code[..at], &code[at..]);
                let mut sources = Sources::default();
                let id = sources.add("commented.net", &*commented);
                if parse(&sources, id).is_ok() {
                    canonical("commented.net", &commented);
                    kept += 1;
                }
            }
        }
    }
    assert!(kept > 1000, "{kept}");
}

#[test]
fn inserted_marks_never_panic() {
    let marks =
        ["(", ")", "[", "]", "{", "}", "\"", "#", "->", "::", "\n", "=", ",", "é", "\0", "\r", "0"];
    for text in [LIB, TYPES] {
        for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
            // A fourth of the marks at each place: over four places, all of them.
            for mark in marks.iter().skip(at % 4).step_by(4) {
                survive(&format!("{}{mark}{}", &text[..at], &text[at..]));
            }
        }
    }
}

#[test]
fn deep_brackets_are_an_error_at_once() {
    for bracket in ["(", "[", "{", "x(", "f([", "repeat 2 {", "a if (", "list("] {
        let text = format!("net x {{\n  {}", bracket.repeat(100_000));
        assert_eq!(codes(&text), [Code::Limit], "{bracket}");
    }
}

#[test]
fn long_chains_of_operators_are_an_error_at_once() {
    for (start, unit, end) in [
        ("expect ", "a + ", "a"),
        ("expect ", "not ", "a"),
        ("expect ", "-", "a"),
        ("expect a", "[0]", ""),
        ("", "a if x else ", "a"),
    ] {
        let text = format!("net x {{\n  {start}{}{end}\n}}", unit.repeat(50_000));
        assert_eq!(codes(&text), [Code::Limit], "{unit}");
    }
}

/// In a thread with as much stack as the smallest that Rust's standard library gives, in a debug
/// build.
#[test]
fn the_deepest_trees_fit_on_a_small_stack() {
    let deepest = || {
        let brackets = MAX_NESTING - 1;
        for (open, middle, close) in
            [("(", "relu", ")"), ("repeat 2 {", "relu", "}"), ("block b {", "relu", "}")]
        {
            let text = format!(
                "net x {{\n{}{middle}{}\n}}",
                open.repeat(brackets),
                close.repeat(brackets)
            );
            canonical("deep.net", &text);
        }
        for (open, close) in [("(", ")"), ("[", "]"), ("f(", ")"), ("a[", "]")] {
            let text = format!(
                "net x {{\nexpect {}a{}\n}}",
                open.repeat(brackets),
                close.repeat(brackets)
            );
            canonical("deep.net", &text);
        }
        let operators = MAX_DEPTH - 1;
        for unit in ["a + ", "not ", "-", "a or "] {
            canonical("deep.net", &format!("net x {{\nexpect {}a\n}}", unit.repeat(operators)));
        }
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(deepest).unwrap().join().unwrap();
}

#[test]
fn large_files_take_time_in_proportion() {
    let line =
        "  label_of_a_stage: conv(64, k = 3) -> bn -> relu if a == b else (conv(32) -> bn)\n";
    let body = line.repeat(1_000);
    tree("large.net", &format!("net x {{\n{body}}}\n"));
    assert_eq!(
        codes(&format!("net x {{\n{body}  a -> -> b\n{body}  a b\n}}\n")),
        [Code::Syntax, Code::Syntax]
    );
    let quotes = format!("{}\n", "\"\"{}".repeat(100)).repeat(500);
    assert!(codes(&quotes).contains(&Code::Syntax));
    assert_eq!(codes(&" ".repeat(MAX_FILE_BYTES + 1)), [Code::Limit]);
}

#[test]
fn a_lone_expression_is_read_whole() {
    let read = |text: &str| {
        let mut sources = Sources::default();
        let id = sources.add("--set width", text);
        parse_expr(&sources, id)
            .map(|expr| print_expr(&expr))
            .map_err(|problems| problems.sorted()[0].message.clone())
    };
    assert_eq!(read("[1,2 , 3]"), Ok("[1, 2, 3]".to_owned()));
    assert_eq!(read(" 2*width\n"), Ok("2*width".to_owned()));
    assert_eq!(read(""), Err("expected a value, got the end of the file".to_owned()));
    assert_eq!(read("1 2"), Err("expected the end of the line, got `2`".to_owned()));
    assert_eq!(read("(1"), Err("expected `)`, got the end of the file".to_owned()));
}
