//! The differences between two nets: nodes are aligned by path, and by sequence where paths
//! differ.

mod align;
mod text;

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::check::Checked;
use crate::graph::{Graph, NodeId, Value};

pub use text::{full, summary};

/// The difference between two nets, from the first to the second.
#[derive(Debug, Clone, Serialize)]
pub struct Diff {
    /// The nets' names.
    pub nets: [String; 2],
    /// Whether both compute the same; paths may differ.
    pub equal: bool,
    /// How many equal nodes have another path.
    pub renamed: usize,
    /// The changed stages, in the order of the second net; a removed stage is where it was.
    pub stages: Vec<StageDiff>,
    /// The first value, in the order of the second net, whose shape differs.
    pub first_shape: Option<ShapeChange>,
    /// The number of trained parameters.
    pub params: [u64; 2],
    /// Multiply-accumulate operations for one example.
    pub macs: [u64; 2],
}

/// The differences in one stage: the nodes whose paths share the first segment.
#[derive(Debug, Clone, Serialize)]
pub struct StageDiff {
    /// The segment.
    pub name: String,
    /// What differs.
    pub changes: Vec<Change>,
    /// Parameters before and after.
    pub params: [u64; 2],
    /// Multiply-accumulate operations before and after.
    pub macs: [u64; 2],
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "lowercase")]
pub enum Change {
    /// Only the second net has it.
    Added {
        /// Its path.
        path: String,
        /// The call without values: `conv(64)`, `add`.
        op: String,
        /// The further operands.
        joins: Vec<String>,
    },
    /// Only the first net has it.
    Removed {
        /// Its path.
        path: String,
        /// The call without values.
        op: String,
        /// The further operands.
        joins: Vec<String>,
    },
    /// Both have it, with different arguments.
    Changed {
        /// Its path in the second net.
        path: String,
        /// The op's name.
        op: &'static str,
        /// The arguments, with their values before and after.
        attributes: Vec<Attribute>,
    },
    /// Both have it, and it reads something else.
    Rewired {
        /// Its path in the second net.
        path: String,
        /// The op's name.
        op: &'static str,
        /// The operands before.
        from: Vec<String>,
        /// The operands after.
        to: Vec<String>,
    },
}

/// An argument with another value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attribute {
    /// Its name; an input has a `shape`.
    pub name: String,
    /// Before, as the language writes it.
    pub from: String,
    /// After.
    pub to: String,
}

/// A value with another shape.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShapeChange {
    /// Its path in the second net.
    pub path: String,
    /// Before.
    pub from: String,
    /// After.
    pub to: String,
}

/// How a node differs in the other net.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Only the second net has it.
    Added,
    /// Only the first net has it.
    Removed,
    /// Both have it, with other arguments or operands.
    Changed,
}

/// Nodes of one net that differ in the other.
pub type Marks = HashMap<NodeId, Mark>;

/// What [`diff()`] finds, by the nodes of the first and of the second net.
pub fn marks(a: &Checked, b: &Checked) -> [Marks; 2] {
    let (mut first, mut second) = (Marks::new(), Marks::new());
    if a.graph().canonical() == b.graph().canonical() {
        return [first, second];
    }
    let pairs = align::align(a, b);
    second.extend(b.order().iter().map(|&id| (id, Mark::Added)));
    for &old in a.order() {
        match pairs.get(&old) {
            None => drop(first.insert(old, Mark::Removed)),
            Some(new) => {
                second.remove(new);
                let differs = changed(a, b, old, *new).is_some()
                    || rewired(a, b, &pairs, old, *new).is_some();
                if differs {
                    first.insert(old, Mark::Changed);
                    second.insert(*new, Mark::Changed);
                }
            }
        }
    }
    [first, second]
}

/// Compares two nets.
pub fn diff(a: &Checked, b: &Checked) -> Diff {
    let pairs = align::align(a, b);
    let back: HashMap<NodeId, NodeId> = pairs.iter().map(|(&x, &y)| (y, x)).collect();
    let equal = a.graph().canonical() == b.graph().canonical();
    let mut changes: Vec<(String, Change)> = Vec::new();
    let mut first_shape = None;
    for &id in b.order() {
        let node = b.node(id);
        let change = match back.get(&id) {
            None => {
                let (op, joins) = call(b.graph(), id);
                Some(Change::Added { path: node.path.clone(), op, joins })
            }
            Some(&old) => {
                if first_shape.is_none() && a.shape(old) != b.shape(id) {
                    let (from, to) = (a.shape(old).to_string(), b.shape(id).to_string());
                    first_shape = Some(ShapeChange { path: node.path.clone(), from, to });
                }
                changed(a, b, old, id).or_else(|| rewired(a, b, &pairs, old, id))
            }
        };
        changes.extend(change.map(|c| (node.stage().to_string(), c)));
    }
    for &id in a.order().iter().filter(|id| !pairs.contains_key(id)) {
        let (node, (op, joins)) = (a.node(id), call(a.graph(), id));
        let path = node.path.clone();
        changes.push((node.stage().to_string(), Change::Removed { path, op, joins }));
    }
    changes.extend(output(a, b, &pairs));
    let renamed = pairs.iter().filter(|&(&x, &y)| a.node(x).path != b.node(y).path).count();
    Diff {
        nets: [a.graph().name.clone(), b.graph().name.clone()],
        equal,
        renamed,
        stages: if equal { Vec::new() } else { stages(a, b, &pairs, changes) },
        first_shape,
        params: [a.params(), b.params()],
        macs: [a.macs(), b.macs()],
    }
}

