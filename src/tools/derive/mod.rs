//! Deriving nets from nets: graph to graph, each transformation a small file, and the result
//! checked again.

mod arguments;
mod blocks;
mod defaults;
mod drop_repeats;
mod flow;
mod readable;
mod shortest_path;

use std::collections::HashMap;

use crate::check::{self, Checked};
use crate::diag::Problems;
use crate::graph::pattern::Pattern;
use crate::graph::{self, Graph, NodeId, Op, Value};
use crate::syntax;

pub use readable::readable;

/// What can be derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Derivation {
    /// For each `add` and `mul`, keeps the operand nearest to the input and removes the others.
    /// Identities are removed too. A `concat` stays: it collects features and does not bypass a
    /// layer.
    ShortestPath,
    /// Removes each `bn -> relu` whose operand is already the result of one.
    DropRepeats,
}

impl Derivation {
    /// The suffix of the net's name: `dawnbench_shortest_path`.
    fn suffix(self) -> &'static str {
        match self {
            Derivation::ShortestPath => "shortest_path",
            Derivation::DropRepeats => "drop_repeats",
        }
    }
}

/// A derived net.
#[derive(Debug, Clone)]
pub struct Derived {
    /// The net, checked again.
    pub net: Checked,
    /// The paths of the removed nodes, in the order of the net.
    pub dropped: Vec<String>,
}

/// Derives a net. `None` if the net would not change.
///
/// The result keeps paths and origins. The file's claims, its parameters and a published accuracy
/// do not apply to the new net. A result that does not check is returned as problems.
pub fn derive(net: &Checked, derivation: Derivation) -> Result<Option<Derived>, Problems> {
    let instead = match derivation {
        Derivation::ShortestPath => shortest_path::instead(net),
        Derivation::DropRepeats => drop_repeats::instead(net),
    };
    if instead.is_empty() {
        return Ok(None);
    }
    let (graph, dropped) = rewrite(net, &instead, derivation.suffix());
    Ok(Some(Derived { net: check::check(graph).map_err(|error| error.problems)?, dropped }))
}

/// The readable text of a net, and the net that it resolves to: the same graph, its nodes named by
/// the text.
///
/// # Errors
/// A text that does not give the same net: a bug in [`readable`], as a message.
pub fn reread(net: &Checked) -> Result<(String, Checked), String> {
    let text = readable(net);
    let none = || "there are no files beside it".to_string();
    let project =
        syntax::load_text("derived.net", &text, &mut |_| Err(std::io::Error::other(none())));
    let graph = project.ok().and_then(|project| graph::expand(&project, &[]).graph);
    let again = graph.and_then(|graph| check::check(graph).ok());
    match again.filter(|again| again.graph().canonical() == net.graph().canonical()) {
        Some(again) => Ok((text, again)),
        None => {
            Err(format!("the text of {} does not say the net; please report it", net.graph().name))
        }
    }
}

/// Drops the patterns of `freeze` that hold none of the paths.
fn freeze_of_these(graph: &mut Graph, paths: &[String]) {
    let holds = |pattern: &Value| match pattern {
        Value::Str(text) => paths.iter().any(|path| Pattern::new(text).holds(path)),
        _ => true,
    };
    graph.settings.retain_mut(|setting| match &mut setting.value {
        Value::List(patterns) if setting.key.node == "freeze" => {
            patterns.retain(holds);
            !patterns.is_empty()
        }
        pattern if setting.key.node == "freeze" => holds(pattern),
        _ => true,
    });
}

/// The net in which readers of each key read its value instead, without nodes that the output no
/// longer depends on. No value is also a key.
fn rewrite(net: &Checked, instead: &HashMap<NodeId, NodeId>, suffix: &str) -> (Graph, Vec<String>) {
    let old = net.graph();
    let now = |id: NodeId| instead.get(&id).copied().unwrap_or(id);
    let mut stack = vec![net.input(), now(net.output())];
    let mut seen: std::collections::HashSet<NodeId> = stack.iter().copied().collect();
    while let Some(id) = stack.pop() {
        stack.extend(old.operands(id).iter().copied().map(now).filter(|id| seen.insert(*id)));
    }
    let mut graph = Graph::new(format!("{}_{suffix}", old.name));
    graph.settings = old.settings.iter().filter(|s| s.key.node != "accuracy").cloned().collect();
    let mut new: HashMap<NodeId, NodeId> = HashMap::new();
    let mut dropped = Vec::new();
    for &id in net.order() {
        let node = old.get(id);
        if !seen.contains(&id) {
            dropped.push(node.path.clone());
            continue;
        }
        let operands: Vec<NodeId> =
            old.operands(id).iter().filter_map(|&o| new.get(&now(o)).copied()).collect();
        let copy = match &node.op {
            Op::Input(input) => graph.input(node.path.clone(), input.0.clone()),
            op => graph.node(node.path.clone(), op.clone(), &operands),
        };
        if let Some(origin) = &node.origin {
            graph.set_origin(copy, origin.clone());
        }
        new.insert(id, copy);
    }
    if let (Some((name, _)), Some(&output)) = (old.output(), new.get(&now(net.output()))) {
        graph.set_output(name, output);
    }
    let paths: Vec<String> = new.values().map(|&id| graph.get(id).path.clone()).collect();
    freeze_of_these(&mut graph, &paths);
    (graph, dropped)
}
