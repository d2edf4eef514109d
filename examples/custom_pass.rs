//! A pass of one's own: reads a checked net, makes another graph, and has it checked again.
//!
//! cargo run --example custom_pass

use std::collections::HashMap;

use netc::check::{Checked, check};
use netc::graph::op::{Activation, Silu};
use netc::graph::{Graph, NodeId, Op};

/// The net with SiLU in the place of each ReLU.
fn relu_to_silu(net: &Checked) -> Graph {
    let old = net.graph();
    let mut graph = Graph::new(format!("{}_silu", old.name));
    let mut new: HashMap<NodeId, NodeId> = HashMap::new();
    for &id in net.order() {
        let node = net.node(id);
        let operands: Vec<NodeId> = old.operands(id).iter().map(|operand| new[operand]).collect();
        let copy = match &node.op {
            Op::Input(input) => graph.input(node.path.clone(), input.0.clone()),
            Op::Activation(Activation::Relu(_)) => graph.node(node.path.clone(), Silu, &operands),
            op => graph.node(node.path.clone(), op.clone(), &operands),
        };
        new.insert(id, copy);
    }
    if let Some((name, id)) = old.output() {
        graph.set_output(name, new[&id]);
    }
    graph
}

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let compilation = netc::compile("nets/resnet9.net".as_ref(), &[]);
    let net = compilation.net.ok_or("nets/resnet9.net is not sound")?;
    match check(relu_to_silu(&net)) {
        Ok(silu) => println!("{}# {} MACs before and after", silu.flat_text(None), silu.macs()),
        Err(error) => error.problems.sorted().iter().for_each(|p| eprintln!("{}", p.message)),
    }
    Ok(())
}
