//! A picture as SVG: readable text, without fonts, scripts or styles from elsewhere.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::label::{self, BoxKind};
use super::layout::{CAPTION, Card, GroupFrame, NetLayout, Point, ROW, SMALL, TEXT, Wire};
use super::tree::StackTree;
use crate::graph::op::Category;
use crate::tools::markup::xml as escape;

/// Corner radius of wires.
const TURN: f64 = 9.0;

/// The picture of a tree as SVG.
pub fn svg(tree: &StackTree, layout: &NetLayout) -> String {
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _ = write(&mut out, tree, layout);
    out
}

fn write(out: &mut String, tree: &StackTree, layout: &NetLayout) -> std::fmt::Result {
    let [w, h] = layout.size;
    let [w, h] = [w.max(header(tree)).max(legend(tree) + 44.0).ceil(), h];
    writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" aria-labelledby="title desc" font-family="Inter, system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif">"#
    )?;
    let name = escape(&tree.name);
    writeln!(out, r#"  <title id="title">{name}</title>"#)?;
    writeln!(
        out,
        r#"  <desc id="desc">The graph of the net {name}: {}.</desc>"#,
        escape(&tree.cost)
    )?;
    style(out, tree)?;
    let (right, bottom) = (w - 1.0, h - 1.0);
    writeln!(
        out,
        r##"  <rect x="0.5" y="0.5" width="{right}" height="{bottom}" rx="12" fill="#ffffff" stroke="#e2e8f0"/>"##
    )?;
    writeln!(
        out,
        r##"  <text x="22" y="35" font-size="17" font-weight="600" fill="#0f172a">{name}</text>"##
    )?;
    let beside = 22.0 + label::width(&tree.name, 17.0) + 12.0;
    writeln!(
        out,
        r##"  <text x="{beside:.0}" y="35" font-size="11" fill="#64748b">{}</text>"##,
        escape(&tree.cost)
    )?;
    // Each picture is centred on its page: a short net may be narrower than its legend.
    let shift = ((w - layout.size[0]) / 2.0).floor();
    writeln!(out, r#"  <g transform="translate({shift} 0)">"#)?;
    layout.frames.iter().try_for_each(|f| frame(out, f))?;
    // Shortcuts lie above the trunk where both begin.
    let (over, under): (Vec<&Wire>, Vec<&Wire>) = layout.wires.iter().partition(|w| w.shortcut);
    under.into_iter().chain(over).try_for_each(|w| wire(out, w))?;
    for note in &layout.notes {
        let [x, y] = note.at;
        writeln!(
            out,
            r#"    <text class="n" x="{x:.1}" y="{y:.1}" text-anchor="end">{}</text>"#,
            escape(&note.text)
        )?;
    }
    layout.frames.iter().try_for_each(|f| heading(out, f))?;
    layout.cards.iter().try_for_each(|c| card(out, tree, c))?;
    writeln!(out, "  </g>")?;
    draw_legend(out, tree, h)?;
    writeln!(out, "</svg>")
}

fn style(out: &mut String, tree: &StackTree) -> std::fmt::Result {
    writeln!(out, "  <style>")?;
    writeln!(out, "    .w {{ fill: none; stroke: #64748b; stroke-width: 1.4 }}")?;
    writeln!(out, "    .s {{ fill: none; stroke: #7c3aed; stroke-width: 1.6 }}")?;
    writeln!(out, "    .n {{ font-size: {SMALL}px; fill: #526074 }}")?;
    writeln!(out, "    .c {{ font-size: {SMALL}px; font-weight: 600; fill: #475569 }}")?;
    writeln!(out, "    .n, .c {{ stroke: #ffffff; stroke-width: 2.5; paint-order: stroke }}")?;
    writeln!(out, "    .t {{ font-size: {TEXT}px; text-anchor: middle }}")?;
    for kind in kinds(tree) {
        let [fill, _, text] = kind.colours();
        writeln!(out, "    .{0} {{ fill: {fill} }} .{0}t {{ fill: {text} }}", class(kind))?;
    }
    writeln!(out, "  </style>")?;
    let mut marker = |id: &str, colour: &str| {
        writeln!(
            out,
            r#"  <marker id="{id}" viewBox="0 0 6 6" refX="5.4" refY="3" markerWidth="6" markerHeight="6" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.4 L6 3 L0 5.6 Z" fill="{colour}"/></marker>"#
        )
    };
    marker("a", "#64748b")?;
    marker("b", "#7c3aed")
}

/// The kinds of boxes in a tree, in the order of the legend.
fn kinds(tree: &StackTree) -> BTreeSet<BoxKind> {
    tree.stacks.iter().flat_map(|s| &s.rows).map(|r| r.kind).collect()
}

fn class(kind: BoxKind) -> &'static str {
    match kind {
        BoxKind::Op(Category::Io) => "io",
        BoxKind::Op(Category::Conv) => "conv",
        BoxKind::Op(Category::Activation) => "act",
        BoxKind::Op(Category::Pool) => "pool",
        BoxKind::Op(Category::Join) => "join",
        BoxKind::Op(Category::Linear) => "lin",
        BoxKind::Block => "block",
    }
}

