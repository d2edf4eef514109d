//! The provenance of a node, with places in the text, and lookup of nodes by path.

mod position;
mod recipe;
mod step;

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use crate::check::Checked;
use crate::compile;
use crate::diag::{Nearest, Sources, did_you_mean};
use crate::graph::{CallSite, NodeId, Op, Value};
use crate::syntax::ast::EditVerb;

pub use position::FilePosition;
pub use recipe::{Layer, RecipeKey, Said};
pub use step::{ExplainedStep, MAX_DEPTH};

/// The path that refers to the net's recipe. It is a keyword, so no node has it.
const RECIPE: &str = "recipe";

/// The answer for a path.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// A node.
    Node(Box<Explained>),
    /// Several nodes.
    Nodes(NodeListing),
    /// The recipe.
    Recipe {
        /// Its keys, in the order of the default.
        recipe: Vec<RecipeKey>,
    },
}

/// A node, and where everything about it comes from.
#[derive(Debug, Clone, Serialize)]
pub struct Explained {
    /// Its path.
    pub path: String,
    /// Its op's name.
    pub op: &'static str,
    /// The shortest equivalent call.
    pub call: String,
    /// The values that it reads.
    pub operands: Vec<Operand>,
    /// The shape of its value, without the batch.
    pub shape: Vec<u64>,
    /// The number of trained parameters.
    pub params: u64,
    /// Multiply-accumulate operations for one example.
    pub macs: u64,
    /// Its call as written.
    pub written: String,
    /// Where it is written.
    pub place: Option<FilePosition>,
    /// The block calls around it, innermost first.
    pub calls: Vec<BlockCall>,
    /// The edits of extending nets that added it, outermost first.
    pub edits: Vec<ExplainedEdit>,
    /// The conditions under which it exists, outermost first; for a false one it is in the `else`.
    pub guards: Vec<ExplainedStep>,
    /// Every argument of its op, in the order of the signature.
    pub arguments: Vec<ExplainedArgument>,
}

/// A value that a node reads.
#[derive(Debug, Clone, Serialize)]
pub struct Operand {
    /// Its path.
    pub path: String,
    /// Its sizes, without the batch.
    pub shape: Vec<u64>,
}

/// A call of a block.
#[derive(Debug, Clone, Serialize)]
pub struct BlockCall {
    /// The block with its effective arguments.
    pub block: String,
    /// Where it is called.
    pub place: FilePosition,
}

/// An edit of an extending net.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedEdit {
    /// The verb: `after`.
    pub verb: &'static str,
    /// The path of its target.
    pub target: String,
    /// The place of its target.
    pub place: FilePosition,
}

/// One argument of an op.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedArgument {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    #[serde(serialize_with = "step::as_json")]
    pub value: Value,
    /// The derivation of its value.
    pub from: ExplainedStep,
}

/// Nodes of a net, those of one stage together.
#[derive(Debug, Clone, Serialize)]
pub struct NodeListing {
    /// The net's name.
    pub net: String,
    /// The stage or block that contains them; `None` for the whole net.
    pub below: Option<String>,
    /// The nodes.
    pub nodes: Vec<NodeRow>,
}

/// A summary of a node.
#[derive(Debug, Clone, Serialize)]
pub struct NodeRow {
    /// Its path.
    pub path: String,
    /// The shortest equivalent call.
    pub call: String,
    /// The shape of its value, without the batch.
    pub shape: Vec<u64>,
    /// The number of trained parameters.
    pub params: u64,
    /// Multiply-accumulate operations for one example.
    pub macs: u64,
}

/// Explains a path of the net of `file`, which was checked with the same `set`: a node, the nodes
/// of a stage or a block, or for `recipe` the recipe; without a path, all nodes. The error is the
/// most similar paths.
pub fn explain(
    file: &Path,
    set: &[(String, String)],
    net: &Checked,
    sources: &Sources,
    path: Option<&str>,
) -> Result<Answer, Nearest> {
    let Some(path) = path else { return Ok(Answer::Nodes(listing(net, None))) };
    if path == RECIPE {
        return Ok(Answer::Recipe { recipe: recipe::keys(net.graph(), sources) });
    }
    if let Some(&id) = net.order().iter().find(|&&id| net.node(id).path == path) {
        return Ok(Answer::Node(Box::new(node(file, set, net, sources, id))));
    }
    let below = listing(net, Some(path));
    if below.nodes.is_empty() {
        return Err(did_you_mean(path, known(net)));
    }
    Ok(Answer::Nodes(below))
}

