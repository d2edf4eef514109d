//! Rendering an SVG as PNG, with a bundled font, because a machine may have none.

use resvg::{tiny_skia, usvg};

use super::format::DrawError;

/// Scale from SVG to PNG pixels, and the maximum along one side.
const SCALE: f32 = 2.0;
const MOST: f32 = 16_000.0;

/// An SVG of [`super::svg()`] as shapes, its texts in the bundled font.
pub(super) fn parse(svg: &str) -> Result<usvg::Tree, DrawError> {
    let mut options = usvg::Options { font_family: "Inter".into(), ..usvg::Options::default() };
    let fonts = options.fontdb_mut();
    fonts.load_font_data(include_bytes!("font/Inter-Regular.ttf").to_vec());
    fonts.load_font_data(include_bytes!("font/Inter-SemiBold.ttf").to_vec());
    usvg::Tree::from_str(svg, &options).map_err(|e| DrawError::Render(e.to_string()))
}

/// Renders an SVG of [`super::svg()`].
pub fn png(svg: &str) -> Result<Vec<u8>, DrawError> {
    let tree = parse(svg)?;
    let size = tree.size();
    let scale = SCALE.min(MOST / size.width().max(size.height()));
    let [w, h] = [size.width(), size.height()].map(|side| (side * scale).ceil() as u32);
    let mut pixels =
        tiny_skia::Pixmap::new(w, h).ok_or(DrawError::Render(format!("{w} by {h} pixels")))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|e| DrawError::Render(e.to_string()))
}
