//! Drawing nets: as SVG or PNG with netc's own layout, or as text for Graphviz and Mermaid.
//!
//! [`tree()`] makes nested groups from a net's paths, [`layout()`] computes positions, and [`svg`]
//! writes the picture. Each can be used alone.

mod label;
pub mod layout;
#[cfg(feature = "cli")]
mod png;
mod svg;
mod text;
mod tree;

use crate::check::Checked;

pub use label::Role;
pub use layout::{Picture, layout};
#[cfg(feature = "cli")]
pub use png::png;
pub use svg::svg;
pub use text::{dot, mermaid};
pub use tree::{Group, Item, Row, Stack, Tree, tree};

/// The format of a drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A picture for pages.
    Svg,
    /// A picture for everything else.
    #[cfg(feature = "cli")]
    Png,
    /// Text for Graphviz.
    Dot,
    /// Text for Mermaid, which GitHub shows.
    Mermaid,
}

impl Format {
    /// The format for the extension of a file.
    pub fn of_extension(extension: &str) -> Option<Format> {
        match extension {
            "svg" => Some(Format::Svg),
            #[cfg(feature = "cli")]
            "png" => Some(Format::Png),
            "dot" | "gv" => Some(Format::Dot),
            "mmd" => Some(Format::Mermaid),
            _ => None,
        }
    }
}

/// How to draw.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// An outermost block call becomes one box.
    pub collapse: bool,
    /// The number of columns of stages; `None` for what fits a page best.
    pub columns: Option<usize>,
}

/// Why a picture cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// The SVG cannot be rendered to pixels.
    #[error("the picture cannot be rendered: {0}")]
    Render(String),
}

/// Draws a net.
pub fn draw(net: &Checked, format: Format, options: Options) -> Result<Vec<u8>, DrawError> {
    let tree = tree(net, options.collapse);
    let picture = || svg(&tree, &layout(&tree, options.columns));
    match format {
        Format::Svg => Ok(picture().into_bytes()),
        #[cfg(feature = "cli")]
        Format::Png => png(&picture()),
        Format::Dot => Ok(dot(&tree).into_bytes()),
        Format::Mermaid => Ok(mermaid(&tree).into_bytes()),
    }
}
