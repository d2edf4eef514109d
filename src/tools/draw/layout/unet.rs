//! A net that goes down and up, as a U: the way down, beside it the way up, and straight lines
//! across for what the way up takes from the way down.

use std::collections::BTreeSet;
use std::ops::Range;

use super::columns::column;
use super::flow::Flow;
use super::group::Builder;
use super::positions::{Fragment, NetLayout, Rect, Wire};
use crate::tools::draw::tree::StackTree;

/// Between the two ways.
const BETWEEN: f64 = 40.0;
/// Between a level and the next, below a level where a line leaves it, and below the lowest.
const LEVEL: f64 = 22.0;
const BRANCH: f64 = 8.0;
const TURN: f64 = 14.0;

/// What leads across: the value, the end of the level that it leaves on the way down, and where the
/// level begins that it enters on the way up.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Skip {
    value: usize,
    leaves: usize,
    enters: usize,
}

/// The U without margins; `None` if a net is not of that form.
pub(super) fn unet(tree: &StackTree, flow: Flow) -> Option<NetLayout> {
    let turn = turn(tree)?;
    let skips = skips(tree, turn)?;
    let down: Vec<usize> = skips.iter().map(|skip| skip.leaves).collect();
    let up: Vec<usize> = skips.iter().rev().map(|skip| skip.enters).collect();
    let (down, up) = (levels(tree, 0, &down, turn)?, levels(tree, turn, &up, tree.stacks.len())?);
    let ahead = Builder::new(tree, flow);
    let mut back = Builder::new(tree, Flow { back: true, ..flow });
    back.sideways = skips.iter().map(|skip| skip.value).collect();
    let parts = |builder: &Builder, levels: &[Range<usize>]| -> Vec<Level> {
        let part =
            |stacks: &Range<usize>| Level { part: column(builder, stacks.clone()), top: 0.0 };
        levels.iter().map(part).collect()
    };
    let mut u = U {
        tree,
        skips,
        down: parts(&ahead, &down),
        up: parts(&back, &up),
        middles: [0.0; 2],
        lines: Vec::new(),
    };
    u.up.reverse();
    u.up.iter_mut().for_each(|level| level.part = std::mem::take(&mut level.part).reversed());
    if !u.lines_arrive() {
        return None;
    }
    [&mut u.down, &mut u.up].into_iter().for_each(|way| align_frames(way));
    u.place();
    let mut layout = u.layout(turn);
    if !flow.down() {
        layout.transpose();
    }
    Some(layout)
}

/// The first stack of the way up, if the trunk gets smaller and then larger again.
fn turn(tree: &StackTree) -> Option<usize> {
    let mut trunk: Vec<usize> = Vec::new();
    let mut at = tree.stacks.len().checked_sub(1);
    while let Some(stack) = at {
        trunk.push(stack);
        at = tree.edges.iter().find(|((_, to), main)| *to == stack && **main).map(|(e, _)| e.0);
    }
    let extents = trunk.iter().map(|&stack| tree.stacks[stack].extent);
    let least = extents.clone().min()?;
    let end = tree.stacks.last()?.extent;
    if least == end || least == tree.stacks.first()?.extent {
        return None;
    }
    // From the output back, the first stack that is smallest is the last on the way down.
    let lowest = trunk[extents.clone().position(|extent| extent == least)?];
    let ends = tree.items.iter().map(|item| item.stacks().end);
    let turn = ends.filter(|&end| end > lowest).min()?;
    (turn < tree.stacks.len() && tree.stacks[turn - 1].extent == least).then_some(turn)
}

/// The values that lead across, outermost first; `None` if two would cross, or end at one level.
fn skips(tree: &StackTree, turn: usize) -> Option<Vec<Skip>> {
    let item = |stack: usize| tree.items.iter().map(|i| i.stacks()).find(|s| s.contains(&stack));
    let across = |&&(from, to): &&(usize, usize)| from < turn && turn <= to;
    let mut edges: Vec<(usize, usize)> = tree.edges.keys().filter(across).copied().collect();
    let lowest = edges.iter().map(|edge| edge.0).max()?;
    edges.retain(|edge| edge.0 != lowest);
    let mut skips: Vec<Skip> = Vec::new();
    for (value, to) in edges {
        let skip = Skip { value, leaves: item(value)?.end, enters: item(to)?.start };
        match skips.last() {
            Some(last) if *last == skip => {}
            Some(last) if last.leaves >= skip.leaves || last.enters <= skip.enters => return None,
            _ => skips.push(skip),
        }
    }
    Some(skips)
}

/// The levels of one way, cut at these places; `None` if more than one value is passed on at one.
fn levels(tree: &StackTree, start: usize, cuts: &[usize], end: usize) -> Option<Vec<Range<usize>>> {
    let mut levels = Vec::new();
    let mut from = start;
    for &at in cuts.iter().filter(|&&at| at > start && at < end) {
        let own = |&&(a, b): &&(usize, usize)| a >= start && a < at && b >= at && b < end;
        let values: BTreeSet<usize> = tree.edges.keys().filter(own).map(|edge| edge.0).collect();
        if values.len() != 1 {
            return None;
        }
        levels.push(from..at);
        from = at;
    }
    levels.push(from..end);
    Some(levels)
}

/// A part of one way, and where its upper edge is.
struct Level {
    part: Fragment,
    top: f64,
}

impl Level {
    fn bottom(&self) -> f64 {
        self.top + self.part.height
    }
}

/// Both ways from top to bottom. The lines across end the levels of the way down, but the lowest,
/// and are in the levels of the way up in the same order.
struct U<'a> {
    tree: &'a StackTree,
    skips: Vec<Skip>,
    down: Vec<Level>,
    up: Vec<Level>,
    /// Where the trunks of both are.
    middles: [f64; 2],
    /// Where each line across is.
    lines: Vec<f64>,
}

