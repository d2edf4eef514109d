//! The sizes of one group's grid, and the positions of everything in it.

use std::collections::BTreeMap;

use super::flow::Flow;
use super::lanes::Cell;
use super::positions::{Fragment, GroupFrame, Note, Point, Rect, SMALL, Wire, side};
use super::route::{Grid, Routed, X, Y};
use crate::tools::draw::font::{Weight, width};
use crate::tools::draw::tree::StackTree;

const PAD: f64 = 8.0;
const HEADER: f64 = 17.0;
/// Length of a gap, what it has besides a text in it, and what each further track adds.
const GAP: f64 = 15.0;
const NOTE_ROOM: f64 = 12.0;
const LEVEL: f64 = 7.0;
/// Room for the end of a wire at the top of a column.
const ENTRY: f64 = 7.0;
/// Width between lanes, and what each track adds.
const LANE_GAP: f64 = 12.0;
/// Between the title of a frame and its cost.
pub(in crate::tools::draw) const TITLE_GAP: f64 = 6.0;
const TRACK: f64 = 9.0;

/// The heading of a frame, and how many frames are around it.
#[derive(Clone, Copy)]
pub(super) struct FrameHead<'a> {
    pub title: &'a str,
    pub note: &'a str,
    pub depth: usize,
}

/// Every row, lane, channel and gap with its size.
pub(super) struct Sizes {
    flow: Flow,
    /// From the middle of the first lane to the left border.
    left: f64,
    cells: Vec<Cell>,
    /// Left and right extent of each lane, and where its middle is.
    lanes: Vec<(f64, f64)>,
    middles: Vec<f64>,
    /// Width of the channel to the right of all lanes, with the border's.
    right: f64,
    /// Upper edge and height of each row.
    rows: Vec<(f64, f64)>,
    /// Upper edge of each gap.
    gaps: Vec<f64>,
    height: f64,
}

impl Sizes {
    pub(super) fn new(
        flow: Flow,
        grid: &Grid,
        cells: &[Cell],
        parts: &[Fragment],
        notes: &BTreeMap<usize, (usize, String)>,
        head: Option<FrameHead>,
        entry: bool,
    ) -> Sizes {
        let mut lanes = vec![(0.0f64, 0.0f64); grid.lanes];
        let mut heights = vec![0.0f64; grid.rows];
        for (cell, part) in cells.iter().zip(parts) {
            let lane = &mut lanes[cell.lane];
            *lane = (lane.0.max(part.left), lane.1.max(part.right));
            heights[cell.row] = heights[cell.row].max(part.height);
        }
        let beside =
            notes.values().map(|(_, text)| flow.across_and_along(note_size(text))[0] + 8.0);
        // Wires enter at the middle of the first lane or to the right of it.
        let title = head.filter(|_| flow.down()).map(|head| title_width(&head) + 11.0);
        lanes[0].0 = beside.chain(title).fold(lanes[0].0, f64::max);
        let mut middles = vec![0.0];
        for l in 1..grid.lanes {
            let between = channel(grid.tracks(l - 1)).max(LANE_GAP);
            middles.push(middles[l - 1] + lanes[l - 1].1 + between + lanes[l].0);
        }
        let right = channel(grid.tracks(grid.lanes - 1));
        let mut noted: BTreeMap<usize, f64> = BTreeMap::new();
        for (item, (_, text)) in notes {
            let length = flow.across_and_along(note_size(text))[1] + NOTE_ROOM;
            let widest = noted.entry(cells[*item].row + 1).or_insert(length);
            *widest = widest.max(length);
        }
        let [before, after] = head_room(flow, head.is_some());
        let mut y = before;
        let (mut rows, mut gaps) = (Vec::new(), Vec::new());
        for gap in 0..=grid.rows {
            gaps.push(y);
            let outer = gap == 0 || gap == grid.rows;
            let base = match noted.get(&gap) {
                Some(length) => *length,
                None if outer && head.is_none() => {
                    if gap == 0 && entry {
                        ENTRY
                    } else {
                        0.0
                    }
                }
                None if outer => PAD - 3.0,
                None => GAP,
            };
            let tracks = match grid.levels(gap) {
                0 => 0.0,
                n => 18.0 + LEVEL * (n - 1) as f64,
            };
            y += base.max(tracks);
            if let Some(&height) = heights.get(gap) {
                rows.push((y, height));
                y += height;
            }
        }
        let title = head.filter(|_| !flow.down()).map(|head| title_width(&head) + 2.0 * PAD);
        let frame = if head.is_some() { PAD } else { 0.0 };
        let above = if head.is_some() && !flow.down() { HEADER - 3.0 } else { 0.0 };
        Sizes {
            flow,
            left: lanes[0].0 + frame + above,
            cells: cells.to_vec(),
            lanes,
            middles,
            right: right + frame,
            rows,
            gaps,
            height: (y + after).max(title.unwrap_or(0.0)),
        }
    }

    fn top(&self, item: usize, part: &Fragment) -> f64 {
        let (y, height) = self.rows[self.cells[item].row];
        y + (height - part.height) / 2.0
    }

