use std::collections::{HashMap, HashSet};

use super::Fold;
use crate::check::Checked;
use crate::graph::{Graph, NodeId, Op, Origin};

/// A net in a form that is easy to rewrite: its ops in order, each with the indices of its
/// operands.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    pub lines: Vec<Line>,
    /// The index of the output.
    pub output: usize,
    pub folds: Vec<Fold>,
    /// The readers of each line, with multiplicity.
    readers: Vec<Vec<usize>>,
}

/// An op with its operands.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub path: String,
    pub op: Op,
    operands: Vec<usize>,
    origin: Option<Origin>,
}

impl Line {
    /// The indices of its operands.
    pub(super) fn operands(&self) -> &[usize] {
        &self.operands
    }

    /// Swaps the origins of two lines.
    pub(super) fn swap_origin(&mut self, other: &mut Line) {
        std::mem::swap(&mut self.origin, &mut other.origin);
    }
}

impl Lines {
    pub(super) fn of(net: &Checked) -> Lines {
        let mut at: HashMap<NodeId, usize> = HashMap::new();
        let mut lines = Vec::new();
        for &id in net.order() {
            at.insert(id, lines.len());
            let node = net.node(id);
            lines.push(Line {
                path: node.path.clone(),
                op: node.op.clone(),
                operands: net.graph().operands(id).iter().map(|operand| at[operand]).collect(),
                origin: node.origin.clone(),
            });
        }
        let readers = readers(&lines);
        Lines { lines, output: at[&net.output()], folds: Vec::new(), readers }
    }

    /// Replaces the operands of line `i`.
    pub(super) fn set_operands(&mut self, i: usize, operands: Vec<usize>) {
        for old in std::mem::replace(&mut self.lines[i].operands, operands) {
            self.readers[old].retain(|&reader| reader != i);
        }
        for &new in &self.lines[i].operands {
            self.readers[new].push(i);
        }
    }

    /// The lines that the output depends on, and the inputs.
    pub(super) fn needed(&self) -> HashSet<usize> {
        let inputs =
            self.lines.iter().enumerate().filter(|(_, line)| matches!(line.op, Op::Input(_)));
        let mut needed: HashSet<usize> = inputs.map(|(i, _)| i).collect();
        let mut waiting = vec![self.output];
        while let Some(i) = waiting.pop() {
            if needed.insert(i) {
                waiting.extend(&self.lines[i].operands);
            }
        }
        needed
    }

    /// The only reader of `i`, if there is exactly one and `i` is not the output.
    pub(super) fn only_reader(&self, i: usize) -> Option<usize> {
        match self.readers[i][..] {
            [one] if self.output != i => Some(one),
            _ => None,
        }
    }

    /// Makes all readers of `i` read `to` instead, which must be before them.
    pub(super) fn forward(&mut self, i: usize, to: usize) {
        let readers = std::mem::take(&mut self.readers[i]);
        for &reader in &readers {
            let operands = &mut self.lines[reader].operands;
            operands.iter_mut().filter(|operand| **operand == i).for_each(|operand| *operand = to);
        }
        self.readers[to].extend(readers);
        if self.output == i {
            self.output = to;
        }
    }

    /// Removes lines that the output does not depend on.
    pub(super) fn sweep(&mut self) {
        let needed = self.needed();
        let mut new = vec![usize::MAX; self.lines.len()];
        let mut kept = Vec::new();
        for (i, mut line) in std::mem::take(&mut self.lines).into_iter().enumerate() {
            if needed.contains(&i) {
                new[i] = kept.len();
                line.operands.iter_mut().for_each(|operand| *operand = new[*operand]);
                kept.push(line);
            }
        }
        self.output = new[self.output];
        self.readers = readers(&kept);
        self.lines = kept;
    }

    /// The graph, with the name of the original net. The file's claims, already verified, are
    /// dropped.
    pub(super) fn graph(&self, net: &Checked) -> Graph {
        let source = net.graph();
        let mut graph = Graph::new(source.name.clone());
        graph.params.clone_from(&source.params);
        let mut ids: Vec<NodeId> = Vec::new();
        for line in &self.lines {
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
        graph.set_output(name, ids[self.output]);
        graph
    }
}

fn readers(lines: &[Line]) -> Vec<Vec<usize>> {
    let mut readers = vec![Vec::new(); lines.len()];
    for (i, line) in lines.iter().enumerate() {
        line.operands.iter().for_each(|&operand| readers[operand].push(i));
    }
    readers
}
