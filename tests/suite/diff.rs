//! What differs between two nets, and the story of the article told by it.

use std::path::Path;
use std::process::{Command, Output};

use netc::check::check;
use netc::graph::op::{Add, Concat, Relu};
use netc::graph::{Graph, Shape};
use netc::tools::diff::{Change, Diff, diff};

use super::check::{net, nets, snapshots};

fn netc(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_netc")).args(args).output().unwrap()
}

fn printed(args: &[&str]) -> String {
    String::from_utf8(netc(args).stdout).unwrap()
}

fn between(a: &str, b: &str) -> Diff {
    let file = |name: &str| net(&Path::new("nets").join(name).with_extension("net"));
    diff(&file(a), &file(b))
}

#[test]
fn a_net_equals_itself_and_no_other() {
    for file in nets().iter().filter(|f| f.file_stem().unwrap() != "lib") {
        let found = diff(&net(file), &net(file));
        assert!(found.equal && found.stages.is_empty() && found.renamed == 0, "{}", file.display());
        assert_eq!(found.first_shape, None);
    }
}

#[test]
fn the_costs_of_the_stages_make_up_the_total() {
    for (a, b) in [("dawnbench", "backbone"), ("base", "resnet9"), ("backbone_maxpool", "base")] {
        let found = between(a, b);
        let sum = |i: usize| found.stages.iter().map(|s| s.params[i]).sum::<u64>() as i64;
        assert_eq!(sum(1) - sum(0), found.params[1] as i64 - found.params[0] as i64, "{a} {b}");
    }
}

#[test]
fn blocks_that_are_added_are_all_that_differs() {
    snapshots().bind(|| {
        insta::assert_snapshot!(
            "diff_blocks_added",
            printed(&["diff", "nets/base.net", "nets/residual_l1.net"])
        )
    });
}

#[test]
fn stages_are_aligned_where_their_labels_moved() {
    snapshots().bind(|| {
        insta::assert_snapshot!(
            "diff_labels_moved",
            printed(&["diff", "nets/backbone_3x3.net", "nets/backbone_maxpool.net"])
        )
    });
}

#[test]
fn an_override_is_of_the_second_net() {
    snapshots().bind(|| {
        insta::assert_snapshot!(
            "diff_override",
            printed(&["diff", "nets/base.net", "nets/base.net", "--set", "width=128"])
        )
    });
}

#[test]
fn one_graph_under_other_names_is_equal() {
    let found = between("residual_l1l3", "resnet9");
    assert!(found.equal && found.renamed > 0 && found.stages.is_empty());
}

#[test]
fn operands_in_another_order_are_a_change() {
    let build = |swapped: bool| {
        let mut graph = Graph::new("order");
        let image = graph.input("image", Shape::new([3, 8, 8]).unwrap());
        let relu = graph.node("relu", Relu { max: None }, &[image]);
        let pair = if swapped { [image, relu] } else { [relu, image] };
        let out = graph.node("join", Concat, &pair);
        graph.set_output("out", out);
        check(graph).unwrap()
    };
    let found = diff(&build(false), &build(true));
    let [stage] = found.stages.as_slice() else { panic!("{found:?}") };
    let [Change::Rewired { path, from, to, .. }] = stage.changes.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(
        (path.as_str(), from.join(" "), to.join(" ")),
        ("join", "relu image".into(), "image relu".into())
    );
}

#[test]
fn another_output_is_a_change() {
    let build = |early: bool| {
        let mut graph = Graph::new("output");
        let image = graph.input("image", Shape::new([3, 8, 8]).unwrap());
        let relu = graph.node("relu", Relu { max: None }, &[image]);
        let sum = graph.node("sum", Add, &[relu, image]);
        graph.set_output("out", if early { relu } else { sum });
        check(graph).unwrap()
    };
    let found = diff(&build(false), &build(true));
    // What the output no longer depends on is gone; what fed it feeds the output.
    let [stage] = found.stages.as_slice() else { panic!("{found:?}") };
    let [Change::Removed { path, .. }] = stage.changes.as_slice() else { panic!("{found:?}") };
    assert_eq!((path.as_str(), found.equal), ("sum", false));
}

#[test]
fn exit_codes_are_those_of_diff() {
    let code = |args: &[&str]| netc(args).status.code();
    assert_eq!(code(&["diff", "nets/base.net", "nets/base.net"]), Some(0));
    assert_eq!(code(&["diff", "nets/residual_l1l3.net", "nets/resnet9.net"]), Some(0));
    assert_eq!(code(&["diff", "nets/base.net", "nets/resnet9.net"]), Some(1));
    assert_eq!(code(&["diff", "nets/base.net", "nets/absent.net"]), Some(2));
    assert_eq!(code(&["diff", "nets/base.net", "nets/lib.net"]), Some(2));
    assert_eq!(code(&["diff", "nets/base.net"]), Some(2));
}

#[test]
fn json_says_the_same() {
    let text = printed(&[
        "diff",
        "--format",
        "json",
        "nets/backbone_norepeat.net",
        "nets/backbone_3x3.net",
    ]);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["equal"], false);
    assert_eq!(value["params"], serde_json::json!([114_762, 966_730]));
    let change = &value["stages"][0]["changes"][0];
    assert_eq!((&change["change"], &change["path"]), (&"changed".into(), &"layer2.conv".into()));
    let expected = serde_json::json!([
        { "name": "k", "from": "1", "to": "3" },
        { "name": "pad", "from": "0", "to": "1" },
    ]);
    assert_eq!(change["attributes"], expected);
}

/// Each fenced block of `docs/story.md` that begins with `$ netc` is what the command prints.
#[test]
fn the_story_is_what_the_commands_print() {
    let story = std::fs::read_to_string("docs/story.md").unwrap();
    let mut seen = 0;
    for block in story.split("```").skip(1).step_by(2) {
        let Some((command, expected)) =
            block.trim_start().strip_prefix("$ netc ").and_then(|b| b.split_once('\n'))
        else {
            continue;
        };
        let args: Vec<&str> = command.split_whitespace().collect();
        assert_eq!(printed(&args).trim_end(), expected.trim_end(), "netc {command}");
        seen += 1;
    }
    assert!(seen >= 10, "only {seen} commands found");
}
