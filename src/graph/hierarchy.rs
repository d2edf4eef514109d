//! The nodes of a net, grouped by the segments of their paths.

use std::collections::HashMap;
use std::ops::Range;

/// A node or a group of nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item<'p> {
    /// A node by its position.
    Node(usize),
    /// The contents of one segment.
    Group(Group<'p>),
}

/// Nodes that follow one another, and whose paths go on from those of the group around them with
/// the same segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group<'p> {
    /// That segment.
    pub name: &'p str,
    /// Their positions.
    pub nodes: Range<usize>,
    /// What is in it.
    pub items: Vec<Item<'p>>,
    /// Whether the group around it has no other nodes of that segment.
    pub whole: bool,
}

/// The hierarchy of nodes with these paths, which are in the order of evaluation.
pub fn hierarchy<'p>(paths: &[&'p str]) -> Vec<Item<'p>> {
    level(paths, 0..paths.len(), 0)
}

/// The segment of a path at `depth`, unless it is the last one.
pub fn segment(path: &str, depth: usize) -> Option<&str> {
    let mut rest = path.split('.').skip(depth);
    rest.next().filter(|_| rest.next().is_some())
}

fn level<'p>(paths: &[&'p str], nodes: Range<usize>, depth: usize) -> Vec<Item<'p>> {
    let at_depth = |node: &usize| segment(paths[*node], depth);
    let mut sizes: HashMap<&str, usize> = HashMap::new();
    for name in nodes.clone().filter_map(|node| at_depth(&node)) {
        *sizes.entry(name).or_default() += 1;
    }
    let mut items = Vec::new();
    let mut first = nodes.start;
    while first < nodes.end {
        let Some(name) = at_depth(&first) else {
            items.push(Item::Node(first));
            first += 1;
            continue;
        };
        let count = (first..nodes.end).take_while(|node| at_depth(node) == Some(name)).count();
        let run = first..first + count;
        items.push(Item::Group(Group {
            name,
            items: level(paths, run.clone(), depth + 1),
            whole: sizes.get(name) == Some(&count),
            nodes: run,
        }));
        first += count;
    }
    items
}
