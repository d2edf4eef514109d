//! Rounds of a `repeat` that are drawn once, and equal calls in a row that are one box.

use std::ops::Range;

use super::build::{Builder, extent, on_box, suffix};
use super::{Fold, TreeItem};
use crate::diag::Span;
use crate::graph::hierarchy::{Group, Item};
use crate::graph::{Node, NodeId};
use crate::tools::draw::label;

impl Builder<'_> {
    /// How many of these items are rounds like the first; 1 if it is no round.
    pub(super) fn rounds(&self, level: &[Item<'_>]) -> usize {
        let Some(Item::Group(first)) = level.first() else { return 1 };
        if self.options.fold == Fold::Nothing || !is_round(first) {
            return 1;
        }
        let mut before = first;
        let mut count = 1;
        while let Some(Item::Group(next)) = level.get(count)
            && is_round(next)
            && self.alike(first, before, next)
            && self.read_within(before, next.nodes.end)
        {
            before = next;
            count += 1;
        }
        count
    }

    /// Whether a round does what the first does, to the result of the one before it.
    fn alike(&self, first: &Group<'_>, before: &Group<'_>, next: &Group<'_>) -> bool {
        let order = self.net.order();
        let same = |(a, b): (usize, usize)| {
            let (a, b) = (order[a], order[b]);
            let (one, other) = (self.net.node(a), self.net.node(b));
            let place = |node: &Node| -> Option<Vec<Span>> {
                let origin = node.origin.as_ref()?;
                Some(origin.calls.iter().map(|call| call.span).chain([origin.span]).collect())
            };
            place(one).is_some_and(|at| place(other) == Some(at))
                && one.op == other.op
                && self.mark(a) == self.mark(b)
                && self.reads_alike(a, b, first, before, next)
        };
        first.nodes.len() == next.nodes.len()
            && first.nodes.clone().zip(next.nodes.clone()).all(same)
    }

    fn reads_alike(
        &self,
        a: NodeId,
        b: NodeId,
        first: &Group<'_>,
        before: &Group<'_>,
        next: &Group<'_>,
    ) -> bool {
        let (a, b) = (self.net.graph().operands(a), self.net.graph().operands(b));
        let same = |(a, b): (&NodeId, &NodeId)| {
            let (one, other) = (self.position[a], self.position[b]);
            match one.checked_sub(first.nodes.start) {
                Some(inside) => other == next.nodes.start + inside,
                None => one == other || before.nodes.contains(&other),
            }
        };
        a.len() == b.len() && a.iter().zip(b).all(same)
    }

    /// Whether nothing from `end` on reads a node of the group, nor is one of them the output.
    fn read_within(&self, group: &Group<'_>, end: usize) -> bool {
        self.net.order()[group.nodes.clone()].iter().all(|&id| {
            let readers = self.net.graph().readers(id);
            id != self.net.output()
                && readers.iter().all(|reader| self.position.get(reader).is_none_or(|&at| at < end))
        })
    }

    /// Notes that the rounds after the first stand in its stacks, which have the shapes of the last
    /// round.
    pub(super) fn hide_rounds(&mut self, group: &Group<'_>, rounds: usize, first_stack: usize) {
        let (order, size) = (self.net.order(), group.nodes.len());
        for (i, at) in (group.nodes.end..group.nodes.start + rounds * size).enumerate() {
            let drawn = order[group.nodes.start + i % size];
            self.stack_of.insert(order[at], self.stack_of[&drawn]);
            self.hidden.insert(order[at]);
        }
        for stack in (first_stack..self.stacks.len()).filter(|_| rounds > 1) {
            let end = order[self.position[&self.ends[stack]] + (rounds - 1) * size];
            self.show_shape_of(stack, end);
        }
    }

    fn show_shape_of(&mut self, stack: usize, end: NodeId) {
        let shape = self.net.shape(end);
        self.ends[stack] = end;
        self.stacks[stack].extent = extent(shape);
        if !self.options.hide_shapes {
            self.stacks[stack].shape = label::shape(shape);
        }
    }

    /// Whether an item is the same call as the one before it, to that one's result; both become one
    /// box, unless they are the contents of two stages.
    pub(super) fn join_calls(
        &mut self,
        before: Option<&TreeItem>,
        item: &TreeItem,
        nodes: &Range<usize>,
        depth: usize,
    ) -> bool {
        let (Some(&TreeItem::Stack(before)), &TreeItem::Stack(after)) = (before, item) else {
            return false;
        };
        let (Some(one), Some(other)) = (self.calls.get(&before), self.calls.get(&after)) else {
            return false;
        };
        let mark = |stack: usize| self.stacks[stack].rows[0].mark;
        let stages = depth == 0 && (one.fills || other.fills);
        let alike = !stages && one.call == other.call && mark(before) == mark(after);
        if !alike || after + 1 != self.stacks.len() || !self.chained(before, nodes) {
            return false;
        }
        let times = one.times + other.times;
        let (call, names) = (one.call.clone(), format!("{}..{}", one.first, other.first));
        let row = self.stacks[after].rows[0].clone();
        self.show_shape_of(before, self.ends[after]);
        let shown = &mut self.stacks[before];
        shown.caption = Some(names);
        shown.rows[0].text = on_box(&call, times);
        shown.rows[0].tip += &format!("; the last of{}: {}", suffix(times), row.tip);
        self.stacks.pop();
        self.ends.pop();
        self.calls.remove(&after);
        if let Some(folded) = self.calls.get_mut(&before) {
            folded.times = times;
        }
        for &node in &self.net.order()[nodes.clone()] {
            self.stack_of.insert(node, before);
            self.hidden.insert(node);
        }
        true
    }

    /// Whether nodes read nothing but a stack and themselves, and nothing else reads that stack.
    fn chained(&self, before: usize, nodes: &Range<usize>) -> bool {
        let order = self.net.order();
        let own = |id: &NodeId| nodes.contains(&self.position[id]);
        let of_stack = |id: &NodeId| self.stack_of.get(id) == Some(&before);
        let graph = self.net.graph();
        let reads = order[nodes.clone()]
            .iter()
            .all(|&id| graph.operands(id).iter().all(|operand| own(operand) || of_stack(operand)));
        let from = order[..nodes.start].iter().rev().take_while(|id| of_stack(id));
        reads
            && from.clone().all(|&id| {
                let mut readers = graph.readers(id).into_iter();
                let known = |r: &NodeId| self.position.contains_key(r);
                id != self.net.output() && readers.all(|r| !known(&r) || own(&r) || of_stack(&r))
            })
    }
}

fn is_round(group: &Group<'_>) -> bool {
    group.name.bytes().all(|b| b.is_ascii_digit())
}
