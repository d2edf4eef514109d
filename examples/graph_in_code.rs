//! Builds a graph in code, checks it, and prints it as a `.net` file.
//!
//! cargo run --example graph_in_code

use netc::check::check;
use netc::graph::op::{Add, Conv, Flatten, GlobalAvgPool, Linear, Relu};
use netc::graph::{Graph, Shape};

fn conv(out: u64) -> Conv {
    Conv {
        out,
        kernel: [3, 3],
        stride: [1, 1],
        pad: [1, 1],
        dilation: [1, 1],
        groups: 1,
        bias: false,
        init: None,
        train_weight: true,
    }
}

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut graph = Graph::new("in_code");
    let image = graph.input("image", Shape::new([3, 32, 32]).map_err(|e| e.message)?);
    let stem = graph.node("stem", conv(16), &[image]);
    let relu = graph.node("body.relu", Relu { max: None }, &[stem]);
    let inner = graph.node("body.inner", conv(16), &[relu]);
    let sum = graph.node("body.add", Add, &[inner, stem]);
    let pooled = graph.node("head.pool", GlobalAvgPool, &[sum]);
    let flat = graph.node("head.flatten", Flatten, &[pooled]);
    let logits = graph.node("head.linear", Linear { out: 10, bias: true, init: None }, &[flat]);
    graph.set_output("logits", logits);

    match check(graph) {
        Ok(net) => {
            println!("{}# {} parameters, {} MACs", net.flat_text(None), net.params(), net.macs())
        }
        Err(error) => error.problems.sorted().iter().for_each(|p| eprintln!("{}", p.message)),
    }
    Ok(())
}
