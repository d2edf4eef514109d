//! From paths to nested groups. The leaves are stacks of consecutive ops.

mod build;
mod rounds;
mod slice;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::label::{self, BoxKind};
use crate::check::Checked;
use crate::graph::NodeId;
use crate::graph::op::Category;
use crate::tools::diff::{Mark, Marks};
use build::Builder;

pub use slice::slice;

/// What is drawn once or as one box.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fold {
    /// Equal rounds of a `repeat` are drawn once, with their number.
    #[default]
    Rounds,
    /// An outermost block call is one box; equal calls in a row are one, with their number.
    Calls,
    /// Every op is drawn.
    Nothing,
}

/// What a tree is to contain.
#[derive(Debug, Clone, Default)]
pub struct TreeOptions {
    /// What is drawn once or as one box.
    pub fold: Fold,
    /// Whether shapes are left out.
    pub hide_shapes: bool,
    /// The nodes to mark.
    pub marks: Marks,
}

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
    /// The edges into joins that pass ops of the trunk by, and those of what only leads to sums.
    pub shortcuts: BTreeSet<(usize, usize)>,
}

/// A stack or a group of them.
#[derive(Debug, Clone)]
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
#[derive(Debug, Clone)]
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
    /// The shape of its result; empty if shapes are left out.
    pub shape: String,
    /// The height of its result in pixels, 1 for what is no image.
    pub extent: u64,
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
    /// How it differs in the other net of a comparison.
    pub mark: Option<Mark>,
}

/// Makes the tree of a net.
pub fn tree(net: &Checked, options: &TreeOptions) -> StackTree {
    let cost = format!("{} params · {} MACs", label::count(net.params()), label::count(net.macs()));
    let mut builder = Builder::new(net, options);
    let mut items = builder.outermost();
    let mut edges = builder.edges();
    let (name, output) = net.graph().output().map_or(("output", net.output()), |found| found);
    edges.insert((builder.stack_of(output), builder.stacks.len()), true);
    items.push(TreeItem::Stack(builder.stacks.len()));
    let mut stacks = builder.stacks;
    stacks.push(end(name, net, output, options));
    let shortcuts = shortcuts(&stacks, &edges);
    StackTree { name: net.graph().name.clone(), cost, items, stacks, edges, shortcuts }
}

/// The stack of the output.
fn end(name: &str, net: &Checked, output: NodeId, options: &TreeOptions) -> Stack {
    let shape = label::shape(net.shape(output));
    let text = if options.hide_shapes { name.to_string() } else { format!("{name} {shape}") };
    let kind = BoxKind::Op(Category::Io);
    let row = Row { text, kind, tip: format!("output {name}: {shape}"), mark: None };
    Stack {
        caption: None,
        rows: vec![row],
        shape,
        extent: build::extent(net.shape(output)),
        changes: false,
    }
}

/// The edges into joins from what the join's trunk comes from too; those into sums that are not
/// its trunk; and those into stacks that feed only such.
fn shortcuts(stacks: &[Stack], edges: &BTreeMap<(usize, usize), bool>) -> BTreeSet<(usize, usize)> {
    let trunk: BTreeMap<usize, usize> =
        edges.iter().filter(|(_, main)| **main).map(|(&(from, to), _)| (to, from)).collect();
    let passes_by = |from: usize, to: usize| {
        let mut at = trunk.get(&to).copied();
        while let Some(stack) = at.filter(|&stack| stack > from) {
            at = trunk.get(&stack).copied();
        }
        at == Some(from)
    };
    let is_join =
        |stack: usize| stacks[stack].rows.iter().any(|r| r.kind == BoxKind::Op(Category::Join));
    let mut found: BTreeSet<(usize, usize)> = BTreeSet::new();
    for (&(from, to), &main) in edges.iter().rev() {
        let mut onwards = edges.range((to, 0)..(to + 1, 0)).map(|(edge, _)| edge).peekable();
        let beside = onwards.peek().is_some() && onwards.all(|edge| found.contains(edge));
        let sum = stacks[to].rows.first().is_some_and(|row| row.text == "add");
        if beside || !main && (sum || is_join(to) && passes_by(from, to)) {
            found.insert((from, to));
        }
    }
    found
}