impl U<'_> {
    /// Whether each value that leads across is drawn up to all that read it on the way up.
    fn lines_arrive(&self) -> bool {
        self.skips.iter().zip(&self.up).all(|(skip, level)| {
            let turn = self.skips.last().map_or(0, |last| last.enters);
            let readers = self.tree.edges.range((skip.value, turn)..(skip.value + 1, 0));
            let drawn = |to: usize| {
                let mut wires = level.part.layout.wires.iter();
                wires.any(|wire| wire.from == skip.value && wire.to == Some(to))
            };
            let only = level.part.sides.len() == 1 && level.part.sides.contains_key(&skip.value);
            only && readers.map(|(edge, _)| edge.1).all(drawn)
        })
    }

    fn place(&mut self) {
        for (i, skip) in self.skips.iter().enumerate() {
            let below = |way: &[Level]| i.checked_sub(1).map_or(0.0, |b| way[b].bottom() + LEVEL);
            let (down, up) = (&self.down[i].part, &self.up[i].part);
            let side = up.sides.get(&skip.value).copied().unwrap_or(0.0);
            let line = (below(&self.down) + down.height + BRANCH).max(below(&self.up) + side);
            (self.down[i].top, self.up[i].top) = (line - BRANCH - down.height, line - side);
            self.lines.push(line);
        }
        let lowest = self.skips.len();
        for way in [&mut self.down, &mut self.up] {
            if way.len() > lowest {
                way[lowest].top =
                    lowest.checked_sub(1).map_or(0.0, |before| way[before].bottom() + LEVEL);
            }
        }
        let widest = |way: &[Level], side: fn(&Fragment) -> f64| {
            way.iter().map(|level| side(&level.part)).fold(0.0, f64::max)
        };
        let left = widest(&self.down, |part| part.left);
        let right = left + widest(&self.down, |part| part.right) + BETWEEN;
        self.middles = [left, right + widest(&self.up, |part| part.left)];
    }

    fn layout(self, turn: usize) -> NetLayout {
        let [left, right] = self.middles;
        let mut layout = NetLayout::default();
        for (skip, (line, (from, to))) in
            self.skips.iter().zip(self.lines.iter().zip(self.down.iter().zip(&self.up)))
        {
            let x = left + from.part.outs.get(&skip.value).copied().unwrap_or(0.0);
            let points = vec![[x, from.bottom()], [x, *line], [right - to.part.left, *line]];
            layout.wires.push(Wire { from: skip.value, to: None, points, shortcut: true });
        }
        let deepest = |way: &[Level]| way.last().map_or(0.0, Level::bottom);
        let floor = deepest(&self.down).max(deepest(&self.up)) + TURN;
        for pair in self.down.windows(2) {
            let value = pair[1].part.ins.keys().next().copied().unwrap_or(0);
            layout.wires.push(joint(value, left, &pair[0], &pair[1]));
        }
        for pair in self.up.windows(2) {
            let value = pair[0].part.ins.keys().next().copied().unwrap_or(0);
            layout.wires.push(joint(value, right, &pair[0], &pair[1]));
        }
        layout.wires.extend(self.around(turn, floor));
        let farthest = self.up.iter().map(|level| level.part.right).fold(0.0, f64::max);
        layout.size = [right + farthest, floor];
        for (way, middle) in [(self.down, left), (self.up, right)] {
            way.into_iter().for_each(|level| layout.place(level.part.layout, [middle, level.top]));
        }
        layout
    }

    /// The wire from the lowest level of the way down to that of the way up.
    fn around(&self, turn: usize, floor: f64) -> Option<Wire> {
        let (down, up) = (self.down.last()?, self.up.last()?);
        let value =
            self.tree.edges.keys().filter(|e| e.0 < turn && turn <= e.1).map(|e| e.0).max()?;
        let from = self.middles[0] + down.part.outs.get(&value)?;
        let to = self.middles[1] + up.part.ins.get(&value)?;
        let points = vec![[from, down.bottom()], [from, floor], [to, floor], [to, up.bottom()]];
        Some(Wire { from: value, to: None, points, shortcut: false })
    }
}

/// The wire between two levels of one way; a value that goes up leaves the lower one.
fn joint(value: usize, middle: f64, upper: &Level, lower: &Level) -> Wire {
    let end = |level: &Level| {
        let ends = level.part.outs.get(&value).or(level.part.ins.get(&value));
        middle + ends.copied().unwrap_or(0.0)
    };
    let (high, low) = ([end(upper), upper.bottom()], [end(lower), lower.top]);
    let bend = lower.top - LEVEL / 4.0;
    let mut points = vec![high, [high[0], bend], [low[0], bend], low];
    if upper.part.ins.contains_key(&value) {
        points.reverse();
    }
    Wire { from: value, to: None, points, shortcut: false }
}

/// Makes the outermost frames of a way equally wide.
fn align_frames(way: &mut [Level]) {
    let (mut left, mut right) = (0.0f64, 0.0f64);
    for rect in way.iter_mut().flat_map(trunk_frames) {
        (left, right) = (left.max(-rect.x), right.max(rect.x + rect.w));
    }
    for rect in way.iter_mut().flat_map(trunk_frames) {
        (rect.x, rect.w) = (-left, left + right);
    }
}

/// The rectangles of a level's outermost frames that the trunk leads through.
fn trunk_frames(level: &mut Level) -> impl Iterator<Item = &mut Rect> {
    let rects = level.part.layout.frames.iter_mut().filter(|f| f.depth == 0).map(|f| &mut f.rect);
    rects.filter(|rect| rect.x < 0.0 && rect.x + rect.w > 0.0)
}
