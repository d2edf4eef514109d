//! A net as a picture: as SVG or PNG with a layout of our own, or as text for Graphviz and Mermaid.
//!
//! [`tree()`] makes nested groups of a net's paths, [`layout()`] gives everything its place, and
//! [`svg`] writes that down. Each can be had alone.

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

/// What a drawing is written as.
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
    /// In how many columns the stages stand; `None` for what fits a page best.
    pub columns: Option<usize>,
}

/// Why a picture cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// The picture as SVG cannot be turned into pixels.
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
