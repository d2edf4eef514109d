//! The layout of a picture.
//!
//! Each group is laid out separately: its items in rows (longest path) and lanes (the trunk is
//! lane 0), wires only in the gaps between rows, in the channels beside lanes, and in lanes where
//! no item is in the way. A wire enters a group at its top and leaves it at its bottom, at a port.
//! So no wire can cross a box that is not its own, at any depth. Columns of stages make a page; a
//! net that goes down and up is a U.

mod columns;
mod cuts;
mod flow;
mod group;
mod lanes;
mod page;
mod positions;
mod route;
mod sizes;
mod unet;

use super::tree::StackTree;

pub use flow::Direction;
pub use page::PageOptions;
pub use positions::{
    CAPTION, Card, GroupFrame, NetLayout, Note, Point, ROW, Rect, SMALL, TEXT, Wire, height,
};
pub(super) use sizes::TITLE_GAP;

/// Lays out a tree as a page.
pub fn layout(tree: &StackTree, options: &PageOptions) -> NetLayout {
    page::page(tree, options)
}
