use super::fold::Fold;
use crate::check::Checked;
use crate::graph::flat::Flat;
use crate::graph::{Graph, Node, NodeId, Op, Origin};

/// A net in a form that is easy to rewrite.
#[derive(Debug, Clone)]
pub(super) struct RewriteGraph {
    pub flat: Flat<RewriteNode>,
    pub folds: Vec<Fold>,
    readers: Vec<Vec<usize>>,
}

/// An op with its operands.
#[derive(Debug, Clone)]
pub(super) struct RewriteNode {
    pub path: String,
    pub op: Op,
    pub origin: Option<Origin>,
}

impl RewriteGraph {
    pub(super) fn of(net: &Checked) -> RewriteGraph {
        let flat = net.flat(|id| {
            let Node { path, op, origin, .. } = net.node(id).clone();
            RewriteNode { path, op, origin }
        });
        RewriteGraph { readers: flat.readers(), flat, folds: Vec::new() }
    }

    /// Replaces the operands of line `i`.
    pub(super) fn set_operands(&mut self, i: usize, operands: Vec<usize>) {
        for old in std::mem::replace(&mut self.flat.steps[i].operands, operands) {
            self.readers[old].retain(|&reader| reader != i);
        }
        for &new in &self.flat.steps[i].operands {
            self.readers[new].push(i);
        }
    }

    /// The only reader of `i`, if there is exactly one and `i` is not the output.
    pub(super) fn only_reader(&self, i: usize) -> Option<usize> {
        match self.readers[i][..] {
            [one] if self.flat.output != i => Some(one),
            _ => None,
        }
    }

    /// Makes all readers of `i` read `to` instead, which must be before them.
    pub(super) fn forward(&mut self, i: usize, to: usize) {
        let readers = std::mem::take(&mut self.readers[i]);
        for &reader in &readers {
            let operands = &mut self.flat.steps[reader].operands;
            operands.iter_mut().filter(|operand| **operand == i).for_each(|operand| *operand = to);
        }
        self.readers[to].extend(readers);
        if self.flat.output == i {
            self.flat.output = to;
        }
    }

    /// Removes lines that the output does not depend on.
    pub(super) fn sweep(&mut self) {
        self.flat.keep(&self.flat.needed());
        self.readers = self.flat.readers();
    }

    /// The graph, with the name of the original net. The file's claims, already verified, are
    /// dropped.
    pub(super) fn graph(&self, net: &Checked) -> Graph {
        let source = net.graph();
        let mut graph = Graph::new(source.name.clone());
        graph.params.clone_from(&source.params);
        let mut ids: Vec<NodeId> = Vec::new();
        for line in &self.flat.steps {
            let id = match &line.op {
                Op::Input(input) => graph.input(line.path.clone(), input.0.clone()),
                op => {
                    let operands: Vec<NodeId> =
                        line.operands.iter().map(|&operand| ids[operand]).collect();
                    graph.node(line.path.clone(), op.clone(), &operands)
                }
            };
            if let Some(origin) = &line.origin {
                graph.set_origin(id, origin.clone());
            }
            ids.push(id);
        }
        let name = source.output().map_or("output", |(name, _)| name);
        graph.set_output(name, ids[self.flat.output]);
        graph
    }
}
