//! One group: its items in their cells and the routes of its wires.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::flow::Flow;
use super::lanes::{Cell, assign};
use super::positions::{Card, Fragment, Rect, SMALL, TEXT, height, is_join};
use super::route::{Grid, Routed, Start, X, Y};
use super::sizes::{FrameHead, Sizes};
use crate::graph::op::Category;
use crate::tools::draw::font::{Weight, width};
use crate::tools::draw::label::BoxKind;
use crate::tools::draw::tree::{StackTree, TreeItem};

/// Builds parts from a tree's items.
pub(super) struct Builder<'a> {
    pub(super) tree: &'a StackTree,
    /// The width of a box, and what a box has beside its text.
    width: f64,
    room: f64,
    pub(super) flow: Flow,
    /// Values that enter from the left side.
    pub(super) sideways: BTreeSet<usize>,
}

/// How a value enters an item: the stack if it is the item itself, and whether it enters from the
/// side.
struct Target {
    own: Option<usize>,
    side: bool,
    shortcut: bool,
}

impl<'a> Builder<'a> {
    pub(super) fn new(tree: &'a StackTree, flow: Flow) -> Builder<'a> {
        let plain = |kind: BoxKind| !matches!(kind, BoxKind::Op(Category::Io | Category::Join));
        let rows = tree.stacks.iter().flat_map(|s| &s.rows).filter(|r| plain(r.kind));
        let texts = rows.map(|r| width(&r.text, TEXT, Weight::Regular));
        let captions = tree.stacks.iter().filter_map(|s| s.caption.as_ref());
        let captions = captions.map(|c| width(c, SMALL, Weight::SemiBold));
        let marks = tree.stacks.iter().flat_map(|s| &s.rows).any(|row| row.mark.is_some());
        let room = if marks { 30.0 } else { 14.0 };
        let widest = texts.chain(captions).fold(88.0, f64::max).ceil() + room;
        Builder { tree, width: widest, room, flow, sideways: BTreeSet::new() }
    }

    /// The part of an item with its contents.
    pub(super) fn item(&self, item: &TreeItem, depth: usize) -> Fragment {
        match item {
            TreeItem::Stack(stack) => self.stack(*stack),
            TreeItem::Group(group) => {
                let parts =
                    group.items.iter().map(|i| (self.item(i, depth + 1), i.stacks())).collect();
                self.arrange(
                    parts,
                    Some(FrameHead { title: &group.title, note: &group.note, depth }),
                )
            }
        }
    }

    fn stack(&self, at: usize) -> Fragment {
        let stack = &self.tree.stacks[at];
        let own = stack.rows.iter().map(|r| width(&r.text, TEXT, Weight::Regular));
        let own = own.fold(0.0, f64::max).ceil();
        let caption = stack.caption.as_ref().map_or(0.0, |c| width(c, SMALL, Weight::SemiBold));
        let w = match stack.rows.as_slice() {
            [only] if only.kind == BoxKind::Op(Category::Join) => {
                own.max(caption.ceil()) + self.room + 12.0
            }
            [only] if only.kind == BoxKind::Op(Category::Io) => own + self.room + 12.0,
            _ => self.width,
        };
        let [w, h] = self.flow.across_and_along([w, height(stack)]);
        let rect = Rect { x: -w / 2.0, y: 0.0, w, h };
        let mut part = Fragment {
            left: w / 2.0,
            right: w / 2.0,
            height: h,
            outs: BTreeMap::from([(at, 0.0)]),
            ..Fragment::default()
        };
        part.layout.cards.push(Card { stack: at, rect, up: self.flow.up() });
        part
    }

    /// Combines parts, each with its range of stacks, into one.
    pub(super) fn arrange(
        &self,
        parts: Vec<(Fragment, Range<usize>)>,
        head: Option<FrameHead>,
    ) -> Fragment {
        let ranges: Vec<Range<usize>> = parts.iter().map(|(_, range)| range.clone()).collect();
        let cells = assign(self.tree, &ranges);
        let mut grid = Grid::new(&cells);
        let parts: Vec<Fragment> = parts.into_iter().map(|(part, _)| part).collect();
        let routed = self.route(&mut grid, &cells, &parts, &ranges);
        let notes = self.notes(&cells, &parts, &ranges, &routed, head.is_some());
        let entry =
            routed.iter().any(|r| r.to.is_some() && r.way.first().is_some_and(|at| at.1 == Y::Top));
        let sizes = Sizes::new(self.flow, &grid, &cells, &parts, &notes, head, entry);
        sizes.assemble(self.tree, parts, routed, notes, head)
    }

    fn route(
        &self,
        grid: &mut Grid,
        cells: &[Cell],
        parts: &[Fragment],
        ranges: &[Range<usize>],
    ) -> Vec<Routed> {
        let range = whole(ranges);
        let mut routed = Vec::new();
        let mut taken = BTreeSet::new();
        let values: BTreeSet<usize> = self.tree.edges.keys().map(|&(from, _)| from).collect();
        for value in self.entering_main_first(values, cells, ranges) {
            let readers: Vec<(usize, bool)> = self.readers(value).collect();
            let inside: Vec<(usize, bool)> =
                readers.iter().copied().filter(|(to, _)| range.contains(to)).collect();
            let leaves = range.contains(&value) && readers.iter().any(|(to, _)| *to >= range.end);
            let source = ranges.iter().position(|r| r.contains(&value));
            let mut targets: BTreeMap<usize, Target> = BTreeMap::new();
            for (to, main) in inside {
                let Some(item) = ranges.iter().position(|r| r.contains(&to)) else { continue };
                if Some(item) == source {
                    continue;
                }
                let plain = parts[item].ins.is_empty() && parts[item].sides.is_empty();
                let own = (ranges[item].len() == 1 && plain).then_some(to);
                let target =
                    targets.entry(item).or_insert(Target { own, side: true, shortcut: true });
                target.side &= !main && is_join(&self.tree.stacks[to]);
                target.shortcut &= self.tree.shortcuts.contains(&(value, to));
            }
            if targets.is_empty() && !leaves {
                continue;
            }
            if self.sideways.contains(&value) && source.is_none() {
                routed.extend(sideways(value, &targets, cells));
                continue;
            }
            let start = match source {
                Some(item) => {
                    let dx = parts[item].outs.get(&value).copied().unwrap_or(0.0);
                    Start {
                        x: X::Lane(cells[item].lane, dx),
                        y: Y::Below(item),
                        gap: cells[item].row + 1,
                    }
                }
                None => Start {
                    x: self.port(grid, cells, parts, &targets, &mut taken, value),
                    y: Y::Top,
                    gap: 0,
                },
            };
            for (&item, &Target { own, side, shortcut }) in &targets {
                let dx = parts[item].ins.get(&value).copied().unwrap_or(0.0);
                let way = match own {
                    Some(_) if side => grid.way_to_side(value, start, item),
                    _ => grid.way_to_top(value, start, item, dx),
                };
                routed.push(Routed { value, to: own, shortcut, way });
            }
            if leaves {
                let mut rest = readers.iter().filter(|(to, _)| *to >= range.end);
                let shortcut = rest.all(|&(to, _)| self.tree.shortcuts.contains(&(value, to)));
                routed.push(Routed {
                    value,
                    to: None,
                    shortcut,
                    way: grid.way_to_bottom(value, start),
                });
            }
        }
        routed
    }

    fn readers(&self, value: usize) -> impl Iterator<Item = (usize, bool)> {
        self.tree.edges.range((value, 0)..(value + 1, 0)).map(|(&(_, to), &main)| (to, main))
    }

    /// The values, with those from outside that the trunk reads as its first operand first: they
    /// get its lane.
    fn entering_main_first(
        &self,
        values: BTreeSet<usize>,
        cells: &[Cell],
        ranges: &[Range<usize>],
    ) -> Vec<usize> {
        let range = whole(ranges);
        let top = (0..cells.len()).filter(|&i| cells[i].lane == 0).min_by_key(|&i| cells[i].row);
        let is_main = |&value: &usize| {
            let to_trunk =
                |(to, main): (usize, bool)| main && top.is_some_and(|i| ranges[i].contains(&to));
            !range.contains(&value) && self.readers(value).any(to_trunk)
        };
        let (mut main, rest): (Vec<usize>, Vec<usize>) = values.into_iter().partition(is_main);
        main.extend(rest);
        main
    }

    /// Where a value from outside enters.
    fn port(
        &self,
        grid: &mut Grid,
        cells: &[Cell],
        parts: &[Fragment],
        targets: &BTreeMap<usize, Target>,
        taken: &mut BTreeSet<usize>,
        value: usize,
    ) -> X {
        if taken.insert(0) {
            return X::Lane(0, 0.0);
        }
        for &item in targets.keys() {
            let Cell { row, lane } = cells[item];
            if grid.free(lane, 0..row) && lane > 0 && taken.insert(lane) {
                return X::Lane(lane, parts[item].ins.get(&value).copied().unwrap_or(0.0));
            }
        }
        let lane = targets.keys().next().map_or(0, |&item| cells[item].lane);
        let down = targets.keys().map(|&item| 2 * cells[item].row + 1).max().unwrap_or(0);
        grid.track(lane, value, 0, down)
    }

    /// The shapes to show below items, by item, if no incoming value has the same shape.
    fn notes(
        &self,
        cells: &[Cell],
        parts: &[Fragment],
        ranges: &[Range<usize>],
        routed: &[Routed],
        framed: bool,
    ) -> BTreeMap<usize, (usize, String)> {
        let stacks = &self.tree.stacks;
        let mut notes = BTreeMap::new();
        // What is several parts without a frame shows its shape itself.
        let shows = |part: &Fragment| !part.framed && part.layout.cards.len() > 1;
        let silent = |part: &Fragment| framed && part.framed || shows(part);
        for i in (0..parts.len()).filter(|&i| cells[i].lane == 0 && !silent(&parts[i])) {
            let enters = |&&(from, to): &&(usize, usize)| {
                ranges[i].contains(&to) && !ranges[i].contains(&from)
            };
            let before: Vec<&str> = self
                .tree
                .edges
                .keys()
                .filter(enters)
                .map(|&(from, _)| stacks[from].shape.as_str())
                .collect();
            let goes_on = |r: &&Routed| {
                ranges[i].contains(&r.value) && r.way[0].1 == Y::Below(i) && !self.ends(r, framed)
            };
            let Some(value) = routed.iter().filter(goes_on).map(|r| r.value).next() else {
                continue;
            };
            let shape = stacks[value].shape.as_str();
            if !before.is_empty() && !shape.is_empty() && !before.contains(&shape) {
                notes.insert(i, (value, stacks[value].shape.clone()));
            }
        }
        notes
    }

    /// Whether a route is better without a note: it leaves a frame, or ends in the output, which
    /// shows the shape.
    fn ends(&self, routed: &Routed, framed: bool) -> bool {
        framed && routed.way.last().is_some_and(|end| end.1 == Y::Bottom)
            || routed.to == Some(self.tree.stacks.len() - 1)
    }
}

/// The routes of a value that enters from the left: straight into what is in the first lane.
fn sideways<'t>(
    value: usize,
    targets: &'t BTreeMap<usize, Target>,
    cells: &'t [Cell],
) -> impl Iterator<Item = Routed> + 't {
    let first = targets.iter().filter(|&(&item, _)| cells[item].lane == 0);
    first.map(move |(&item, target)| {
        let y = target.own.map_or(Y::Within(item, value), |_| Y::Side(item));
        let way = vec![(X::Border, y), (X::Edge(item, false), y)];
        Routed { value, to: target.own, shortcut: target.shortcut, way }
    })
}

fn whole(ranges: &[Range<usize>]) -> Range<usize> {
    ranges.first().map_or(0, |r| r.start)..ranges.last().map_or(0, |r| r.end)
}
