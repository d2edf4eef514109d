//! Problems of nodes, and where they are in the text.

use crate::diag::{Code, Problem, Span};
use crate::graph::{self, Graph, NodeId};

/// The text of a node; `None` for a graph built in code.
pub(super) fn span(graph: &Graph, id: NodeId) -> Option<Span> {
    graph.get(id).origin.as_ref().map(|origin| origin.span)
}

/// A problem of a node.
pub(super) fn at(graph: &Graph, id: NodeId, code: Code, message: String) -> Problem {
    Problem::new(code, span(graph, id), message).of_node()
}

/// Adds the block calls around a node, innermost first.
pub(super) fn in_calls(problem: Problem, graph: &Graph, id: NodeId) -> Problem {
    let calls = graph.get(id).origin.as_ref().map_or(&[][..], |origin| &origin.calls);
    graph::in_calls(problem, calls)
}
