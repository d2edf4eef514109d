//! The layout of a picture.
//!
//! Each group is laid out separately: its items in rows (longest path) and lanes (the trunk is
//! lane 0), wires only in the gaps between rows, in the channels beside lanes, and in lanes where
//! no item is in the way. A wire enters a group at its top and leaves it at its bottom, at a port.
//! So no wire can cross a box that is not its own, at any depth.

mod group;
mod lanes;
mod page;
mod positions;
mod route;
mod sizes;

use super::tree::StackTree;

pub use positions::{
    CAPTION, Card, GroupFrame, NetLayout, Note, Point, ROW, Rect, SMALL, TEXT, Wire, height,
};

/// Lays out a tree in columns; without a number, in as many as make the picture fit a page.
pub fn layout(tree: &StackTree, columns: Option<usize>) -> NetLayout {
    page::page(tree, columns)
}
