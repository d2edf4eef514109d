//! Nets derived from nets, and the text of a graph for people.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use netc::check::Checked;
use netc::compile;
use netc::diag::{Style, render};
use netc::graph::op::{Add, Flatten, Identity, Linear, Relu};
use netc::graph::{Graph, Shape};
use netc::tools::derive::{Derivation, derive, readable};

use super::check::{net, nets, snapshots};
use super::zoo::zoo;

fn article(name: &str) -> Checked {
    net(&Path::new("nets").join(name).with_extension("net"))
}

fn derived(net: &Checked, derivation: Derivation) -> Checked {
    derive(net, derivation).unwrap().expect("something to derive").net
}

fn netc(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_netc")).args(args).output().unwrap()
}

/// Compiles a text, which must be sound.
fn compiled(text: &str) -> Checked {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("derived.net");
    std::fs::write(&file, text).unwrap();
    let compilation = compile(&file, &[]);
    let shown = render(&compilation.problems, &compilation.sources, Style::PLAIN);
    compilation.net.unwrap_or_else(|| panic!("it does not compile:\n{shown}\n{text}"))
}

#[test]
fn the_shortest_path_of_the_dawnbench_net_is_the_articles_backbone() {
    let backbone = derived(&article("dawnbench"), Derivation::ShortestPath);
    assert_eq!(backbone.params(), 115_786);
    assert_eq!(backbone.graph().canonical(), article("backbone").graph().canonical());
}

#[test]
fn without_its_repeats_it_is_the_articles_next_net() {
    let backbone = derived(&article("dawnbench"), Derivation::ShortestPath);
    let next = derived(&backbone, Derivation::DropRepeats);
    assert_eq!(next.params(), 114_762);
    assert_eq!(next.graph().hash(), article("backbone_norepeat").graph().hash());
}

#[test]
fn what_a_derivation_drops_is_frozen_no_more() {
    let net = compiled(
        "net it {\n  input image: [N, 3, 8, 8]\n  a: conv(3)\n  c = a -> conv(3) -> conv(3)\n  \
         b: conv(3) -> add(c)\n  output y: [N, 3, 8, 8]\n  \
         recipe { freeze = [\"a\", \"c.*\"] }\n}\n",
    );
    let text = readable(&derived(&net, Derivation::ShortestPath));
    assert!(text.contains("freeze = [\"a\"]"), "{text}");
    compiled(&text);
}

#[test]
fn the_text_of_a_derived_net_is_the_derived_net() {
    let backbone = derived(&article("dawnbench"), Derivation::ShortestPath);
    let text = readable(&backbone);
    assert_eq!(compiled(&text).graph().hash(), article("backbone").graph().hash());
    snapshots().bind(|| insta::assert_snapshot!("derive_backbone", text));
}

/// The project's nets, the zoo's, and the cases of `check_ok`.
fn every_net() -> Vec<PathBuf> {
    let cases = std::fs::read_dir("tests/cases/check_ok").unwrap().map(|e| e.unwrap().path());
    let cases = cases.filter(|path| path.extension().is_some_and(|e| e == "net"));
    nets()
        .into_iter()
        .filter(|f| f.file_stem().unwrap() != "lib")
        .chain(cases)
        .chain(zoo())
        .collect()
}

#[test]
fn the_readable_text_of_a_net_resolves_to_the_same_graph() {
    for file in every_net() {
        let before = net(&file);
        let text = readable(&before);
        let after = compiled(&text);
        assert_eq!(
            after.graph().canonical(),
            before.graph().canonical(),
            "{}:\n{text}",
            file.display()
        );
        assert_eq!(readable(&net(&file)), text, "{} twice", file.display());
    }
}

#[test]
fn derivations_of_any_net_check_and_end() {
    for file in every_net() {
        for derivation in [Derivation::ShortestPath, Derivation::DropRepeats] {
            if let Ok(Some(first)) = derive(&net(&file), derivation) {
                let again = derive(&first.net, derivation).unwrap();
                assert!(again.is_none(), "{}: {derivation:?} twice", file.display());
                compiled(&readable(&first.net));
            }
        }
    }
}

#[test]
fn joins_in_joins_and_identities_go() {
    let mut graph = Graph::new("nested");
    let relu = || Relu { max: None };
    let image = graph.input("image", Shape::new([3, 8, 8]).unwrap());
    let a = graph.node("a", relu(), &[image]);
    let b = graph.node("b", relu(), &[a]);
    let inner = graph.node("inner", Add, &[b, a]);
    let c = graph.node("c", relu(), &[inner]);
    let same = graph.node("same", Identity, &[image]);
    let outer = graph.node("outer", Add, &[c, same]);
    let flat = graph.node("flat", Flatten, &[outer]);
    let out = graph.node("out", Linear { out: 10, bias: true, init: None }, &[flat]);
    graph.set_output("logits", out);
    let net = netc::check::check(graph).unwrap();
    let short = derived(&net, Derivation::ShortestPath);
    let paths: Vec<&str> = short.order().iter().map(|&id| short.node(id).path.as_str()).collect();
    assert_eq!(paths, ["image", "flat", "out"]);
}

#[test]
fn the_command_writes_a_file_that_checks() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("backbone.net");
    let out = out.to_str().unwrap();
    let run = netc(&["derive", "shortest-path", "nets/dawnbench.net", "-o", out]);
    assert_eq!(run.status.code(), Some(0));
    assert!(run.stdout.is_empty());
    let said = String::from_utf8(run.stderr).unwrap();
    assert_eq!(said, "nets/dawnbench.net: 40 ops dropped, 5,205,834 -> 115,786 params\n");
    assert_eq!(netc(&["check", out]).status.code(), Some(0));
    assert_eq!(netc(&["fmt", "--check", out]).status.code(), Some(0));
    assert_eq!(netc(&["diff", out, "nets/backbone.net"]).status.code(), Some(0));
}

#[test]
fn nothing_to_derive_is_said() {
    let run = netc(&["derive", "drop-repeats", "nets/base.net"]);
    assert_eq!((run.status.code(), run.stdout.len()), (Some(0), 0));
    assert!(String::from_utf8(run.stderr).unwrap().contains("nothing to derive"));
    assert_eq!(netc(&["derive", "drop-repeats", "nets/lib.net"]).status.code(), Some(1));
    assert_eq!(netc(&["derive", "nets/base.net"]).status.code(), Some(2));
}