fn frame(out: &mut String, frame: &GroupFrame) -> std::fmt::Result {
    let rect = frame.rect;
    let (fill, stroke) = match frame.depth % 2 {
        0 => ("#f8fafc", "#cbd5e1"),
        _ => ("#ffffff", "#cbd5e1"),
    };
    writeln!(
        out,
        r#"    <rect x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" rx="8" fill="{fill}" stroke="{stroke}"/>"#,
        rect.x, rect.y, rect.w, rect.h
    )
}

fn heading(out: &mut String, frame: &GroupFrame) -> std::fmt::Result {
    let (rect, title) = (frame.rect, escape(&frame.title));
    writeln!(
        out,
        r#"    <text class="c" x="{:.1}" y="{:.1}">{title}</text>"#,
        rect.x + 8.0,
        rect.y + 12.5
    )?;
    if frame.note.is_empty() {
        return Ok(());
    }
    let (x, y) = (rect.x + 14.0 + label::width(&frame.title, SMALL), rect.y + 12.5);
    writeln!(out, r#"    <text class="n" x="{x:.1}" y="{y:.1}">{}</text>"#, escape(&frame.note))
}

fn wire(out: &mut String, wire: &Wire) -> std::fmt::Result {
    if wire.points.windows(2).all(|pair| pair[0] == pair[1]) {
        return Ok(());
    }
    let (class, marker) = if wire.shortcut { ("s", "b") } else { ("w", "a") };
    let end =
        if wire.to.is_some() { format!(r#" marker-end="url(#{marker})""#) } else { String::new() };
    writeln!(out, r#"    <path class="{class}" d="{}"{end}/>"#, rounded(&wire.points))
}

/// A path along the points, with round corners.
fn rounded(points: &[Point]) -> String {
    let mut points = points.to_vec();
    points.dedup_by(|a, b| (a[0] - b[0]).abs() + (a[1] - b[1]).abs() < 0.05);
    let mut path = String::new();
    for (i, &[x, y]) in points.iter().enumerate() {
        let around = i.checked_sub(1).and_then(|b| points.get(b)).zip(points.get(i + 1));
        path += &match around {
            None => format!("{}{x:.1} {y:.1}", if i == 0 { "M" } else { " L" }),
            Some((&before, &after)) => {
                let (from, to) = (towards([x, y], before), towards([x, y], after));
                format!(" L{:.1} {:.1} Q{x:.1} {y:.1} {:.1} {:.1}", from[0], from[1], to[0], to[1])
            }
        };
    }
    path
}

/// From a corner towards another point, by the corner radius or half the distance.
fn towards([x, y]: Point, other: Point) -> Point {
    let (dx, dy) = (other[0] - x, other[1] - y);
    let length = dx.hypot(dy);
    let part = if length > 0.0 { TURN.min(length / 2.0) / length } else { 0.0 };
    [x + dx * part, y + dy * part]
}

fn card(out: &mut String, tree: &StackTree, card: &Card) -> std::fmt::Result {
    let (stack, r) = (&tree.stacks[card.stack], card.rect);
    let one = stack.rows.len() == 1 && stack.caption.is_none();
    let [fill, border, _] =
        stack.rows.first().map_or(BoxKind::Op(Category::Io), |row| row.kind).colours();
    let radius = match stack.rows.as_slice() {
        [row] if one && matches!(row.kind, BoxKind::Op(Category::Join | Category::Io)) => ROW / 2.0,
        _ => 5.0,
    };
    let [x, w, h] = [r.x, r.w, r.h];
    let (fill, border) = if one { (fill, border) } else { ("#ffffff", "#94a3b8") };
    let mut y = r.y;
    if !one {
        writeln!(
            out,
            r#"    <rect x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" rx="{radius}" fill="{fill}"/>"#
        )?;
    }
    if let Some(caption) = &stack.caption {
        writeln!(
            out,
            r#"    <text class="c" x="{:.1}" y="{:.1}">{}</text>"#,
            x + 6.0,
            y + 11.0,
            escape(caption)
        )?;
        y += CAPTION;
    }
    for (i, row) in stack.rows.iter().enumerate() {
        let shape = match one {
            true => format!(
                r#"<rect class="{}" x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" rx="{radius}" stroke="{border}"/>"#,
                class(row.kind)
            ),
            false => {
                let (top, bottom) = (i == 0 && stack.caption.is_none(), i + 1 == stack.rows.len());
                format!(
                    r#"<path class="{}" d="{}"/>"#,
                    class(row.kind),
                    plate([x, y], [w, ROW], top, bottom, radius)
                )
            }
        };
        let text = format!(
            r#"<text class="t {}t" x="{:.1}" y="{:.1}">{}</text>"#,
            class(row.kind),
            x + w / 2.0,
            y + 14.0,
            escape(&row.text)
        );
        writeln!(out, r#"    <g><title>{}</title>{shape}{text}</g>"#, escape(&row.tip))?;
        if i > 0 {
            writeln!(out, r##"    <path d="M{x:.1} {y:.1} h{w:.1}" stroke="#ffffff"/>"##)?;
        }
        y += ROW;
    }
    if !one {
        writeln!(
            out,
            r#"    <rect x="{x:.1}" y="{:.1}" width="{w:.1}" height="{h:.1}" rx="{radius}" fill="none" stroke="{border}"/>"#,
            r.y
        )?;
    }
    Ok(())
}

/// A rectangle with round corners at its top, its bottom, or both.
fn plate([x, y]: Point, [w, h]: Point, top: bool, bottom: bool, radius: f64) -> String {
    let (t, b) = (if top { radius } else { 0.0 }, if bottom { radius } else { 0.0 });
    format!(
        "M{:.1} {y:.1} h{:.1} q{t} 0 {t} {t} v{:.1} q0 {b} -{b} {b} h-{:.1} q-{b} 0 -{b} -{b} v-{:.1} q0 -{t} {t} -{t} z",
        x + t,
        w - 2.0 * t,
        h - t - b,
        w - 2.0 * b,
        h - t - b
    )
}

fn header(tree: &StackTree) -> f64 {
    22.0 + label::width(&tree.name, 17.0) + 12.0 + label::width(&tree.cost, 11.0) + 22.0
}

fn legend(tree: &StackTree) -> f64 {
    kinds(tree).into_iter().map(legend_entry).sum()
}

fn legend_entry(kind: BoxKind) -> f64 {
    (14.0 + label::width(kind.name(), SMALL) + 14.0).round()
}

fn draw_legend(out: &mut String, tree: &StackTree, h: f64) -> std::fmt::Result {
    let mut x = 22.0;
    let y = h - 20.0;
    for kind in kinds(tree) {
        let [fill, border, _] = kind.colours();
        writeln!(
            out,
            r#"  <rect x="{x}" y="{:.1}" width="9" height="9" rx="2.5" fill="{fill}" stroke="{border}"/><text class="n" x="{}" y="{y:.1}">{}</text>"#,
            y - 8.0,
            x + 14.0,
            kind.name()
        )?;
        x += legend_entry(kind);
    }
    Ok(())
}
