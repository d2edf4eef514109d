//! Groups and stacks from the hierarchy of a net's paths.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Fold, Row, Stack, StackGroup, TreeItem, TreeOptions};
use crate::check::Checked;
use crate::graph::hierarchy::{self, Group, Item, hierarchy};
use crate::graph::op::Category;
use crate::graph::{NodeId, Shape};
use crate::tools::diff::Mark;
use crate::tools::draw::font::{self, Weight};
use crate::tools::draw::label::{self, BoxKind};
use crate::tools::draw::layout::TEXT;

/// The widest call that stands on a box, in pixels.
const WIDEST_CALL: f64 = 170.0;

/// The height of a shape in pixels.
pub(super) fn extent(shape: &Shape) -> u64 {
    match shape.dims() {
        [_, height, _] => *height,
        _ => 1,
    }
}

pub(super) struct Builder<'a> {
    pub net: &'a Checked,
    pub options: &'a TreeOptions,
    pub stacks: Vec<Stack>,
    /// The last node of each stack.
    pub ends: Vec<NodeId>,
    /// The stack that a node is drawn in; for a round that is not drawn, that of the same node in
    /// the round that is.
    pub stack_of: HashMap<NodeId, usize>,
    /// Where each node is in the order of evaluation.
    pub position: HashMap<NodeId, usize>,
    /// The nodes that are not drawn themselves.
    pub hidden: HashSet<NodeId>,
    /// The calls that are one box, by stack.
    pub calls: HashMap<usize, Folded>,
}

/// A call drawn as a box.
pub(super) struct Folded {
    pub call: String,
    /// How many calls in a row the box stands for, and the name of the first.
    pub times: usize,
    pub first: String,
    /// Whether it is all of a group around the call.
    pub fills: bool,
}

