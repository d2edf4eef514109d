//! What has a position in a drawing.

use std::collections::BTreeMap;

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
    /// Whether it only leads to joins, beside the trunk.
    pub shortcut: bool,
}

/// A text beside a wire; its place is the lower right corner.
#[derive(Debug, Clone)]
pub struct Note {
    /// The lower right corner.
    pub at: Point,
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

/// The height in a box at which a wire enters from its side.
pub(super) fn side(stack: &Stack) -> f64 {
    ROW / 2.0 + if stack.caption.is_some() { CAPTION } else { 0.0 }
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
    pub layout: NetLayout,
}

impl NetLayout {
    /// Adds another layout, shifted.
    pub(super) fn place(&mut self, other: NetLayout, [dx, dy]: Point) {
        let moved = |rect: Rect| Rect { x: rect.x + dx, y: rect.y + dy, ..rect };
        let shift = |[x, y]: Point| [x + dx, y + dy];
        self.cards.extend(other.cards.into_iter().map(|c| Card { rect: moved(c.rect), ..c }));
        self.frames
            .extend(other.frames.into_iter().map(|f| GroupFrame { rect: moved(f.rect), ..f }));
        self.notes.extend(other.notes.into_iter().map(|n| Note { at: shift(n.at), ..n }));
        let wires = other.wires.into_iter();
        self.wires.extend(
            wires.map(|w| Wire { points: w.points.iter().map(|&p| shift(p)).collect(), ..w }),
        );
    }
}
