//! Every file in `tests/cases/check_*` is a case of the way from text to a checked net.

use std::path::{Path, PathBuf};

use netc::check::Checked;
use netc::diag::{Code, Severity, Style, render};
use netc::{Compilation, compile};

/// A case as a user meets it: compiled from the project's root, so that messages name it that way.
pub fn compiled(path: &Path) -> Compilation {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert_eq!(std::env::current_dir().unwrap(), root, "tests run in the project's root");
    let path = path.canonicalize().unwrap();
    compile(path.strip_prefix(root).unwrap(), &[])
}

/// The net of a file that must be sound, without a warning.
pub fn net(path: &Path) -> Checked {
    let compilation = compiled(path);
    let shown = render(&compilation.problems, &compilation.sources, Style::PLAIN);
    assert!(compilation.problems.is_empty(), "{shown}");
    compilation.net.unwrap_or_else(|| panic!("{} holds no net", path.display()))
}

/// A line a node: path, op, operands, shape, cost.
fn listing(net: &Checked) -> String {
    let mut text = String::new();
    for &id in net.order() {
        let node = net.node(id);
        let operands: Vec<&str> =
            net.graph().operands(id).iter().map(|&o| net.node(o).path.as_str()).collect();
        let more = operands.get(1..).unwrap_or_default();
        let from = operands.first().map(|o| format!(" <- {o}")).unwrap_or_default();
        text += &format!("{} = {}{from} : {}", node.path, node.op.text(more), net.shape(id));
        let (params, macs) = (net.node_params(id), net.node_macs(id));
        text += &if params + macs > 0 {
            format!("  {params} params, {macs} MACs\n")
        } else {
            "\n".into()
        };
    }
    text + &format!("{} params, {} MACs\n", net.params(), net.macs())
}

/// What holds for every sound net.
pub fn invariants(path: &Path, net: &Checked) {
    assert_eq!(net.graph().hash(), compiled(path).net.unwrap().graph().hash(), "compiled twice");

    let flat = net.flat_text(None);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flat.net");
    std::fs::write(&file, &flat).unwrap();
    let again = compile(&file, &[]);
    let shown = render(&again.problems, &again.sources, Style::PLAIN);
    let again = again.net.unwrap_or_else(|| panic!("the flat form does not compile:\n{shown}"));
    assert_eq!(
        again.graph().canonical(),
        net.graph().canonical(),
        "the flat form is another graph"
    );
    let paths =
        |net: &Checked| net.order().iter().map(|&id| net.node(id).path.clone()).collect::<Vec<_>>();
    assert_eq!(paths(&again), paths(net), "the flat form renames nodes");
    assert_eq!(again.flat_text(None), flat, "the flat form of the flat form differs");
    assert_eq!((again.params(), again.macs()), (net.params(), net.macs()));

    for &id in net.order() {
        for &operand in net.graph().operands(id) {
            let position = |id| net.order().iter().position(|&x| x == id);
            assert!(position(operand) < position(id), "an operand comes after its reader");
        }
    }
}

/// Snapshots lie in `tests/snapshots`, named by the test alone.
pub fn snapshots() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

#[test]
fn sound_nets_check() {
    snapshots().bind(|| {
        insta::glob!("../cases/check_ok", "*.net", |path| {
            let net = net(path);
            invariants(path, &net);
            insta::assert_snapshot!("check_ok", listing(&net));
        });
    });
}

#[test]
fn wrong_nets_say_where_and_why() {
    snapshots().bind(|| {
        insta::glob!("../cases/check_err", "*.net", |path| {
            let compilation = compiled(path);
            assert!(
                !compilation.ok() && compilation.net.is_none(),
                "{} is accepted",
                path.display()
            );
            let shown = render(&compilation.problems, &compilation.sources, Style::PLAIN);
            let again = compiled(path);
            assert_eq!(
                shown,
                render(&again.problems, &again.sources, Style::PLAIN),
                "not deterministic"
            );
            insta::assert_snapshot!("check_err", shown);
        });
    });
}

/// One value that a block passes on to two ops, each of which says why it refuses it; the same
/// reason in two rounds is told once.
#[test]
fn a_value_that_is_refused_for_two_reasons_has_both() {
    let text = "block two(n) {\n  conv(n) -> maxpool(n)\n}\n\nnet x {\n  input image: [N, 3, 8, 8]\n  \
                for i in 0..2 {\n    two(0 - i)\n  }\n  output y: [N, 3, 8, 8]\n}\n";
    let compilation = netc::compile_text(text, &[]);
    let problems = compilation.problems.sorted();
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    let reasons = [
        "expected a whole number from 1 for `c`, got 0",
        "expected a whole number from 1, or [height, width] for `k`, got 0",
    ];
    assert_eq!(messages, reasons);
}

#[test]
fn a_parameter_that_is_set_twice_is_named() {
    let text = "net x(w = 8) {\n  input image: [N, 3, 8, 8]\n  conv(w)\n  \
                output y: [N, w, 8, 8]\n}\n";
    let set = [("w".to_owned(), "5".to_owned()), ("w".to_owned(), "6".to_owned())];
    let problems = netc::compile_text(text, &set).problems;
    let messages: Vec<&str> = problems.sorted().iter().map(|p| p.message.as_str()).collect();
    assert_eq!(messages, ["`w` is set twice"]);
}

#[test]
fn odd_nets_are_sound_and_say_what_is_odd() {
    let mut seen = std::collections::BTreeSet::new();
    snapshots().bind(|| {
        insta::glob!("../cases/check_warn", "*.net", |path| {
            let compilation = compiled(path);
            assert!(compilation.ok() && compilation.net.is_some(), "{} is refused", path.display());
            seen.extend(compilation.problems.sorted().iter().map(|p| p.code));
            insta::assert_snapshot!(
                "check_warn",
                render(&compilation.problems, &compilation.sources, Style::PLAIN)
            );
        });
    });
    let warnings = Code::ALL.iter().filter(|c| c.severity() == Severity::Warning);
    assert!(warnings.clone().all(|c| seen.contains(c)), "a warning has no case: {seen:?}");
}

#[test]
fn every_net_of_the_project_keeps_the_invariants() {
    for file in nets() {
        if file.file_stem().unwrap() != "lib" {
            invariants(&file, &net(&file));
        }
    }
}

/// The files of `nets/`.
pub fn nets() -> Vec<PathBuf> {
    nets_in("nets")
}

/// The files of a folder of cases.
pub fn cases(kind: &str) -> Vec<PathBuf> {
    nets_in(&format!("tests/cases/{kind}"))
}

fn nets_in(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "net"));
    files.sort();
    files
}