impl<'a> Builder<'a> {
    pub fn new(net: &'a Checked, options: &'a TreeOptions) -> Builder<'a> {
        let position = net.order().iter().enumerate().map(|(at, &id)| (id, at)).collect();
        Builder {
            net,
            options,
            stacks: Vec::new(),
            ends: Vec::new(),
            stack_of: HashMap::new(),
            position,
            hidden: HashSet::new(),
            calls: HashMap::new(),
        }
    }

    pub fn stack_of(&self, node: NodeId) -> usize {
        self.stack_of[&node]
    }

    /// The outermost stages.
    pub fn outermost(&mut self) -> Vec<TreeItem> {
        let net = self.net;
        let paths: Vec<&str> = net.order().iter().map(|&id| net.node(id).path.as_str()).collect();
        let mut items = self.items(&hierarchy(&paths), 0);
        items.iter_mut().for_each(trim);
        for caption in self.stacks.iter_mut().filter_map(|stack| stack.caption.as_mut()) {
            *caption = caption.trim_start().to_string();
        }
        items
    }

    /// The items of a level of the hierarchy. Groups are runs in the order of evaluation, so that
    /// no route leads out of a group and back into it.
    fn items(&mut self, level: &[Item<'_>], depth: usize) -> Vec<TreeItem> {
        let order = self.net.order();
        let mut items = Vec::new();
        let mut at = 0;
        while let Some(item) = level.get(at) {
            let rounds = self.rounds(&level[at..]);
            let first = self.stacks.len();
            at += rounds;
            let made = match item {
                Item::Group(group) if group.nodes.len() == 1 => {
                    self.stack(&order[group.nodes.clone()], (rounds > 1).then(|| suffix(rounds)))
                }
                Item::Group(group) => self.group(group, depth, rounds),
                Item::Node(first) => {
                    let mut end = first + 1;
                    while let Some(Item::Node(next)) = level.get(at)
                        && self.follows(order[next - 1], order[*next])
                    {
                        (at, end) = (at + 1, next + 1);
                    }
                    self.stack(&order[*first..end], None)
                }
            };
            if let Item::Group(group) = item {
                self.hide_rounds(group, rounds, first);
                let nodes = group.nodes.start..group.nodes.start + rounds * group.nodes.len();
                if self.join_calls(items.last(), &made, &nodes, depth) {
                    continue;
                }
            }
            items.push(made);
        }
        items
    }

    fn group(&mut self, group: &Group<'_>, depth: usize, rounds: usize) -> TreeItem {
        let nodes = &self.net.order()[group.nodes.clone()];
        let name = if rounds > 1 { suffix(rounds) } else { group.name.to_string() };
        if self.options.fold == Fold::Calls
            && let Some(call) = self.call(nodes, depth)
        {
            return self.folded(nodes, group.name, call, rounds);
        }
        let first = self.stacks.len();
        let mut items = self.items(&group.items, depth + 1);
        let note = self.note(nodes, depth);
        if items.len() == 1 {
            match items.remove(0) {
                TreeItem::Group(mut inner) => {
                    inner.title = joined(&name, &inner.title);
                    inner.note = note;
                    return TreeItem::Group(inner);
                }
                TreeItem::Stack(only) => {
                    self.fill(only, &name, rounds);
                    return TreeItem::Stack(only);
                }
            }
        }
        TreeItem::Group(StackGroup { title: name, note, items, stacks: first..self.stacks.len() })
    }

    /// Notes that a stack is all of so many rounds of a group.
    fn fill(&mut self, stack: usize, name: &str, rounds: usize) {
        let shown = &mut self.stacks[stack];
        if let Some(folded) = self.calls.get_mut(&stack) {
            folded.times *= rounds;
            folded.fills = true;
            shown.rows[0].text = on_box(&folded.call, folded.times);
            if rounds > 1 {
                return;
            }
            folded.first = name.into();
            // Calls in a row that are all of a group are named by it.
            if folded.times > 1 {
                shown.caption = None;
            }
        }
        let inner = shown.caption.take();
        shown.caption = Some(inner.map_or(name.into(), |inner| joined(name, &inner)));
    }

    fn note(&self, nodes: &[NodeId], depth: usize) -> String {
        let params: u64 = nodes.iter().map(|&n| self.net.node_params(n)).sum();
        if depth > 0 || params == 0 { String::new() } else { label::count(params) }
    }

    /// The block call that a group is, if it is one: all its nodes come from it, and it is not
    /// repeated.
    fn call(&self, nodes: &[NodeId], depth: usize) -> Option<String> {
        let first = |&n: &NodeId| self.net.node(n).origin.as_ref()?.calls.first();
        let is_round = |n: &NodeId, depth: usize| {
            let segment = hierarchy::segment(&self.net.node(*n).path, depth);
            segment.is_some_and(|s| s.bytes().all(|b| b.is_ascii_digit()))
        };
        // What a round consists of may itself be repeated; a call is not followed by rounds.
        let repeated =
            |n: &NodeId| is_round(n, depth + 1) || is_round(n, depth) && is_round(n, depth + 2);
        let call = first(&nodes[0])?;
        let one = nodes.iter().all(|n| first(n) == Some(call) && !repeated(n));
        one.then(|| call.written.clone())
    }

    /// A call, or so many equal ones in a row, as a box.
    fn folded(&mut self, nodes: &[NodeId], name: &str, call: String, times: usize) -> TreeItem {
        let marks: Vec<Option<Mark>> = nodes.iter().map(|n| self.mark(*n)).collect();
        let same = marks.iter().all(|mark| *mark == marks[0]);
        let some = marks.iter().any(Option::is_some);
        let mark = if same { marks[0] } else { some.then_some(Mark::Changed) };
        let last = name.parse::<usize>().map(|first| first + times - 1);
        let caption = match last {
            Ok(last) if times > 1 => format!("{name}..{last}"),
            _ => name.to_string(),
        };
        let item = self.stack(nodes, Some(caption));
        let TreeItem::Stack(at) = item else { return item };
        let cost: u64 = nodes.iter().map(|&n| self.net.node_params(n)).sum();
        let tip = format!("{call}: {} ops, {} params", nodes.len(), label::count(cost));
        let row = Row { text: on_box(&call, times), kind: BoxKind::Block, tip, mark };
        self.stacks[at].rows = vec![row];
        self.calls.insert(at, Folded { call, times, first: name.into(), fills: false });
        item
    }

    /// A stack of the nodes, one row each.
    fn stack(&mut self, nodes: &[NodeId], caption: Option<String>) -> TreeItem {
        let (first, last) = (nodes[0], nodes[nodes.len() - 1]);
        let shape = self.net.shape(last);
        let before = self.net.graph().operands(first).first().map(|&o| self.net.shape(o));
        let hide = self.options.hide_shapes;
        let stack = Stack {
            caption,
            rows: nodes.iter().map(|&n| self.row(n)).collect(),
            shape: if hide { String::new() } else { label::shape(shape) },
            extent: extent(shape),
            changes: before != Some(shape) && !hide,
        };
        self.stack_of.extend(nodes.iter().map(|&n| (n, self.stacks.len())));
        self.stacks.push(stack);
        self.ends.push(last);
        TreeItem::Stack(self.stacks.len() - 1)
    }

    fn row(&self, id: NodeId) -> Row {
        let node = self.net.node(id);
        let (shape, params) = (label::shape(self.net.shape(id)), self.net.node_params(id));
        let category = node.op.traits().category;
        let text = match category {
            Category::Io if self.options.hide_shapes => node.path.clone(),
            Category::Io => format!("{} {shape}", node.path),
            _ => node.op.label(),
        };
        let cost =
            if params > 0 { format!(", {} params", label::count(params)) } else { String::new() };
        Row {
            text,
            kind: BoxKind::Op(category),
            tip: format!("{}: {} → {shape}{cost}", node.path, node.op.text(&[])),
            mark: self.mark(id),
        }
    }

    pub fn mark(&self, id: NodeId) -> Option<Mark> {
        self.options.marks.get(&id).copied()
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

    pub fn edges(&self) -> BTreeMap<(usize, usize), bool> {
        let mut edges = BTreeMap::new();
        for id in self.net.order().iter().filter(|id| !self.hidden.contains(id)) {
            for (position, operand) in self.net.graph().operands(*id).iter().enumerate() {
                let (from, to) = (self.stack_of[operand], self.stack_of[id]);
                if from != to {
                    *edges.entry((from, to)).or_insert(false) |= position == 0;
                }
            }
        }
        edges
    }
}

/// A call as it stands on a box, with how often it is in a row.
pub(super) fn on_box(call: &str, times: usize) -> String {
    let name = call.split('(').next().unwrap_or(call);
    let times = if times > 1 { suffix(times) } else { String::new() };
    let whole = format!("{call}{times}");
    match font::width(&whole, TEXT, Weight::Regular) <= WIDEST_CALL {
        true => whole,
        false => format!("{name}(…){times}"),
    }
}

/// What follows the name of what is drawn once and computed `times` times.
pub(super) fn suffix(times: usize) -> String {
    format!(" x{times}")
}

/// The name of what is all that another contains: `s.b`, `b x3`, `2 x (b x3)`, `s: 2 x (b x3)`.
fn joined(outer: &str, inner: &str) -> String {
    match (outer.strip_prefix(" x"), inner.starts_with(' ')) {
        (Some(times), false) if inner.contains(' ') => format!("{times} x ({inner})"),
        (Some(_), _) => format!("{inner}{outer}"),
        (None, true) => format!("{outer}{inner}"),
        (None, false) if inner.contains('(') => format!("{outer}: {inner}"),
        (None, false) => format!("{outer}.{inner}"),
    }
}

fn trim(item: &mut TreeItem) {
    if let TreeItem::Group(group) = item {
        group.title = group.title.trim_start().to_string();
        group.items.iter_mut().for_each(trim);
    }
}
