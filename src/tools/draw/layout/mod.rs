//! The layout of a picture.
//!
//! Each group is laid out separately: its items in rows (longest path) and lanes (the trunk is
//! lane 0), wires only in the gaps between rows, in the channels beside lanes, and in lanes where
//! no item is in the way. A wire enters a group at its top and leaves it at its bottom, at a port.
//! So no wire can cross a box that is not its own, at any depth.

mod group;
mod lanes;
mod page;
mod route;
mod sizes;

use std::collections::BTreeMap;

use super::label::Role;
use super::tree::{Stack, Tree};

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
pub struct Frame {
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
pub struct Picture {
    /// Whole width and height.
    pub size: Point,
    /// The boxes.
    pub cards: Vec<Card>,
    /// The frames, outer ones first.
    pub frames: Vec<Frame>,
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

/// Lays out a tree in columns; without a number, in as many as make the picture fit a page.
pub fn layout(tree: &Tree, columns: Option<usize>) -> Picture {
    page::page(tree, columns)
}

/// The height of a stack's box.
pub fn height(stack: &Stack) -> f64 {
    stack.rows.len() as f64 * ROW + if stack.caption.is_some() { CAPTION } else { 0.0 }
}

/// The height in a box at which a wire enters from its side.
fn side(stack: &Stack) -> f64 {
    ROW / 2.0 + if stack.caption.is_some() { CAPTION } else { 0.0 }
}

fn is_join(stack: &Stack) -> bool {
    stack.rows.first().is_some_and(|row| row.role == Role::Join)
}

/// A part of the picture with its own origin: the top of its trunk.
#[derive(Debug, Clone, Default)]
struct Part {
    /// Whether it is one framed group.
    framed: bool,
    left: f64,
    right: f64,
    height: f64,
    /// Where values enter at the top and leave at the bottom, by the stack that gives them.
    ins: BTreeMap<usize, f64>,
    outs: BTreeMap<usize, f64>,
    picture: Picture,
}

impl Picture {
    /// Adds another picture, shifted.
    fn place(&mut self, other: Picture, [dx, dy]: Point) {
        let moved = |rect: Rect| Rect { x: rect.x + dx, y: rect.y + dy, ..rect };
        let shift = |[x, y]: Point| [x + dx, y + dy];
        self.cards.extend(other.cards.into_iter().map(|c| Card { rect: moved(c.rect), ..c }));
        self.frames.extend(other.frames.into_iter().map(|f| Frame { rect: moved(f.rect), ..f }));
        self.notes.extend(other.notes.into_iter().map(|n| Note { at: shift(n.at), ..n }));
        let wires = other.wires.into_iter();
        self.wires.extend(
            wires.map(|w| Wire { points: w.points.iter().map(|&p| shift(p)).collect(), ..w }),
        );
    }
}
