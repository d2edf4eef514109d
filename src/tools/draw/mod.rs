//! Drawing nets: as SVG or PNG with netc's own layout, or as text for Graphviz and Mermaid.
//!
//! [`tree()`] makes nested groups from a net's paths, [`layout()`] computes positions, and [`svg`]
//! writes the picture. Each can be used alone.

mod format;
mod label;
pub mod layout;
#[cfg(feature = "cli")]
mod png;
mod svg;
mod text;
mod tree;

use crate::check::Checked;

pub use format::{DrawError, DrawFormat};
pub use label::BoxKind;
pub use layout::{NetLayout, layout};
#[cfg(feature = "cli")]
pub use png::png;
pub use svg::svg;
pub use text::{dot, mermaid};
pub use tree::{Row, Stack, StackGroup, StackTree, TreeItem, tree};

/// How to draw.
#[derive(Debug, Clone, Copy, Default)]
pub struct DrawOptions {
    /// An outermost block call becomes one box.
    pub collapse: bool,
    /// The number of columns of stages; `None` for what fits a page best.
    pub columns: Option<usize>,
}

/// Draws a net.
pub fn draw(net: &Checked, format: DrawFormat, options: DrawOptions) -> Result<Vec<u8>, DrawError> {
    let tree = tree(net, options.collapse);
    let picture = || svg(&tree, &layout(&tree, options.columns));
    match format {
        DrawFormat::Svg => Ok(picture().into_bytes()),
        #[cfg(feature = "cli")]
        DrawFormat::Png => png(&picture()),
        DrawFormat::Dot => Ok(dot(&tree).into_bytes()),
        DrawFormat::Mermaid => Ok(mermaid(&tree).into_bytes()),
    }
}
