//! From paths to nested groups. The leaves are stacks of consecutive ops.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::label::{self, BoxKind};
use crate::check::Checked;
use crate::graph::NodeId;
use crate::graph::hierarchy::{self, hierarchy};
use crate::graph::op::Category;

/// A net as nested groups of stacks, and the edges between stacks.
#[derive(Debug)]
pub struct StackTree {
    /// The net's name.
    pub name: String,
    /// The total cost, as text.
    pub cost: String,
    /// The outermost stages.
    pub items: Vec<TreeItem>,
    /// All stacks; a stack's number is its index here, and greater than those of its operands.
    pub stacks: Vec<Stack>,
    /// Edges from stack to stack, once each; `true` if it is part of the trunk.
    pub edges: BTreeMap<(usize, usize), bool>,
    /// The edges beside the trunk that lead to nothing but sums.
    pub shortcuts: BTreeSet<(usize, usize)>,
}

/// A stack or a group of them.
#[derive(Debug)]
pub enum TreeItem {
    /// The number of a stack.
    Stack(usize),
    /// A group.
    Group(StackGroup),
}

impl TreeItem {
    /// The numbers of the stacks in it.
    pub fn stacks(&self) -> Range<usize> {
        match self {
            TreeItem::Stack(i) => *i..*i + 1,
            TreeItem::Group(group) => group.stacks.clone(),
        }
    }
}

/// The contents of one segment of a path.
#[derive(Debug)]
pub struct StackGroup {
    /// Its segment, or several if nothing else is between them.
    pub title: String,
    /// Its cost, for an outermost stage.
    pub note: String,
    /// What is in it.
    pub items: Vec<TreeItem>,
    /// The numbers of the stacks in it.
    pub stacks: Range<usize>,
}

/// Consecutive ops, drawn without gaps.
#[derive(Debug, Clone)]
pub struct Stack {
    /// The segment of the path that contains only these ops.
    pub caption: Option<String>,
    /// One row per op.
    pub rows: Vec<Row>,
    /// The shape of its result.
    pub shape: String,
    /// Whether that differs from the shape of its first operand.
    pub changes: bool,
}

/// One op, or one block drawn as a box.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its text.
    pub text: String,
    /// Its role.
    pub kind: BoxKind,
    /// Its full description.
    pub tip: String,
}

/// Makes the tree of a net. With `collapse`, an outermost block call becomes one row.
pub fn tree(net: &Checked, collapse: bool) -> StackTree {
    let cost = format!("{} params · {} MACs", label::count(net.params()), label::count(net.macs()));
    let mut builder = Builder { net, collapse, stacks: Vec::new(), stack_of: BTreeMap::new() };
    let paths: Vec<&str> = net.order().iter().map(|&id| net.node(id).path.as_str()).collect();
    let mut items = builder.items(&hierarchy(&paths), 0);
    let mut edges = builder.edges();
    let (name, output) = net.graph().output().map_or(("output", net.output()), |found| found);
    let last = builder.stacks.len();
    edges.insert((builder.stack_of[&output], last), true);
    let shape = label::shape(net.shape(output));
    let row = Row {
        text: format!("{name} {shape}"),
        kind: BoxKind::Op(Category::Io),
        tip: format!("output {name}: {shape}"),
    };
    builder.stacks.push(Stack { caption: None, rows: vec![row], shape, changes: false });
    items.push(TreeItem::Stack(last));
    let shortcuts = shortcuts(&builder.stacks, &edges);
    StackTree {
        name: net.graph().name.clone(),
        cost,
        items,
        stacks: builder.stacks,
        edges,
        shortcuts,
    }
}

/// The edges into sums that are not their trunk, and those into stacks that feed only such.
fn shortcuts(stacks: &[Stack], edges: &BTreeMap<(usize, usize), bool>) -> BTreeSet<(usize, usize)> {
    let mut found: BTreeSet<(usize, usize)> = BTreeSet::new();
    for (&(from, to), &main) in edges.iter().rev() {
        let mut onwards = edges.range((to, 0)..(to + 1, 0)).map(|(edge, _)| edge).peekable();
        let beside = onwards.peek().is_some() && onwards.all(|edge| found.contains(edge));
        if beside || !main && stacks[to].rows.first().is_some_and(|row| row.text == "add") {
            found.insert((from, to));
        }
    }
    found
}

struct Builder<'a> {
    net: &'a Checked,
    collapse: bool,
    stacks: Vec<Stack>,
    stack_of: BTreeMap<NodeId, usize>,
}

