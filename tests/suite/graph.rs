//! Graphs built in code get the checks that text cannot need.

use netc::check::check;
use netc::diag::Problems;
use netc::graph::op::{Add, Concat, Flatten, Identity, Linear, Relu};
use netc::graph::{Graph, Shape};

fn relu() -> Relu {
    Relu { max: None }
}

fn messages(problems: &Problems) -> Vec<String> {
    problems.sorted().iter().map(|p| format!("{}: {}", p.code.as_str(), p.message)).collect()
}

fn errors(graph: Graph) -> Vec<String> {
    messages(&check(graph).map(|_| ()).unwrap_err().problems)
}

fn image() -> Shape {
    Shape::new([3, 8, 8]).unwrap()
}

#[test]
fn a_cycle_is_shown_whole() {
    let mut graph = Graph::new("circle");
    let input = graph.input("image", image());
    let a = graph.node("a", Add, &[input]);
    let b = graph.node("b", relu(), &[a]);
    let c = graph.node("c", Identity, &[b]);
    graph.connect(c, a);
    graph.set_output("out", c);
    assert_eq!(errors(graph), ["cycle: the graph has a cycle: a -> b -> c -> a"]);
}

#[test]
fn a_node_that_reads_itself_is_a_cycle() {
    let mut graph = Graph::new("self");
    let input = graph.input("image", image());
    let a = graph.node("a", Add, &[input]);
    graph.connect(a, a);
    graph.set_output("out", a);
    assert_eq!(errors(graph), ["cycle: the graph has a cycle: a -> a"]);
}

#[test]
fn every_node_needs_a_way_from_an_input() {
    let mut graph = Graph::new("island");
    let input = graph.input("image", image());
    graph.set_output("out", input);
    graph.node("island", relu(), &[]);
    let found = errors(graph);
    assert!(found.contains(&"unreachable: no input reaches `island`".to_string()), "{found:?}");
}

#[test]
fn one_input_and_one_output_are_needed() {
    assert_eq!(
        errors(Graph::new("empty")),
        ["structure: a net has one input, this graph has 0", "structure: the graph has no output"]
    );
}

#[test]
fn an_unused_branch_is_a_warning() {
    let mut graph = Graph::new("branch");
    let input = graph.input("image", image());
    graph.node("side", relu(), &[input]);
    let flat = graph.node("flat", Flatten, &[input]);
    let out = graph.node("out", Linear { out: 10, bias: true, init: None }, &[flat]);
    graph.set_output("logits", out);
    let net = check(graph).unwrap();
    assert_eq!(messages(net.warnings()), ["unused-branch: the result of `side` is not used"]);
    assert_eq!(net.params(), 10 * 192 + 10);
}

#[test]
fn a_wrong_number_of_operands_is_an_error() {
    let mut graph = Graph::new("operands");
    let input = graph.input("image", image());
    let out = graph.node("out", relu(), &[input, input]);
    graph.set_output("out", out);
    assert_eq!(errors(graph), ["arity: `relu` reads 1 to 1 values, got 2"]);
}

#[test]
fn deep_graphs_do_not_overflow_the_stack() {
    let mut graph = Graph::new("deep");
    let mut at = graph.input("image", image());
    for i in 0..100_000 {
        at = graph.node(format!("n{i}"), relu(), &[at]);
    }
    graph.set_output("out", at);
    let net = check(graph).unwrap();
    assert_eq!(net.order().len(), 100_001);
    assert_eq!(net.graph().hash().len(), 64);
}

#[test]
fn the_hash_is_of_what_is_computed() {
    let build = |first: &str, shared: bool| {
        let mut graph = Graph::new(first);
        let input = graph.input("image", image());
        let a = graph.node(first, relu(), &[input]);
        let b = if shared { a } else { graph.node("b", relu(), &[input]) };
        let out = graph.node("out", Concat, &[a, b]);
        graph.set_output("out", out);
        graph.hash()
    };
    assert_eq!(build("a", true), build("renamed", true), "names do not count");
    assert_ne!(build("a", true), build("a", false), "sharing does");
}

#[test]
fn what_is_known_of_a_wrong_graph_comes_with_the_problems() {
    let mut graph = Graph::new("wrong");
    let input = graph.input("image", image());
    let relu = graph.node("relu", relu(), &[input]);
    let linear = graph.node("linear", Linear { out: 10, bias: true, init: None }, &[relu]);
    graph.set_output("logits", linear);
    let error = check(graph).map(|_| ()).unwrap_err();
    assert_eq!(error.unchecked.graph.len(), 3);
    assert_eq!(error.unchecked.shapes.get(&relu), Some(&image()));
    assert_eq!(error.unchecked.shapes.get(&linear), None);
    assert_eq!(error.to_string(), error.problems.sorted()[0].message);
}
