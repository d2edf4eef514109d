use std::fmt;
use std::sync::Arc;

use petgraph::Direction;
pub use petgraph::stable_graph::NodeIndex as NodeId;
use petgraph::stable_graph::StableDiGraph;

use super::op::{self, Op};
use super::{Scope, Shape, Value};
use crate::diag::{Problem, Span};
use crate::syntax::ast;

/// A directed graph of ops, and what its file claims about it.
///
/// An edge goes from an operand to the op that reads it and holds the operand's position, from 0.
/// The first operand of a node from text is the cursor.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// The net's name.
    pub name: String,
    /// The effective parameters, in the order of declaration.
    pub params: Vec<(String, Value)>,
    /// What the file claims, for `check` to verify.
    pub claims: Vec<Claim>,
    /// The `recipe { }` lines, parents first; later ones take precedence. They are not part of the
    /// graph.
    pub settings: Vec<Setting>,
    dag: StableDiGraph<Node, usize>,
    inputs: Vec<NodeId>,
    output: Option<(String, NodeId)>,
}

/// An op in its place.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its dotted path; unique in its graph.
    pub path: String,
    /// What it does.
    pub op: Op,
    /// Where it is in the source text; `None` for a graph built in code.
    pub origin: Option<Origin>,
    operands: Vec<NodeId>,
}

impl Node {
    /// The first segment of its path.
    pub fn stage(&self) -> &str {
        self.path.split('.').next().unwrap_or(&self.path)
    }
}

/// The place in the source text that a node comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// The call of the op.
    pub span: Span,
    /// The block calls around it, outermost first.
    pub calls: Calls,
    /// Whether the text of the call alone says what the op does: no parameter takes part.
    pub literal: bool,
}

/// Block calls within each other, outermost first. The nodes that they place share them.
pub type Calls = Arc<[Arc<CallSite>]>;

/// One block call.
#[derive(Debug, PartialEq)]
pub struct CallSite {
    /// The block with its effective arguments: `preact(c = 128, stride = 2)`.
    pub block: String,
    /// The call with the values of the arguments that it gives: `preact(128, stride = 2)`.
    pub written: String,
    /// Where it is called.
    pub span: Span,
}

/// Adds the block calls around a problem, which are given outermost first; innermost first.
pub(crate) fn in_calls(problem: Problem, calls: &[Arc<CallSite>]) -> Problem {
    calls.iter().rev().fold(problem, |problem, call| {
        problem.related(call.span, format!("in block {}", call.block))
    })
}

/// A claim that a file makes.
#[derive(Debug, Clone)]
pub enum Claim {
    /// A value's shape: by `::`, by a block's signature, or by `output`.
    Shape {
        /// The value.
        node: NodeId,
        /// The sizes claimed, without the batch.
        expected: Vec<u64>,
        /// Who claims it.
        by: Claimant,
        /// Where it is claimed.
        span: Span,
    },
    /// `expect`: a condition over the parameters, `params` and `macs`.
    Expect {
        /// The condition.
        condition: ast::Expr,
        /// The effective parameters.
        scope: Scope,
    },
}

/// Who claims a shape.
#[derive(Debug, Clone)]
pub enum Claimant {
    /// `::` after a stage, or `output`.
    Statement(&'static str),
    /// The same in a net that the net extends.
    Parent(&'static str),
    /// The signature of a block, of its result.
    Result(String),
    /// The signature of a block, of what this call takes.
    Taken(String, Origin),
}

impl fmt::Display for Claimant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Claimant::Statement(word) => write!(f, "`{word}`"),
            Claimant::Parent(word) => write!(f, "`{word}` of the parent"),
            Claimant::Result(block) | Claimant::Taken(block, _) => {
                write!(f, "the signature of block `{block}`")
            }
        }
    }
}

/// One `recipe { }` line with its value computed.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The key.
    pub key: ast::Name,
    /// The value.
    pub value: Value,
    /// Where the value is written.
    pub span: Span,
    /// Whether it comes from a parent of the net rather than the net itself.
    pub inherited: bool,
    /// Whether its text alone says the value: no parameter takes part.
    pub literal: bool,
}

impl Setting {
    /// Whether it applies to this net: the accuracy claimed for a parent does not.
    pub fn applies(&self) -> bool {
        !(self.inherited && self.key.node == "accuracy")
    }
}

impl Graph {
    /// An empty graph.
    pub fn new(name: impl Into<String>) -> Graph {
        Graph { name: name.into(), ..Graph::default() }
    }

    /// Adds an input.
    pub fn input(&mut self, path: impl Into<String>, shape: Shape) -> NodeId {
        let op = Op::from(op::Input(shape));
        let id =
            self.dag.add_node(Node { path: path.into(), op, origin: None, operands: Vec::new() });
        self.inputs.push(id);
        id
    }

    /// Adds an op that reads `operands`, in this order.
    pub fn node(
        &mut self,
        path: impl Into<String>,
        op: impl Into<Op>,
        operands: &[NodeId],
    ) -> NodeId {
        let id = self.dag.add_node(Node {
            path: path.into(),
            op: op.into(),
            origin: None,
            operands: Vec::with_capacity(operands.len()),
        });
        operands.iter().for_each(|&operand| self.connect(operand, id));
        id
    }

    /// Makes `node` read `operand` after the operands that it already has.
    pub fn connect(&mut self, operand: NodeId, node: NodeId) {
        self.dag.add_edge(operand, node, self.dag[node].operands.len());
        self.dag[node].operands.push(operand);
    }

    /// Names the result.
    pub fn set_output(&mut self, name: impl Into<String>, node: NodeId) {
        self.output = Some((name.into(), node));
    }

    /// Says that the text of a node's call alone says what it does.
    pub fn set_literal(&mut self, id: NodeId) {
        if let Some(origin) = &mut self.dag[id].origin {
            origin.literal = true;
        }
    }

    /// The inputs, in the order of declaration.
    pub fn inputs(&self) -> &[NodeId] {
        &self.inputs
    }

    /// The output and its name.
    pub fn output(&self) -> Option<(&str, NodeId)> {
        self.output.as_ref().map(|(name, id)| (name.as_str(), *id))
    }

    /// The node with this id.
    pub fn get(&self, id: NodeId) -> &Node {
        &self.dag[id]
    }

    /// Sets where a node comes from.
    pub fn set_origin(&mut self, id: NodeId, origin: Origin) {
        self.dag[id].origin = Some(origin);
    }

    /// The nodes in the order in which they were added.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> {
        self.dag.node_indices()
    }

    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.dag.node_count()
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.dag.node_count() == 0
    }

    /// The operands of a node, by position.
    pub fn operands(&self, id: NodeId) -> &[NodeId] {
        &self.dag[id].operands
    }

    /// The nodes that read a value, with multiplicity.
    pub fn readers(&self, id: NodeId) -> Vec<NodeId> {
        let mut readers: Vec<NodeId> =
            self.dag.neighbors_directed(id, Direction::Outgoing).collect();
        readers.sort_unstable();
        readers
    }

    /// The underlying graph, for algorithms.
    pub fn dag(&self) -> &StableDiGraph<Node, usize> {
        &self.dag
    }
}
