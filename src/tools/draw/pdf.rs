//! A picture as PDF: one page with the same lines and areas. Texts are outlines, so that no font
//! is needed.

use std::collections::BTreeSet;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::writers::ExtGraphicsState;
use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Rect, Ref};
use resvg::tiny_skia::{PathSegment, Point};
use resvg::usvg::{FillRule, Group, Node, Opacity, Paint, PaintOrder, Path};

use super::format::DrawError;
use super::png::parse;

/// Points per pixel.
const SCALE: f32 = 0.75;

/// Writes an SVG of [`super::svg()`] as PDF.
pub fn pdf(svg: &str) -> Result<Vec<u8>, DrawError> {
    let tree = parse(svg)?;
    let [w, h] = [tree.size().width() * SCALE, tree.size().height() * SCALE];
    let mut drawing = Drawing { content: Content::new(), opacities: BTreeSet::new() };
    // In PDF, y grows upwards.
    drawing.content.transform([SCALE, 0.0, 0.0, -SCALE, 0.0, h]);
    drawing.group(tree.root())?;
    let [catalog, pages, page, content] = [1, 2, 3, 4].map(Ref::new);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page]).count(1);
    let mut only = pdf.page(page);
    only.parent(pages).media_box(Rect::new(0.0, 0.0, w, h)).contents(content);
    let mut resources = only.resources();
    let mut states = resources.ext_g_states();
    for percent in drawing.opacities {
        let opacity = f32::from(percent) / 100.0;
        let state = states.insert(Name(name(percent).as_bytes()));
        let mut state = state.start::<ExtGraphicsState>();
        state.stroking_alpha(opacity).non_stroking_alpha(opacity);
    }
    states.finish();
    resources.finish();
    only.finish();
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    let packed = packed.write_all(&drawing.content.finish()).and_then(|()| packed.finish());
    let packed = packed.map_err(|e| DrawError::Render(e.to_string()))?;
    pdf.stream(content, &packed).filter(Filter::FlateDecode);
    Ok(pdf.finish())
}

/// What is drawn, and the opacities in use, in percent.
struct Drawing {
    content: Content,
    opacities: BTreeSet<u8>,
}

impl Drawing {
    fn group(&mut self, group: &Group) -> Result<(), DrawError> {
        if group.clip_path().is_some() || group.mask().is_some() || !group.filters().is_empty() {
            return Err(DrawError::Render("a PDF has neither clips nor filters".into()));
        }
        for node in group.children() {
            match node {
                Node::Group(inner) => self.group(inner)?,
                Node::Path(path) => self.path(path)?,
                Node::Text(text) => self.group(text.flattened())?,
                Node::Image(_) => {
                    return Err(DrawError::Render("a PDF holds no pixels".into()));
                }
            }
        }
        Ok(())
    }

    fn path(&mut self, path: &Path) -> Result<(), DrawError> {
        let t = path.abs_transform();
        self.content.save_state();
        self.content.transform([t.sx, t.ky, t.kx, t.sy, t.tx, t.ty]);
        match path.paint_order() {
            PaintOrder::FillAndStroke => {
                self.fill(path)?;
                self.stroke(path)?;
            }
            PaintOrder::StrokeAndFill => {
                self.stroke(path)?;
                self.fill(path)?;
            }
        }
        self.content.restore_state();
        Ok(())
    }

    fn fill(&mut self, path: &Path) -> Result<(), DrawError> {
        let Some(fill) = path.fill() else { return Ok(()) };
        let [r, g, b] = colour(fill.paint())?;
        self.opacity(fill.opacity());
        self.content.set_fill_rgb(r, g, b);
        self.outline(path);
        match fill.rule() {
            FillRule::NonZero => self.content.fill_nonzero(),
            FillRule::EvenOdd => self.content.fill_even_odd(),
        };
        Ok(())
    }

    fn stroke(&mut self, path: &Path) -> Result<(), DrawError> {
        let Some(stroke) = path.stroke() else { return Ok(()) };
        let [r, g, b] = colour(stroke.paint())?;
        self.opacity(stroke.opacity());
        self.content.set_stroke_rgb(r, g, b).set_line_width(stroke.width().get());
        let dashes = stroke.dasharray().unwrap_or_default().iter().copied();
        self.content.set_dash_pattern(dashes, stroke.dashoffset());
        self.outline(path);
        self.content.stroke();
        Ok(())
    }

    fn opacity(&mut self, opacity: Opacity) {
        let percent = (opacity.get() * 100.0).round() as u8;
        self.opacities.insert(percent);
        self.content.set_parameters(Name(name(percent).as_bytes()));
    }

    fn outline(&mut self, path: &Path) {
        let content = &mut self.content;
        let mut at = [0.0; 2];
        for segment in path.data().segments() {
            match segment {
                PathSegment::MoveTo(p) => {
                    at = rounded(p);
                    content.move_to(at[0], at[1]);
                }
                PathSegment::LineTo(p) => {
                    at = rounded(p);
                    content.line_to(at[0], at[1]);
                }
                PathSegment::QuadTo(c, p) => {
                    // A cubic curve with both control points two thirds of the way to the one.
                    let (c, end) = (rounded(c), rounded(p));
                    let towards = |e: [f32; 2]| {
                        [0, 1].map(|i| ((e[i] + (c[i] - e[i]) / 1.5) * 100.0).round() / 100.0)
                    };
                    let [a, b] = [at, end].map(towards);
                    content.cubic_to(a[0], a[1], b[0], b[1], end[0], end[1]);
                    at = end;
                }
                PathSegment::CubicTo(a, b, p) => {
                    let [a, b, end] = [a, b, p].map(rounded);
                    content.cubic_to(a[0], a[1], b[0], b[1], end[0], end[1]);
                    at = end;
                }
                PathSegment::Close => {
                    content.close_path();
                }
            }
        }
    }
}

/// A point to a hundredth of a pixel.
fn rounded(point: Point) -> [f32; 2] {
    [point.x, point.y].map(|at| (at * 100.0).round() / 100.0)
}

fn colour(paint: &Paint) -> Result<[f32; 3], DrawError> {
    match paint {
        Paint::Color(colour) => {
            Ok([colour.red, colour.green, colour.blue].map(|part| f32::from(part) / 255.0))
        }
        _ => Err(DrawError::Render("a PDF has plain colours alone".into())),
    }
}

/// The name of an opacity among the page's resources.
fn name(percent: u8) -> String {
    format!("a{percent}")
}
