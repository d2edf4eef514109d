//! Drawing nets: as SVG, PNG or PDF with netc's own layout, or as text for Graphviz and Mermaid.
//!
//! [`tree()`] makes nested groups from a net's paths, [`layout()`] computes positions, and
//! [`svg()`] writes the picture. Each can be used alone.

mod font;
mod format;
mod label;
pub mod layout;
#[cfg(feature = "cli")]
mod pdf;
#[cfg(feature = "cli")]
mod png;
mod svg;
mod text;
mod tree;

use crate::check::Checked;
use crate::tools::diff::marks;

pub use format::{DrawError, DrawFormat};
pub use label::BoxKind;
pub use layout::{Direction, NetLayout, PageOptions, layout};
#[cfg(feature = "cli")]
pub use pdf::pdf;
#[cfg(feature = "cli")]
pub use png::png;
pub use svg::{side_by_side, svg};
pub use text::{dot, mermaid};
pub use tree::{Fold, Row, Stack, StackGroup, StackTree, TreeItem, TreeOptions, tree};

/// How to draw.
#[derive(Debug, Clone, Copy, Default)]
pub struct DrawOptions {
    /// What is drawn once or as one box.
    pub fold: Fold,
    /// Whether shapes are left out.
    pub hide_shapes: bool,
    /// How the page is filled.
    pub page: PageOptions,
}

/// Draws a net.
pub fn draw(net: &Checked, format: DrawFormat, options: DrawOptions) -> Result<Vec<u8>, DrawError> {
    let DrawOptions { fold, hide_shapes, page } = options;
    let tree = tree(net, &TreeOptions { fold, hide_shapes, ..TreeOptions::default() });
    let picture = || svg(&tree, &layout(&tree, &page), &page);
    match format {
        DrawFormat::Svg => Ok(picture().into_bytes()),
        #[cfg(feature = "cli")]
        DrawFormat::Png => png(&picture()),
        #[cfg(feature = "cli")]
        DrawFormat::Pdf => pdf(&picture()),
        DrawFormat::Dot => Ok(dot(&tree).into_bytes()),
        DrawFormat::Mermaid => Ok(mermaid(&tree).into_bytes()),
    }
}

/// Two nets as SVG trees with what differs marked in both.
fn compared(a: &Checked, b: &Checked, options: &DrawOptions) -> [StackTree; 2] {
    let DrawOptions { fold, hide_shapes, .. } = *options;
    let [first, second] = marks(a, b);
    [(a, first), (b, second)]
        .map(|(net, marks)| tree(net, &TreeOptions { fold, hide_shapes, marks }))
}

/// The pictures of two nets, with what differs marked in both, as one SVG each.
pub fn draw_apart(a: &Checked, b: &Checked, options: &DrawOptions) -> [String; 2] {
    compared(a, b, options).map(|tree| svg(&tree, &layout(&tree, &options.page), &options.page))
}

/// The pictures of two nets side by side as one SVG, with what differs marked in both.
pub fn draw_together(a: &Checked, b: &Checked, options: &DrawOptions) -> String {
    let page = &options.page;
    let trees = compared(a, b, options);
    let [first, second] = trees.each_ref().map(|tree| (tree, layout(tree, page)));
    side_by_side((first.0, &first.1), (second.0, &second.1), page)
}
