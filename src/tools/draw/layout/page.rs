//! The whole page: a net that goes down and up as a U, every other one in columns.

use super::columns;
use super::flow::{Direction, Flow};
use super::group::Builder;
use super::positions::{NetLayout, Point};
use super::unet;
use crate::tools::draw::tree::StackTree;

/// Space around everything, and for title and legend.
const MARGIN: f64 = 22.0;
const TITLE: f64 = 40.0;
const LEGEND: f64 = 26.0;

/// How a page is to be filled.
#[derive(Debug, Clone, Copy, Default)]
pub struct PageOptions {
    /// Where the trunk leads.
    pub direction: Direction,
    /// The number of columns, or of rows if the trunk leads to the right; `None` for what fits a
    /// page best.
    pub columns: Option<usize>,
    /// Whether the title is left out.
    pub hide_title: bool,
    /// Whether the legend is left out.
    pub hide_legend: bool,
}

pub(super) fn page(tree: &StackTree, options: &PageOptions) -> NetLayout {
    let flow = Flow::ahead(options.direction);
    let shaped = options.columns.is_none().then(|| unet::unet(tree, flow)).flatten();
    let inner = shaped.unwrap_or_else(|| columns::fill(&Builder::new(tree, flow), options.columns));
    let above = MARGIN + if options.hide_title { 0.0 } else { TITLE };
    let below = MARGIN + if options.hide_legend { 0.0 } else { LEGEND };
    let mut layout = NetLayout { size: inner.size, ..NetLayout::default() };
    let [w, h]: Point = inner.size;
    layout.place(inner, [MARGIN, above]);
    layout.size = [(w + 2.0 * MARGIN).ceil(), (h + above + below).ceil()];
    layout
}
