//! `netc explain FILE PATH`: where each value of a node comes from.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use netc::check::Checked;
use netc::compile;
use netc::graph::Value;
use netc::tools::provenance::{Answer, Explained, ExplainedStep, MAX_DEPTH, NodeListing, explain};
use serde_json::Value as Json;

use super::check::snapshots;

fn netc(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_netc")).arg("explain").args(args).output().unwrap()
}

fn printed(args: &[&str]) -> String {
    let out = netc(args);
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

fn json(args: &[&str]) -> Json {
    serde_json::from_str(&printed(&[args, &["--format", "json"]].concat())).unwrap()
}

/// What the command says to wrong usage.
fn refused(args: &[&str]) -> String {
    let out = netc(args);
    assert_eq!(out.status.code(), Some(2), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(out.stdout.is_empty());
    String::from_utf8(out.stderr).unwrap()
}

/// What is said of `path` in a net given as text.
fn of_text(text: &str, path: &str) -> Explained {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.net");
    std::fs::write(&file, text).unwrap();
    let compilation = compile(&file, &[]);
    let net = compilation.net.unwrap_or_else(|| panic!("{:?}", compilation.problems));
    match explain(&file, &[], &net, &compilation.sources, Some(path)).unwrap() {
        Answer::Node(node) => *node,
        other => panic!("{other:?}"),
    }
}

/// The steps of an argument, each below the one before it.
fn says(node: &Explained, argument: &str) -> Vec<String> {
    fn walk(step: &ExplainedStep, into: &mut Vec<String>) {
        into.push(step.says.clone());
        step.from.iter().for_each(|from| walk(from, into));
    }
    let mut found = Vec::new();
    walk(&node.arguments.iter().find(|a| a.name == argument).unwrap().from, &mut found);
    found
}

#[test]
fn a_block_argument_is_followed_to_the_parameter_of_the_net() {
    let text = printed(&["nets/resnet9.net", "layer1.conv_bn.conv"]);
    snapshots().bind(|| insta::assert_snapshot!("explain_block_argument", text));
}

#[test]
fn same_names_the_node_that_it_is_taken_from() {
    let text = printed(&["nets/resnet9.net", "layer3.residual.conv_bn_2.conv"]);
    snapshots().bind(|| insta::assert_snapshot!("explain_same", text));
}

#[test]
fn a_net_that_extends_is_followed_into_its_parent() {
    let text = printed(&["nets/extra_l1l2l3.net", "layer2.conv_bn_2.conv"]);
    snapshots().bind(|| insta::assert_snapshot!("explain_extends", text));
}

#[test]
fn a_parameter_says_what_overrides_it() {
    let text = printed(&["nets/base_wide.net", "layer2.conv_bn_1.conv", "--set", "width=32"]);
    snapshots().bind(|| insta::assert_snapshot!("explain_set", text));
}

#[test]
fn a_default_line_is_named() {
    let text = printed(&["nets/backbone.net", "layer2.preact_shortcut_1.bn"]);
    snapshots().bind(|| insta::assert_snapshot!("explain_default_line", text));
}

#[test]
fn an_edit_that_placed_a_node_is_named() {
    let text = printed(&["tests/cases/check_ok/edits.net", "stem.after.conv"]);
    snapshots().bind(|| insta::assert_snapshot!("explain_edit", text));
}

#[test]
fn a_join_says_what_it_reads() {
    let text = printed(&["nets/dawnbench.net", "layer2.preact_1.add"]);
    assert!(
        text.contains(
            "layer2.preact_1.conv_2 [N, 128, 16, 16], layer2.preact_1.short [N, 128, 16, 16] -> [N, 128"
        ),
        "{text}"
    );
}

#[test]
fn a_file_alone_lists_its_paths_and_a_prefix_those_below_it() {
    let all = printed(&["nets/resnet9.net"]);
    snapshots().bind(|| insta::assert_snapshot!("explain_file", all));
    let below = printed(&["nets/resnet9.net", "layer1.residual"]);
    snapshots().bind(|| insta::assert_snapshot!("explain_prefix", below));
}

#[test]
fn each_key_of_a_recipe_has_its_layers() {
    let text = printed(&["nets/extra_l1l2l3.net", "recipe"]);
    snapshots().bind(|| insta::assert_snapshot!("explain_recipe", text));
    let recipe = json(&["nets/extra_l1l2l3.net", "recipe"]);
    assert_eq!(recipe["recipe"][0]["key"], "epochs");
    assert_eq!(recipe["recipe"][0]["value"], 60);
    let layers: Vec<&Json> =
        recipe["recipe"][0]["said"].as_array().unwrap().iter().map(|said| &said["layer"]).collect();
    assert_eq!(layers, ["net", "parent", "default"]);
}

#[test]
fn json_has_the_chain_with_its_places() {
    let node = json(&["nets/base_wide.net", "layer2.conv_bn_1.conv", "--set", "width=32"]);
    assert_eq!(node["path"], "layer2.conv_bn_1.conv");
    let c = &node["arguments"][0];
    assert_eq!((&c["name"], &c["value"]), (&Json::from("c"), &Json::from(128)));
    let mut causes = Vec::new();
    let mut step = &c["from"];
    while step.is_object() {
        causes.push(step["cause"].as_str().unwrap());
        step = step["from"].as_array().unwrap().last().unwrap_or(&Json::Null);
    }
    assert_eq!(causes, ["written", "block-argument", "block-argument", "parameter", "override"]);
    assert_eq!(c["from"]["place"]["file"], "nets/lib.net");
    assert_eq!(c["from"]["place"]["line"], 4);
}

#[test]
fn sizes_of_a_signature_and_names_that_mention_names_are_followed() {
    let node = of_text(
        "block b(c, half = c // 2) :: [N, C, H, W] -> [N, half, H, W] { conv(max(half, C - C)) }\n\
         net x(width = 8, wide = 2*width) { input i: [N, 3, 4, 4]\n a: b(wide)\n output o: [N, 8, 4, 4] }",
        "a.conv",
    );
    assert_eq!(
        says(&node, "c"),
        [
            "written `max(half, C - C)`",
            "b has `half = c//2` by default, which is 8",
            "b is called with `c = wide`, which is 16",
            "net x declares `wide = 2*width`",
            "net x declares `width = 8`",
            "C is 3 of i, [N, 3, 4, 4]",
        ]
    );
}

#[test]
fn a_node_behind_a_guard_says_why_it_is_there() {
    let text = "block b(deep) { conv(4) if deep else conv(4, k = 1) }\n\
                net x(n = 1) { input i: [N, 3, 4, 4]\n a: b(n > 2)\n output o: [N, 4, 4, 4] }";
    let node = of_text(text, "a.conv_2");
    let [guard] = node.guards.as_slice() else { panic!("{:?}", node.guards) };
    assert_eq!(guard.says, "there because not `deep`");
    assert_eq!(guard.from[0].says, "b is called with `deep = n > 2`, which is false");
    assert_eq!(guard.from[0].from[0].says, "net x declares `n = 1`");
    assert!(of_text(text, "i").guards.is_empty());
}

#[test]
fn a_value_that_is_met_many_times_is_followed_once() {
    let doubled: String = (1..60)
        .map(|i| format!(", a{i} = a{0} + b{0} - a{0}, b{i} = b{0} + a{0} - b{0}", i - 1))
        .collect();
    let text = format!(
        "net x(a0 = 4, b0 = 4{doubled}) {{\n input i: [N, 3, 4, 4]\n a: conv(a59)\n output o: [N, 4, 4, 4] }}"
    );
    assert!(says(&of_text(&text, "a"), "c").len() < 300);
}

#[test]
fn a_way_of_many_steps_ends_somewhere() {
    let long: String = (1..5000).map(|i| format!(",\np{i} = p{}", i - 1)).collect();
    let text = format!(
        "net x(p0 = 4{long}) {{\n input i: [N, 3, 4, 4]\n a: conv(p4999)\n output o: [N, 4, 4, 4] }}"
    );
    let steps = says(&of_text(&text, "a"), "c");
    assert_eq!(steps[..2], ["written `p4999`", "net x declares `p4999 = p4998`"]);
    assert_eq!(steps.len(), MAX_DEPTH);
}

#[test]
fn what_is_not_there_is_answered_by_what_is_near() {
    let cases: [(&[&str], &str); 6] = [
        (&["nets/resnet9.net", "layer1.conv_bn.cnov"], "did you mean `layer1.conv_bn.conv`?"),
        (&["nets/resnet9.net", "layer1.residul"], "did you mean `layer1.residual`?"),
        (
            &["nets/resnet9.net", "nothing_of_the_kind"],
            "`netc explain nets/resnet9.net` lists every path",
        ),
        (&["nets/resnet9.net", "recipes"], "did you mean `recipe`?"),
        (
            &["shpae"],
            "`shpae` is not an op, block of std, recipe key, code or file\n  help: did you mean `shape`?",
        ),
        (&["shape", "layer1"], "`shape` is a code, which has no paths"),
    ];
    for (args, expected) in cases {
        let text = refused(args);
        assert!(text.contains(expected), "{text}");
    }
    assert!(refused(&["shape", "--set", "a=1"]).contains("--set"));
    assert!(refused(&["--set", "a=1"]).contains("name a file"));
}

#[test]
fn a_file_that_is_not_sound_has_its_problems_shown() {
    assert_eq!(netc(&["tests/cases/check_err/unknown_names.net", "a"]).status.code(), Some(1));
    assert_eq!(netc(&["nets/lib.net"]).status.code(), Some(1));
    let absent = netc(&["nets/absent.net", "layer1"]);
    assert_eq!(absent.status.code(), Some(1));
    assert!(String::from_utf8(absent.stderr).unwrap().contains("absent.net"));
}

#[test]
fn codes_have_a_json_form() {
    assert_eq!(json(&["shape"])["severity"], "error");
    assert!(printed(&["--format", "json"]).lines().all(|line| line.starts_with("{\"kind\":")));
}

/// Whether two values are the same for an op: `1` is `1.0`, `[3, 3]` is `3`.
fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::List(items), one) | (one, Value::List(items)) if !matches!(one, Value::List(_)) => {
            items.iter().all(|item| alike(item, one))
        }
        (Value::Same, _) => true,
        _ => a == b || a.number().zip(b.number()).is_some_and(|(x, y)| x == y),
    }
}