impl Builder<'_> {
    /// The items of a level of the hierarchy. Groups are runs in the order of evaluation, so that
    /// no route leads out of a group and back into it.
    fn items(&mut self, level: &[hierarchy::Item<'_>], depth: usize) -> Vec<TreeItem> {
        let order = self.net.order();
        let mut items = Vec::new();
        let mut at = 0;
        while let Some(item) = level.get(at) {
            at += 1;
            items.push(match item {
                hierarchy::Item::Group(group) if group.nodes.len() == 1 => {
                    self.stack(&order[group.nodes.clone()], None)
                }
                hierarchy::Item::Group(group) => self.group(group, depth),
                hierarchy::Item::Node(first) => {
                    let mut end = first + 1;
                    while let Some(hierarchy::Item::Node(next)) = level.get(at)
                        && self.follows(order[next - 1], order[*next])
                    {
                        (at, end) = (at + 1, next + 1);
                    }
                    self.stack(&order[*first..end], None)
                }
            });
        }
        items
    }

    fn group(&mut self, group: &hierarchy::Group<'_>, depth: usize) -> TreeItem {
        let (nodes, name) = (&self.net.order()[group.nodes.clone()], group.name.to_string());
        if self.collapse
            && let Some(call) = self.call(nodes, depth)
        {
            return self.collapsed(nodes, name, call);
        }
        let first = self.stacks.len();
        let mut items = self.items(&group.items, depth + 1);
        if items.len() == 1 {
            match items.remove(0) {
                TreeItem::Group(mut inner) => {
                    inner.title = format!("{name}.{}", inner.title);
                    inner.note = self.note(nodes, depth);
                    return TreeItem::Group(inner);
                }
                TreeItem::Stack(only) => {
                    let inner = self.stacks[only].caption.take();
                    self.stacks[only].caption =
                        Some(inner.map_or(name.clone(), |i| format!("{name}.{i}")));
                    return TreeItem::Stack(only);
                }
            }
        }
        let note = self.note(nodes, depth);
        TreeItem::Group(StackGroup { title: name, note, items, stacks: first..self.stacks.len() })
    }

    fn note(&self, nodes: &[NodeId], depth: usize) -> String {
        let params: u64 = nodes.iter().map(|&n| self.net.node_params(n)).sum();
        if depth > 0 || params == 0 { String::new() } else { label::count(params) }
    }

    /// The block call that a group is, if it is one: all its nodes come from it, and it is not
    /// repeated.
    fn call(&self, nodes: &[NodeId], depth: usize) -> Option<String> {
        let first = |&n: &NodeId| self.net.node(n).origin.as_ref()?.calls.first();
        let repeated = |&n: &NodeId| {
            let segment = hierarchy::segment(&self.net.node(n).path, depth + 1);
            segment.is_some_and(|s| s.chars().all(|c| c.is_ascii_digit()))
        };
        let call = first(&nodes[0])?;
        let one = nodes.iter().all(|n| first(n) == Some(call) && !repeated(n));
        one.then(|| call.block.clone())
    }

    fn collapsed(&mut self, nodes: &[NodeId], name: String, call: String) -> TreeItem {
        let text = if label::width(&call, 11.0) <= 150.0 {
            call.clone()
        } else {
            format!("{} ops", nodes.len())
        };
        let item = self.stack(nodes, Some(name));
        let TreeItem::Stack(at) = item else { return item };
        let cost: u64 = nodes.iter().map(|&n| self.net.node_params(n)).sum();
        let tip = format!("{call}: {} ops, {} params", nodes.len(), label::count(cost));
        self.stacks[at].rows = vec![Row { text, kind: BoxKind::Block, tip }];
        item
    }

    /// A stack of the nodes, one row each.
    fn stack(&mut self, nodes: &[NodeId], caption: Option<String>) -> TreeItem {
        let (first, last) = (nodes[0], nodes[nodes.len() - 1]);
        let shape = self.net.shape(last);
        let before = self.net.graph().operands(first).first().map(|&o| self.net.shape(o));
        let stack = Stack {
            caption,
            rows: nodes.iter().map(|&n| self.row(n)).collect(),
            shape: label::shape(shape),
            changes: before != Some(shape),
        };
        self.stack_of.extend(nodes.iter().map(|&n| (n, self.stacks.len())));
        self.stacks.push(stack);
        TreeItem::Stack(self.stacks.len() - 1)
    }

    fn row(&self, id: NodeId) -> Row {
        let node = self.net.node(id);
        let (shape, params) = (label::shape(self.net.shape(id)), self.net.node_params(id));
        let category = node.op.traits().category;
        let text = match category {
            Category::Io => format!("{} {shape}", node.path),
            _ => node.op.label(),
        };
        let cost =
            if params > 0 { format!(", {} params", label::count(params)) } else { String::new() };
        Row {
            text,
            kind: BoxKind::Op(category),
            tip: format!("{}: {} → {shape}{cost}", node.path, node.op.text(&[])),
        }
    }

    /// Whether a node belongs into the stack of the one before it: it is that one's only reader,
    /// and reads nothing else. A pool ends a stack, so that the new shape can be shown.
    fn follows(&self, before: NodeId, node: NodeId) -> bool {
        let graph = self.net.graph();
        graph.operands(node) == [before]
            && graph.readers(before) == [node]
            && before != self.net.output()
            && !matches!(self.net.node(before).op.traits().category, Category::Io | Category::Pool)
    }

    fn edges(&self) -> BTreeMap<(usize, usize), bool> {
        let mut edges = BTreeMap::new();
        for &id in self.net.order() {
            for (position, operand) in self.net.graph().operands(id).iter().enumerate() {
                let (from, to) = (self.stack_of[operand], self.stack_of[&id]);
                if from != to {
                    *edges.entry((from, to)).or_insert(false) |= position == 0;
                }
            }
        }
        edges
    }
}
