//! What has a position in a drawing.

use std::collections::BTreeMap;

use super::flow::Flow;
use crate::graph::op::Category;
use crate::tools::draw::label::BoxKind;
use crate::tools::draw::tree::Stack;

/// A point: to the right, then downwards.
pub type Point = [f64; 2];

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

/// A stack with its position.
#[derive(Debug, Clone)]
pub struct Card {
    /// The stack's number in the tree.
    pub stack: usize,
    /// Its rectangle.
    pub rect: Rect,
    /// Whether its first row is at the bottom.
    pub up: bool,
}

/// The frame of a group.
#[derive(Debug, Clone)]
pub struct GroupFrame {
    /// Its rectangle.
    pub rect: Rect,
    /// The group's title.
    pub title: String,
    /// The group's cost, or nothing.
    pub note: String,
    /// How many frames are around it.
    pub depth: usize,
}

/// A segment of a value's route: the whole route, or up to the border of a group.
#[derive(Debug, Clone)]
pub struct Wire {
    /// The stack that gives the value.
    pub from: usize,
    /// The stack at its end, unless the end is a border.
    pub to: Option<usize>,
    /// Corners of the route; each leg is horizontal or vertical.
    pub points: Vec<Point>,
    /// Whether it passes by ops of the trunk, or only leads to sums.
    pub shortcut: bool,
}

/// A text beside a wire.
#[derive(Debug, Clone)]
pub struct Note {
    /// Its rectangle, from the base line up.
    pub rect: Rect,
    /// The text.
    pub text: String,
}

/// A net with all positions.
#[derive(Debug, Clone, Default)]
pub struct NetLayout {
    /// Whole width and height.
    pub size: Point,
    /// The boxes.
    pub cards: Vec<Card>,
    /// The frames, outer ones first.
    pub frames: Vec<GroupFrame>,
    /// The wires.
    pub wires: Vec<Wire>,
    /// Shapes beside wires.
    pub notes: Vec<Note>,
}

/// Height of a row of a stack.
pub const ROW: f64 = 20.0;
/// Height of a caption.
pub const CAPTION: f64 = 15.0;
/// Size of the text on a box.
pub const TEXT: f64 = 11.0;
/// Size of captions, titles and notes.
pub const SMALL: f64 = 9.0;

/// The height of a stack's box.
pub fn height(stack: &Stack) -> f64 {
    stack.rows.len() as f64 * ROW + if stack.caption.is_some() { CAPTION } else { 0.0 }
}

/// How far along a box a wire enters from its side: at its first row, or in the middle.
pub(super) fn side(stack: &Stack, rect: Rect, flow: Flow) -> f64 {
    match (flow.down(), flow.back) {
        (false, _) => rect.h / 2.0,
        (true, true) => ROW / 2.0,
        (true, false) => ROW / 2.0 + if stack.caption.is_some() { CAPTION } else { 0.0 },
    }
}

pub(super) fn is_join(stack: &Stack) -> bool {
    stack.rows.first().is_some_and(|row| row.kind == BoxKind::Op(Category::Join))
}

/// A part of the layout with its own origin: the top of its trunk.
#[derive(Debug, Clone, Default)]
pub(super) struct Fragment {
    /// Whether it is one framed group.
    pub framed: bool,
    pub left: f64,
    pub right: f64,
    pub height: f64,
    /// Where values enter at the top and leave at the bottom, by the stack that gives them.
    pub ins: BTreeMap<usize, f64>,
    pub outs: BTreeMap<usize, f64>,
    /// How far along values enter from the left side.
    pub sides: BTreeMap<usize, f64>,
    pub layout: NetLayout,
}

impl Fragment {
    /// The part turned around, so that it leads back.
    pub(super) fn reversed(mut self) -> Fragment {
        let length = self.height;
        self.layout.map(|[x, y]| [x, length - y], |r| Rect { y: length - r.y - r.h, ..r });
        self.sides.values_mut().for_each(|y| *y = length - *y);
        self
    }
}

impl NetLayout {
    /// Exchanges both directions.
    pub(super) fn transpose(&mut self) {
        self.size = [self.size[1], self.size[0]];
        self.map(|[x, y]| [y, x], |r| Rect { x: r.y, y: r.x, w: r.h, h: r.w });
    }

    fn map(&mut self, point: impl Fn(Point) -> Point, rect: impl Fn(Rect) -> Rect) {
        self.cards.iter_mut().for_each(|card| card.rect = rect(card.rect));
        self.frames.iter_mut().for_each(|frame| frame.rect = rect(frame.rect));
        self.notes.iter_mut().for_each(|note| note.rect = rect(note.rect));
        let points = self.wires.iter_mut().flat_map(|wire| &mut wire.points);
        points.for_each(|at| *at = point(*at));
    }

    /// Adds another layout, shifted.
    pub(super) fn place(&mut self, mut other: NetLayout, [dx, dy]: Point) {
        other
            .map(|[x, y]| [x + dx, y + dy], |rect| Rect { x: rect.x + dx, y: rect.y + dy, ..rect });
        self.cards.append(&mut other.cards);
        self.frames.append(&mut other.frames);
        self.wires.append(&mut other.wires);
        self.notes.append(&mut other.notes);
    }
}
