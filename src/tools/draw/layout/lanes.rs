//! Rows and lanes of the items of one group.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::tools::draw::tree::StackTree;

/// The position of an item in its group's grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) row: usize,
    pub(super) lane: usize,
}

/// A cell for each item, given as ranges of stacks: rows by longest path, the trunk in lane 0,
/// every other item in the lane of what it follows if that has room, or else in the first lane
/// with room. A lane stays reserved down to an item's last reader, so that the route there is
/// straight.
pub(super) fn assign(tree: &StackTree, items: &[Range<usize>]) -> Vec<Cell> {
    let before = predecessors(tree, items);
    let rows = rows(&before);
    let last_reader: Vec<usize> = (0..items.len())
        .map(|i| {
            (0..items.len())
                .filter(|&j| before[j].contains(&i))
                .map(|j| rows[j])
                .max()
                .unwrap_or(rows[i])
        })
        .collect();
    let trunk = trunk(tree, items);
    let mut cells: Vec<Cell> = rows.iter().map(|&row| Cell { row, lane: 0 }).collect();
    let mut taken: Vec<Vec<Range<usize>>> = vec![Vec::new()];
    for i in (0..items.len()).filter(|i| !trunk.contains(i)) {
        let needs = rows[i]..last_reader[i].max(rows[i] + 1);
        let free = |lane: usize| {
            taken
                .get(lane)
                .is_none_or(|t| t.iter().all(|r| r.end <= needs.start || needs.end <= r.start))
        };
        let followed =
            before[i].iter().map(|&p| cells[p].lane).find(|&lane| lane > 0 && free(lane));
        let lane = followed.or_else(|| (1..).find(|&lane| free(lane))).unwrap_or(1);
        taken.resize(taken.len().max(lane + 1), Vec::new());
        taken[lane].push(needs);
        cells[i].lane = lane;
    }
    cells
}

fn item_of(items: &[Range<usize>], stack: usize) -> Option<usize> {
    items.iter().position(|range| range.contains(&stack))
}

fn predecessors(tree: &StackTree, items: &[Range<usize>]) -> Vec<BTreeSet<usize>> {
    let mut before = vec![BTreeSet::new(); items.len()];
    for &(from, to) in tree.edges.keys() {
        if let (Some(a), Some(b)) = (item_of(items, from), item_of(items, to))
            && a != b
        {
            before[b].insert(a);
        }
    }
    before
}

fn rows(before: &[BTreeSet<usize>]) -> Vec<usize> {
    let mut rows: Vec<usize> = Vec::new();
    for set in before {
        rows.push(set.iter().map(|&p| rows[p] + 1).max().unwrap_or(0));
    }
    rows
}

/// The items on the path back from the last value that something outside reads, along first
/// operands.
fn trunk(tree: &StackTree, items: &[Range<usize>]) -> BTreeSet<usize> {
    let Some((first, last)) = items.first().zip(items.last()) else { return BTreeSet::new() };
    let range = first.start..last.end;
    let leaves = |&&(from, to): &&(usize, usize)| range.contains(&from) && to >= range.end;
    let exit = tree.edges.keys().filter(leaves).map(|&(from, _)| from).max();
    let mut at = Some(exit.unwrap_or(range.end - 1));
    let mut trunk = BTreeSet::new();
    while let Some(stack) = at.filter(|s| range.contains(s)) {
        trunk.extend(item_of(items, stack));
        at = tree
            .edges
            .iter()
            .find(|((_, to), main)| *to == stack && **main)
            .map(|((from, _), _)| *from);
    }
    trunk
}
