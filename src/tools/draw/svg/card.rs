//! Boxes: a stack of rows, each an op, with a caption above.

use std::fmt::{Result, Write as _};

use super::length;
use crate::graph::op::Category;
use crate::tools::diff::Mark;
use crate::tools::draw::font::Weight;
use crate::tools::draw::label::BoxKind;
use crate::tools::draw::layout::{CAPTION, Card, Point, ROW, Rect, SMALL, TEXT};
use crate::tools::draw::tree::{Row, StackTree};
use crate::tools::markup::xml as escape;

const RADIUS: f64 = 5.0;

/// The name and the colour of a mark.
pub(super) fn mark(mark: Mark) -> (&'static str, &'static str) {
    match mark {
        Mark::Added => ("added", "#15803d"),
        Mark::Removed => ("removed", "#b91c1c"),
        Mark::Changed => ("changed", "#c2410c"),
    }
}

pub(super) fn draw(out: &mut String, tree: &StackTree, card: &Card) -> Result {
    let (stack, rect) = (&tree.stacks[card.stack], card.rect);
    if let ([row], None) = (stack.rows.as_slice(), &stack.caption) {
        return single(out, row, rect);
    }
    outline(out, rect, "#ffffff", "none")?;
    let mut y = rect.y;
    if let Some(caption) = &stack.caption {
        writeln!(
            out,
            r#"    <text class="c" x="{:.1}" y="{:.1}" {}>{}</text>"#,
            rect.x + 6.0,
            y + 11.0,
            length(caption, SMALL, Weight::SemiBold),
            escape(caption)
        )?;
        y += CAPTION;
    }
    let mut rows: Vec<&Row> = stack.rows.iter().collect();
    if card.up {
        rows.reverse();
    }
    for (i, row) in rows.iter().enumerate() {
        let place = Rect { y, h: ROW, ..rect };
        let (top, bottom) = (i == 0 && stack.caption.is_none(), i + 1 == rows.len());
        let path = plate(place, top, bottom);
        line(out, row, place, &format!(r#"<path class="{}" d="{path}"/>"#, row.kind.class()))?;
        if i > 0 {
            writeln!(
                out,
                r##"    <path d="M{:.1} {y:.1} h{:.1}" stroke="#ffffff"/>"##,
                rect.x, rect.w
            )?;
        }
        y += ROW;
    }
    outline(out, rect, "none", "#94a3b8")?;
    let first = rect.y + rect.h - ROW * rows.len() as f64;
    for (i, row) in rows.iter().enumerate() {
        marked(out, row, Rect { y: first + ROW * i as f64, h: ROW, ..rect }, RADIUS)?;
    }
    Ok(())
}

/// A box of one op.
fn single(out: &mut String, row: &Row, rect: Rect) -> Result {
    let round = matches!(row.kind, BoxKind::Op(Category::Join | Category::Io));
    let radius = if round { ROW / 2.0 } else { RADIUS };
    let [_, border, _] = row.kind.colours();
    let Rect { x, y, w, h } = rect;
    let shape = format!(
        r#"<rect class="{}" x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" rx="{radius}" stroke="{border}"/>"#,
        row.kind.class()
    );
    line(out, row, rect, &shape)?;
    marked(out, row, rect, radius)
}

fn line(out: &mut String, row: &Row, rect: Rect, shape: &str) -> Result {
    let text = format!(
        r#"<text class="t {}t" x="{:.1}" y="{:.1}" {}>{}</text>"#,
        row.kind.class(),
        rect.x + rect.w / 2.0,
        rect.y + 14.0,
        length(&row.text, TEXT, Weight::Regular),
        escape(&row.text)
    );
    writeln!(out, "    <g><title>{}</title>{shape}{text}</g>", escape(&row.tip))
}

/// A coloured border and a sign for a row that differs.
fn marked(out: &mut String, row: &Row, rect: Rect, radius: f64) -> Result {
    let Some(mark) = row.mark else { return Ok(()) };
    let ((_, colour), Rect { x, y, w, h }) = (self::mark(mark), rect);
    let sign = match mark {
        Mark::Added => "+",
        Mark::Removed => "-",
        Mark::Changed => "~",
    };
    writeln!(
        out,
        r#"    <rect x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" rx="{radius}" fill="none" stroke="{colour}" stroke-width="2.2"/><text x="{:.1}" y="{:.1}" font-size="{TEXT}" font-weight="600" fill="{colour}" {}>{sign}</text>"#,
        x + 5.0,
        y + 14.0,
        length(sign, TEXT, Weight::SemiBold)
    )
}

fn outline(out: &mut String, rect: Rect, fill: &str, stroke: &str) -> Result {
    writeln!(
        out,
        r#"    <rect x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" rx="{RADIUS}" fill="{fill}" stroke="{stroke}"/>"#,
        rect.x, rect.y, rect.w, rect.h
    )
}

/// A rectangle with round corners at its top, its bottom, or both.
fn plate(rect: Rect, top: bool, bottom: bool) -> String {
    let [x, y]: Point = [rect.x, rect.y];
    let (t, b) = (if top { RADIUS } else { 0.0 }, if bottom { RADIUS } else { 0.0 });
    format!(
        "M{:.1} {y:.1} h{:.1} q{t} 0 {t} {t} v{:.1} q0 {b} -{b} {b} h-{:.1} q-{b} 0 -{b} -{b} v-{:.1} q0 -{t} {t} -{t} z",
        x + t,
        rect.w - 2.0 * t,
        rect.h - t - b,
        rect.w - 2.0 * b,
        rect.h - t - b
    )
}
