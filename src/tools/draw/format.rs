/// The format of a drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrawFormat {
    /// A picture for pages.
    Svg,
    /// A picture for everything else.
    #[cfg(feature = "cli")]
    Png,
    /// A picture for print.
    #[cfg(feature = "cli")]
    Pdf,
    /// Text for Graphviz.
    Dot,
    /// Text for Mermaid, which GitHub shows.
    Mermaid,
}

impl DrawFormat {
    /// The format for the extension of a file.
    pub fn of_extension(extension: &str) -> Option<DrawFormat> {
        match extension {
            "svg" => Some(DrawFormat::Svg),
            #[cfg(feature = "cli")]
            "png" => Some(DrawFormat::Png),
            #[cfg(feature = "cli")]
            "pdf" => Some(DrawFormat::Pdf),
            "dot" | "gv" => Some(DrawFormat::Dot),
            "mmd" => Some(DrawFormat::Mermaid),
            _ => None,
        }
    }
}

/// Why a picture cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// The SVG cannot be rendered.
    #[error("the picture cannot be rendered: {0}")]
    Render(String),
}
