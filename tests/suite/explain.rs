//! The pages of `netc explain`: each example does what its page says.

use std::path::Path;
use std::process::Command;

use netc::compile;
use netc::diag::{Code, Style, render};
use netc::graph::op::signatures;
use netc::recipe::KEYS;
use netc::tools::std_blocks::std_blocks;

/// The codes whose problem needs several files, or a graph built in code. Their tests are in
/// `syntax_project.rs`, `graph.rs` and `check.rs`.
const WITHOUT_EXAMPLE: [Code; 5] =
    [Code::Unreadable, Code::ImportCycle, Code::Unreachable, Code::Cycle, Code::UnusedImport];

/// The codes of a text's problems, and the problems as shown.
fn problems(text: &str) -> (Vec<Code>, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.net");
    std::fs::write(&file, text).unwrap();
    let compilation = compile(&file, &[]);
    let codes = compilation.problems.sorted().iter().map(|p| p.code).collect();
    (codes, render(&compilation.problems, &compilation.sources, Style::PLAIN))
}

#[test]
fn the_examples_of_each_page_are_wrong_and_right_as_it_says() {
    for &code in Code::ALL {
        let page = code.page();
        let examples: Vec<&str> =
            page.split("```net\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
        match examples.as_slice() {
            [wrong, right] => {
                let (codes, shown) = problems(wrong);
                assert_eq!(codes, [code], "the wrong example of {}:\n{shown}", code.as_str());
                let (codes, shown) = problems(right);
                assert!(codes.is_empty(), "the right example of {}:\n{shown}", code.as_str());
            }
            [] => assert!(WITHOUT_EXAMPLE.contains(&code), "{} has no example", code.as_str()),
            _ => panic!("{} has {} examples", code.as_str(), examples.len()),
        }
    }
}

#[test]
fn each_code_is_shown_by_a_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let shown: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    for code in Code::ALL {
        let mark = format!("[{}]", code.as_str());
        let is_shown = |text: &String| text.contains(&mark);
        let in_code = [Code::Unreachable, Code::Cycle].contains(code);
        assert!(in_code || shown.iter().any(is_shown), "no snapshot shows {}", code.as_str());
    }
}

#[test]
fn the_command_prints_pages_and_refuses_what_it_does_not_know() {
    let netc =
        |args: &[&str]| Command::new(env!("CARGO_BIN_EXE_netc")).args(args).output().unwrap();
    let page = netc(&["explain", "dropped-pixels"]);
    let text = String::from_utf8(page.stdout).unwrap();
    assert!(text.starts_with("warning: dropped-pixels\n\nThe windows of a pool"), "{text}");
    let all = String::from_utf8(netc(&["explain"]).stdout).unwrap();
    let blocks = std_blocks().iter().map(|block| block.name.as_str());
    let names = signatures().map(|op| op.name).chain(blocks);
    let names = names.chain(KEYS.iter().map(|key| key.name));
    for name in names.chain(Code::ALL.iter().map(|code| code.as_str())) {
        assert!(all.lines().any(|line| line.split_whitespace().next() == Some(name)), "{name}");
    }
    assert!(all.lines().all(|line| line.chars().count() <= 80), "{all}");
    let misspelt = netc(&["explain", "shpae"]);
    assert_eq!(misspelt.status.code(), Some(2));
    assert!(String::from_utf8(misspelt.stderr).unwrap().contains("shape"));
}

#[test]
fn ops_and_recipe_keys_have_pages_for_a_terminal() {
    let page = |word: &str| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_netc")).args(["explain", word]).output().unwrap();
        assert!(output.status.success(), "{word}");
        String::from_utf8(output.stdout).unwrap()
    };
    crate::check::snapshots().bind(|| {
        insta::assert_snapshot!("explain", [page("conv"), page("epochs")].join("\n"));
    });
    for op in signatures() {
        let page = page(op.name);
        assert!(page.contains("Example: "), "{page}");
        assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    }
    for key in KEYS {
        assert!(page(key.name).contains(&format!("--recipe {}=VALUE", key.name)));
    }
    let all = page("lr");
    let named = ["peak_lr", "lr_epochs", "lr_values", "muon_lr"];
    assert!(named.iter().all(|key| all.contains(&format!("recipe key: {key}\n"))), "{all}");
}

#[test]
fn blocks_of_std_are_explained_by_their_signature_and_text() {
    let explain = |args: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_netc")).arg("explain").args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(
        explain(&["residual"]),
        "\
block of std: residual

x + f(x), with no activation after the sum, as in the ResNets of David Page
(2018).

    block residual {
      conv_bn -> conv_bn
      add(in)
    }

In a file:

    import std: residual
"
    );
    let head = "    block inverted_residual(";
    assert!(explain(&["inverted_residual"]).contains(head));
    let json = explain(&["fire", "--format", "json"]);
    assert!(
        json.contains("\"kind\":\"block\",\"name\":\"fire\",\"summary\":\"SqueezeNet"),
        "{json}"
    );
    assert!(std_blocks().iter().all(|block| !block.doc().is_empty()));
}
