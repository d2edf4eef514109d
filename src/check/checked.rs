use std::collections::HashMap;
use std::fmt;

use crate::diag::{Problems, Sources};
use crate::graph::flat::Flat;
use crate::graph::{Graph, Node, NodeId, Shape};

/// A graph whose shapes fit, with what the check found out. Made by [`check`](fn@super::check)
/// alone.
#[derive(Debug, Clone)]
pub struct Checked {
    pub(super) net: Unchecked,
    pub(super) order: Vec<NodeId>,
    pub(super) input: NodeId,
    pub(super) output: NodeId,
    pub(super) warnings: Problems,
}

impl Checked {
    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.net.graph
    }

    /// The input and the nodes that the output depends on, in topological order, in source order
    /// where possible.
    pub fn order(&self) -> &[NodeId] {
        &self.order
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> &Node {
        self.net.graph.get(id)
    }

    /// The shape of a node's value for one example.
    pub fn shape(&self, id: NodeId) -> &Shape {
        &self.net.shapes[&id]
    }

    /// The net as a list.
    pub fn flat<T>(&self, content: impl FnMut(NodeId) -> T) -> Flat<T> {
        Flat::new(&self.net.graph, &self.order, self.output, content)
    }

    /// The shapes of a node's operands, by position.
    pub fn operand_shapes(&self, id: NodeId) -> Vec<&Shape> {
        self.net.graph.operands(id).iter().map(|&o| self.shape(o)).collect()
    }

    /// The number of trained parameters of a node.
    pub fn node_params(&self, id: NodeId) -> u64 {
        self.node(id).op.params(&self.operand_shapes(id))
    }

    /// A node's multiply-accumulate operations for one example.
    pub fn node_macs(&self, id: NodeId) -> u64 {
        self.node(id).op.macs(&self.operand_shapes(id), self.shape(id))
    }

    /// The number of trained parameters.
    pub fn params(&self) -> u64 {
        self.order.iter().map(|&id| self.node_params(id)).fold(0, u64::saturating_add)
    }

    /// Multiply-accumulate operations of the convolutions and linear layers for one example.
    pub fn macs(&self) -> u64 {
        self.order.iter().map(|&id| self.node_macs(id)).fold(0, u64::saturating_add)
    }

    /// The input. A checked graph has exactly one.
    pub fn input(&self) -> NodeId {
        self.input
    }

    /// The output. A checked graph has exactly one.
    pub fn output(&self) -> NodeId {
        self.output
    }

    /// The flat net as `.net` text, one op per line; with `sources`, each with its origin. It
    /// resolves to the same graph with the same paths.
    pub fn flat_text(&self, sources: Option<&Sources>) -> String {
        self.net.graph.flat_text(&self.order, |id| self.shape(id).to_string(), sources)
    }

    /// The warnings.
    pub fn warnings(&self) -> &Problems {
        &self.warnings
    }

    /// The graph and its shapes, as what may be invalid has them too.
    pub fn as_unchecked(&self) -> &Unchecked {
        &self.net
    }
}

/// A graph that may be invalid, with the shapes that could be inferred.
#[derive(Debug, Clone)]
pub struct Unchecked {
    /// The graph.
    pub graph: Graph,
    /// The shape of each node's value for one example, where it could be inferred.
    pub shapes: HashMap<NodeId, Shape>,
}

impl Unchecked {
    /// The shapes of a node's operands, if all are known.
    fn operand_shapes(&self, id: NodeId) -> Option<Vec<&Shape>> {
        self.graph.operands(id).iter().map(|operand| self.shapes.get(operand)).collect()
    }

    /// The number of trained parameters of a node, if its shapes are known.
    pub fn node_params(&self, id: NodeId) -> Option<u64> {
        self.shapes.get(&id)?;
        Some(self.graph.get(id).op.params(&self.operand_shapes(id)?))
    }

    /// A node's multiply-accumulate operations for one example, if its shapes are known.
    pub fn node_macs(&self, id: NodeId) -> Option<u64> {
        let shape = self.shapes.get(&id)?;
        Some(self.graph.get(id).op.macs(&self.operand_shapes(id)?, shape))
    }
}

impl From<Checked> for Unchecked {
    fn from(checked: Checked) -> Unchecked {
        checked.net
    }
}

/// Why a graph failed the check.
#[derive(Debug, Clone)]
pub struct CheckError {
    /// The graph.
    pub unchecked: Unchecked,
    /// The problems.
    pub problems: Problems,
}

/// The first problem.
impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problems.sorted().first().map_or(Ok(()), |problem| f.write_str(&problem.message))
    }
}

impl std::error::Error for CheckError {}