fn agrees(file: &Path, net: &Checked, node: &Explained) {
    let id = *net.order().iter().find(|&&id| net.node(id).path == node.path).unwrap();
    let attributes = net.node(id).op.attributes();
    let shown: Vec<(&str, Value)> =
        node.arguments.iter().map(|a| (a.name, a.value.clone())).collect();
    let place = format!("{} of {}", node.path, file.display());
    assert_eq!(shown, attributes, "{place}");
    for argument in &node.arguments {
        let (from, name) = (&argument.from, argument.name);
        assert!(alike(&from.value, &argument.value), "{name} of {place}: {from:?}");
        let stands = !["op-default", "rule"].contains(&from.cause);
        assert_eq!(from.place.is_some(), stands, "{name} of {place}: {from:?}");
    }
    let blocks: Vec<&str> = node.calls.iter().rev().map(|c| c.block.as_str()).collect();
    let origin: Vec<&str> =
        net.node(id).origin.iter().flat_map(|o| o.calls.iter()).map(|c| c.block.as_str()).collect();
    assert_eq!(blocks, origin, "{place}");
}

#[test]
fn every_path_of_every_net_is_explained_as_the_graph_has_it() {
    let nets = |folder| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = nets("nets").collect();
    files.extend(
        ["edits", "every_op", "names", "squeeze_excite", "values_and_guards", "inception_block"]
            .map(|name| PathBuf::from(format!("tests/cases/check_ok/{name}.net"))),
    );
    let mut seen = 0;
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "net")) {
        let compilation = compile(file, &[]);
        let Some(net) = &compilation.net else { continue };
        let answer = |path: Option<&str>| explain(file, &[], net, &compilation.sources, path);
        let Ok(Answer::Nodes(NodeListing { nodes, .. })) = answer(None) else {
            panic!("{}", file.display())
        };
        assert_eq!(nodes.len(), net.order().len());
        for row in &nodes {
            match answer(Some(&row.path)).unwrap() {
                Answer::Node(node) => agrees(file, net, &node),
                other => panic!("{other:?}"),
            }
            seen += 1;
        }
        assert!(matches!(answer(Some("recipe")), Ok(Answer::Recipe { .. })));
    }
    assert!(seen > 500, "{seen}");
}