/// Every path that [`explain`] has an answer for.
fn known(net: &Checked) -> impl Iterator<Item = &str> {
    let with_prefixes = |&id: &NodeId| {
        let path = net.node(id).path.as_str();
        path.match_indices('.').map(|(dot, _)| &path[..dot]).chain([path])
    };
    net.order().iter().flat_map(with_prefixes).chain([RECIPE])
}

fn listing(net: &Checked, below: Option<&str>) -> NodeListing {
    let is_below = |path: &str| match below {
        Some(prefix) => path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.')),
        None => true,
    };
    let mut ids: Vec<NodeId> =
        net.order().iter().copied().filter(|&id| is_below(&net.node(id).path)).collect();
    let stage = |id: NodeId| net.node(id).stage();
    let mut stages = std::collections::HashMap::new();
    for &id in &ids {
        let next = stages.len();
        stages.entry(stage(id)).or_insert(next);
    }
    ids.sort_by_key(|&id| stages.get(stage(id)).copied());
    let row = |id: NodeId| NodeRow {
        path: net.node(id).path.clone(),
        call: call(net, id),
        shape: net.shape(id).dims().to_vec(),
        params: net.node_params(id),
        macs: net.node_macs(id),
    };
    let nodes = ids.into_iter().map(row).collect();
    NodeListing { net: net.graph().name.clone(), below: below.map(String::from), nodes }
}

/// The shortest call for a node, with the paths of its further operands.
fn call(net: &Checked, id: NodeId) -> String {
    let operands = net.graph().operands(id);
    let more: Vec<&str> = operands.iter().skip(1).map(|&o| net.node(o).path.as_str()).collect();
    match &net.node(id).op {
        Op::Input(_) => net.node(id).op.name().into(),
        op => op.text(&more),
    }
}

fn node(
    file: &Path,
    set: &[(String, String)],
    net: &Checked,
    sources: &Sources,
    id: NodeId,
) -> Explained {
    let node = net.node(id);
    let traced = compile::trace(file, set, &node.path);
    let (found, read) =
        traced.as_ref().map_or((None, sources), |(found, read)| (Some(found), read));
    let operand =
        |id| Operand { path: net.node(id).path.clone(), shape: net.shape(id).dims().to_vec() };
    let origin = node.origin.as_ref();
    let calls = origin.into_iter().flat_map(|o| o.calls.iter().rev());
    let call_at = |c: &Arc<CallSite>| BlockCall {
        block: c.block.clone(),
        place: FilePosition::of(c.span, sources),
    };
    let edits = found.into_iter().flat_map(|found| &found.edits);
    let edit = |e: &crate::graph::Placement| ExplainedEdit {
        verb: verb(e.verb),
        target: e.target.clone(),
        place: FilePosition::of(e.span, read),
    };
    let guards = found.into_iter().flat_map(|found| &found.guards);
    let arguments = found.into_iter().flat_map(|found| &found.arguments);
    let argument = |a: &crate::graph::Argument| ExplainedArgument {
        name: a.name,
        value: a.value.clone(),
        from: ExplainedStep::new(&a.from, read),
    };
    Explained {
        path: node.path.clone(),
        op: node.op.name(),
        call: call(net, id),
        operands: net.graph().operands(id).iter().copied().map(operand).collect(),
        shape: net.shape(id).dims().to_vec(),
        params: net.node_params(id),
        macs: net.node_macs(id),
        written: origin.map(|o| one_line(sources.text(o.span))).unwrap_or_default(),
        place: origin.map(|o| FilePosition::of(o.span, sources)),
        calls: calls.map(call_at).collect(),
        edits: edits.map(edit).collect(),
        guards: guards.map(|guard| ExplainedStep::new(guard, read)).collect(),
        arguments: arguments.map(argument).collect(),
    }
}

fn verb(verb: EditVerb) -> &'static str {
    match verb {
        EditVerb::After => "after",
        EditVerb::Before => "before",
        EditVerb::Replace => "replace",
        EditVerb::Remove => "remove",
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
