//! A net as a list, in the order of evaluation.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};

use super::{Graph, NodeId};

/// What reads one another by position. The first step is the input; every step comes after those
/// that it reads.
#[derive(Debug, Clone)]
pub struct Flat<T> {
    /// In the order of evaluation.
    pub steps: Vec<Step<T>>,
    /// The index of the output.
    pub output: usize,
}

/// One step; it derefs to what it holds.
#[derive(Debug, Clone)]
pub struct Step<T> {
    /// The positions of the steps that it reads.
    pub operands: Vec<usize>,
    /// What it holds.
    pub content: T,
}

impl<T> Deref for Step<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.content
    }
}

impl<T> DerefMut for Step<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.content
    }
}

impl<T> Flat<T> {
    /// The nodes of a graph in this topological order, which holds `output`.
    pub fn new(
        graph: &Graph,
        order: &[NodeId],
        output: NodeId,
        mut content: impl FnMut(NodeId) -> T,
    ) -> Flat<T> {
        let at: HashMap<NodeId, usize> = order.iter().copied().zip(0..).collect();
        let step = |&id: &NodeId| Step {
            operands: graph.operands(id).iter().map(|operand| at[operand]).collect(),
            content: content(id),
        };
        Flat { steps: order.iter().map(step).collect(), output: at[&output] }
    }

    /// The readers of each step, with multiplicity.
    pub fn readers(&self) -> Vec<Vec<usize>> {
        let mut readers = vec![Vec::new(); self.steps.len()];
        for (i, step) in self.steps.iter().enumerate() {
            step.operands.iter().for_each(|&operand| readers[operand].push(i));
        }
        readers
    }

    /// Whether each step is the input, or something that the result depends on.
    pub fn needed(&self) -> Vec<bool> {
        let mut needed = vec![false; self.steps.len()];
        needed[0] = true;
        let mut waiting = vec![self.output];
        while let Some(i) = waiting.pop() {
            if !std::mem::replace(&mut needed[i], true) {
                waiting.extend(&self.steps[i].operands);
            }
        }
        needed
    }

    /// Keeps these steps alone, which read nothing but one another.
    pub fn keep(&mut self, kept: &[bool]) {
        let mut new = vec![0; self.steps.len()];
        let mut steps = Vec::new();
        for (i, mut step) in std::mem::take(&mut self.steps).into_iter().enumerate() {
            if kept[i] {
                new[i] = steps.len();
                step.operands.iter_mut().for_each(|operand| *operand = new[*operand]);
                steps.push(step);
            }
        }
        (self.steps, self.output) = (steps, new[self.output]);
    }
}