    fn point(&self, tree: &StackTree, parts: &[Fragment], x: X, y: Y) -> Point {
        let x = match x {
            X::Lane(lane, dx) => self.middles[lane] + dx,
            X::Track(lane, track) => {
                self.middles[lane] + self.lanes[lane].1 + LANE_GAP - 2.0 + TRACK * track as f64
            }
            X::Edge(item, right) => {
                let part = &parts[item];
                self.middles[self.cells[item].lane] + if right { part.right } else { -part.left }
            }
            X::Border => -self.left,
        };
        let y = match y {
            Y::Top => 0.0,
            Y::Above(item) => self.top(item, &parts[item]),
            Y::Below(item) => self.top(item, &parts[item]) + parts[item].height,
            Y::Side(item) => {
                let card = parts[item].layout.cards.first();
                let inside = card.map_or(0.0, |c| side(&tree.stacks[c.stack], c.rect, self.flow));
                self.top(item, &parts[item]) + inside
            }
            Y::Within(item, value) => {
                let inside = parts[item].sides.get(&value).copied().unwrap_or(0.0);
                self.top(item, &parts[item]) + inside
            }
            Y::Gap(gap, level) => self.gaps[gap] + 8.0 + LEVEL * level as f64,
            Y::Bottom => self.height,
        };
        [x, y]
    }

    pub(super) fn assemble(
        &self,
        tree: &StackTree,
        parts: Vec<Fragment>,
        routed: Vec<Routed>,
        notes: BTreeMap<usize, (usize, String)>,
        head: Option<FrameHead>,
    ) -> Fragment {
        let last = self.lanes.len() - 1;
        let mut out = Fragment {
            left: self.left,
            right: self.middles[last] + self.lanes[last].1 + self.right,
            height: self.height,
            framed: head.is_some(),
            ..Fragment::default()
        };
        if let Some(FrameHead { title, note, depth }) = head {
            let rect = Rect { x: -out.left, y: 0.0, w: out.left + out.right, h: out.height };
            let (title, note) = (title.to_string(), note.to_string());
            out.layout.frames.push(GroupFrame { rect, title, note, depth });
        }
        for routed in routed {
            let points: Vec<Point> =
                routed.way.iter().map(|&(x, y)| self.point(tree, &parts, x, y)).collect();
            match (routed.way.first(), routed.way.last()) {
                (Some((_, Y::Top)), Some((_, Y::Bottom))) | (None, _) | (_, None) => {}
                (Some((X::Border, _)), _) => drop(out.sides.insert(routed.value, points[0][1])),
                (Some((_, Y::Top)), Some(_)) => drop(out.ins.insert(routed.value, points[0][0])),
                (Some(_), Some((_, Y::Bottom))) => {
                    out.outs.insert(routed.value, points[points.len() - 1][0]);
                }
                (Some(_), Some(_)) => {}
            }
            let (from, to, shortcut) = (routed.value, routed.to, routed.shortcut);
            out.layout.wires.push(Wire { from, to, points, shortcut });
        }
        for (item, (value, text)) in notes {
            let beside = parts[item].outs[&value];
            // Beside the trunk there are the tracks of other values.
            if beside == 0.0 {
                let from = self.point(tree, &parts, X::Lane(0, beside), Y::Below(item));
                out.layout.notes.push(self.note(from, text));
            }
        }
        let mut frames = vec![(0.0f64, 0.0f64); self.lanes.len()];
        for (cell, part) in self.cells.iter().zip(&parts).filter(|(_, part)| part.framed) {
            let widest = &mut frames[cell.lane];
            *widest = (widest.0.max(part.left), widest.1.max(part.right));
        }
        for (item, mut part) in parts.into_iter().enumerate() {
            let (left, right) = frames[self.cells[item].lane];
            let top = self.top(item, &part);
            if let Some(frame) = part.layout.frames.first_mut().filter(|_| part.framed) {
                frame.rect.x = -left;
                frame.rect.w = left + right;
            }
            out.layout.place(part.layout, [self.middles[self.cells[item].lane], top]);
        }
        out
    }

    /// A text beside the wire that leaves an item there: to its left, or above it.
    fn note(&self, [x, y]: Point, text: String) -> Note {
        let [w, h] = self.flow.across_and_along(note_size(&text));
        let along = if self.flow.up() { 6.0 } else { 4.0 };
        Note { rect: Rect { x: x - 4.0 - w, y: y + along, w, h }, text }
    }
}

/// Width and height of a text beside a wire.
fn note_size(text: &str) -> Point {
    [width(text, SMALL, Weight::Regular), SMALL]
}

fn title_width(head: &FrameHead) -> f64 {
    let space = if head.note.is_empty() { 0.0 } else { TITLE_GAP };
    width(head.title, SMALL, Weight::SemiBold) + space + width(head.note, SMALL, Weight::Regular)
}

/// Room along a frame before what is in it, and behind it: for the title, which is at the top.
fn head_room(flow: Flow, framed: bool) -> [f64; 2] {
    match (framed, flow.down(), flow.back) {
        (false, ..) => [0.0, 0.0],
        (true, false, _) => [3.0, 3.0],
        (true, true, false) => [HEADER, 3.0],
        (true, true, true) => [3.0, HEADER],
    }
}

fn channel(tracks: usize) -> f64 {
    if tracks == 0 { 0.0 } else { 2.0 * LANE_GAP - 6.0 + TRACK * (tracks - 1) as f64 }
}