/// The output comes from another value, and both nets have both values.
fn output(a: &Checked, b: &Checked, pairs: &HashMap<NodeId, NodeId>) -> Option<(String, Change)> {
    let path = |net: &Checked| net.node(net.output()).path.clone();
    let known = pairs.values().any(|&id| id == b.output());
    let moved = known && pairs.get(&a.output()).is_some_and(|&id| id != b.output());
    let name = b.graph().output().map_or_else(String::new, |(name, _)| name.into());
    let (from, to) = (vec![path(a)], vec![path(b)]);
    let stage = b.node(b.output()).stage().to_string();
    moved.then_some((stage, Change::Rewired { path: name, op: "output", from, to }))
}

fn stages(
    a: &Checked,
    b: &Checked,
    pairs: &HashMap<NodeId, NodeId>,
    changes: Vec<(String, Change)>,
) -> Vec<StageDiff> {
    // A node of the first net counts where its counterpart stands.
    let place = |id: NodeId| pairs.get(&id).map_or(a.node(id), |&new| b.node(new)).stage();
    let before = costs(a, place);
    let after = costs(b, |id| b.node(id).stage());
    let mut stages: Vec<StageDiff> = Vec::new();
    for name in stage_names(a, b) {
        let mine: Vec<Change> =
            changes.iter().filter(|(s, _)| *s == name).map(|(_, c)| c.clone()).collect();
        let cost = |costs: &HashMap<&str, (u64, u64)>| {
            costs.get(name.as_str()).copied().unwrap_or_default()
        };
        let (before, after) = (cost(&before), cost(&after));
        if !mine.is_empty() || before != after {
            let (params, macs) = ([before.0, after.0], [before.1, after.1]);
            stages.push(StageDiff { name, changes: mine, params, macs });
        }
    }
    stages
}

/// Parameters and multiply-accumulate operations of each stage.
fn costs<'n>(net: &Checked, place: impl Fn(NodeId) -> &'n str) -> HashMap<&'n str, (u64, u64)> {
    let mut costs: HashMap<&str, (u64, u64)> = HashMap::new();
    for &id in net.order() {
        let (params, macs) = costs.entry(place(id)).or_default();
        (*params, *macs) = (*params + net.node_params(id), *macs + net.node_macs(id));
    }
    costs
}

/// The stages of the second net, with each stage that only the first net has inserted after its
/// predecessor.
fn stage_names(a: &Checked, b: &Checked) -> Vec<String> {
    let names = |net: &Checked| {
        let mut names: Vec<String> =
            net.order().iter().map(|&id| net.node(id).stage().into()).collect();
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    };
    let mut all = names(b);
    let mut at = 0;
    for name in names(a) {
        at = match all.iter().position(|n| *n == name) {
            Some(there) => there + 1,
            None => {
                all.insert(at, name);
                at + 1
            }
        };
    }
    all
}

/// The call of a node, and the paths of the values that it joins.
fn call(graph: &Graph, id: NodeId) -> (String, Vec<String>) {
    let operands = graph.operands(id);
    let op = &graph.get(id).op;
    let joins = operands.iter().skip(1).map(|&o| graph.get(o).path.clone()).collect();
    (op.call(&[], &op.stated(operands.len())), joins)
}

fn changed(a: &Checked, b: &Checked, old: NodeId, new: NodeId) -> Option<Change> {
    let (from, to) = (attributes(a, old), attributes(b, new));
    let names: Vec<&String> =
        from.keys().chain(to.keys().filter(|k| !from.contains_key(*k))).collect();
    let value = |values: &std::collections::BTreeMap<String, String>, name: &str| {
        values.get(name).cloned().unwrap_or_else(|| "none".into())
    };
    let attributes: Vec<Attribute> = names
        .into_iter()
        .filter(|name| from.get(*name) != to.get(*name))
        .map(|name| Attribute {
            name: name.clone(),
            from: value(&from, name),
            to: value(&to, name),
        })
        .collect();
    let (path, op) = (b.node(new).path.clone(), b.node(new).op.name());
    (!attributes.is_empty()).then_some(Change::Changed { path, op, attributes })
}

fn attributes(net: &Checked, id: NodeId) -> std::collections::BTreeMap<String, String> {
    let op = &net.node(id).op;
    let shape = (op.name() == "input").then(|| ("shape".to_string(), net.shape(id).to_string()));
    let stated = op
        .attributes()
        .into_iter()
        .map(|(name, value)| (name.to_string(), Value::to_string(&value)));
    stated.chain(shape).collect()
}

/// The operands of two aligned nodes, if they are all aligned but differ.
fn rewired(
    a: &Checked,
    b: &Checked,
    pairs: &HashMap<NodeId, NodeId>,
    old: NodeId,
    new: NodeId,
) -> Option<Change> {
    let (before, after) = (a.graph().operands(old), b.graph().operands(new));
    let known: HashSet<NodeId> = pairs.values().copied().collect();
    let mapped: Option<Vec<NodeId>> = before.iter().map(|o| pairs.get(o).copied()).collect();
    let all_known = after.iter().all(|o| known.contains(o));
    let paths = |net: &Checked, ids: &[NodeId]| {
        ids.iter().map(|&id| net.node(id).path.clone()).collect::<Vec<_>>()
    };
    let (path, op) = (b.node(new).path.clone(), b.node(new).op.name());
    (all_known && mapped.is_some_and(|mapped| mapped != after)).then(|| Change::Rewired {
        path,
        op,
        from: paths(a, before),
        to: paths(b, after),
    })
}
