//! Pictures as SVG: readable text, without fonts, scripts, styles or ids from elsewhere, so that
//! several can stand in one page.

mod card;
mod wire;

use std::collections::BTreeSet;
use std::fmt::{Result, Write as _};

use super::font::{Weight, width};
use super::label::BoxKind;
use super::layout::{GroupFrame, NetLayout, Note, PageOptions, SMALL, TEXT, TITLE_GAP, Wire};
use super::tree::StackTree;
use crate::tools::diff::Mark;
use crate::tools::markup::xml as escape;

/// Space around title and legend, and the font size of the title.
const MARGIN: f64 = 22.0;
const TITLE: f64 = 17.0;
const COST: f64 = 11.0;

/// The picture of a tree as SVG.
pub fn svg(tree: &StackTree, layout: &NetLayout, options: &PageOptions) -> String {
    let description = format!("The graph of the net {}: {}.", tree.name, tree.cost);
    document(&[(tree, layout)], &tree.name, &description, options)
}

/// Two pictures side by side as one SVG.
pub fn side_by_side(
    a: (&StackTree, &NetLayout),
    b: (&StackTree, &NetLayout),
    options: &PageOptions,
) -> String {
    let names = format!("{} → {}", a.0.name, b.0.name);
    let description = format!(
        "The graphs of the nets {} ({}) and {} ({}), with what differs marked in both.",
        a.0.name, a.0.cost, b.0.name, b.0.cost
    );
    document(&[a, b], &names, &description, options)
}

type Picture<'a> = (&'a StackTree, &'a NetLayout);

fn document(pictures: &[Picture], title: &str, description: &str, options: &PageOptions) -> String {
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _ = write(&mut out, pictures, [title, description], options);
    out
}

fn write(
    out: &mut String,
    pictures: &[Picture],
    [title, description]: [&str; 2],
    options: &PageOptions,
) -> Result {
    let trees: Vec<&StackTree> = pictures.iter().map(|(tree, _)| *tree).collect();
    let entries = if options.hide_legend { Vec::new() } else { entries(&trees) };
    let legend = 2.0 * MARGIN + entries.iter().map(Entry::width).sum::<f64>();
    let room = |(tree, layout): &Picture| match options.hide_title {
        true => layout.size[0],
        false => layout.size[0].max(heading_width(tree)).ceil(),
    };
    let rooms: Vec<f64> = pictures.iter().map(room).collect();
    let w = rooms.iter().sum::<f64>().max(legend).ceil();
    let h = pictures.iter().map(|(_, layout)| layout.size[1]).fold(0.0, f64::max);
    writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="netc" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" aria-label="{0}" font-family="Inter, system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif">"#,
        escape(title)
    )?;
    writeln!(out, "  <title>{}</title>", escape(title))?;
    writeln!(out, "  <desc>{}</desc>", escape(description))?;
    style(out, &trees)?;
    writeln!(
        out,
        r##"  <rect x="0.5" y="0.5" width="{}" height="{}" rx="12" fill="#ffffff" stroke="#e2e8f0"/>"##,
        w - 1.0,
        h - 1.0
    )?;
    let mut x = 0.0;
    for (i, (picture, room)) in pictures.iter().zip(&rooms).enumerate() {
        // The last one takes what a wide legend leaves.
        let room = if i + 1 == pictures.len() { w - x } else { *room };
        if i > 0 {
            writeln!(out, r##"  <path d="M{x} 12 V{}" stroke="#e2e8f0"/>"##, h - 44.0)?;
        }
        draw(out, *picture, x, room, options)?;
        x += room;
    }
    draw_legend(out, &entries, h)?;
    writeln!(out, "</svg>")
}

/// A picture from `x` on, in the middle of its room.
fn draw(
    out: &mut String,
    (tree, layout): Picture,
    x: f64,
    room: f64,
    options: &PageOptions,
) -> Result {
    if !options.hide_title {
        heading(out, tree, x)?;
    }
    let shift = x + ((room - layout.size[0]) / 2.0).floor();
    writeln!(out, r#"  <g transform="translate({shift} 0)">"#)?;
    layout.frames.iter().try_for_each(|f| frame(out, f))?;
    // Shortcuts lie above the trunk where both begin.
    let (over, under): (Vec<&Wire>, Vec<&Wire>) = layout.wires.iter().partition(|w| w.shortcut);
    under.into_iter().chain(over).try_for_each(|w| wire::draw(out, w))?;
    layout.notes.iter().try_for_each(|n| note(out, n))?;
    layout.frames.iter().try_for_each(|f| frame_title(out, f))?;
    layout.cards.iter().try_for_each(|c| card::draw(out, tree, c))?;
    writeln!(out, "  </g>")
}

/// The length of a text, which it has in every font.
fn length(text: &str, size: f64, weight: Weight) -> String {
    let length = width(text, size, weight);
    format!(r#"textLength="{length:.1}" lengthAdjust="spacingAndGlyphs""#)
}

fn heading(out: &mut String, tree: &StackTree, x: f64) -> Result {
    let (x, after) = (x + MARGIN, x + MARGIN + width(&tree.name, TITLE, Weight::SemiBold) + 12.0);
    writeln!(
        out,
        r##"  <text x="{x}" y="35" font-size="{TITLE}" font-weight="600" fill="#0f172a" {}>{}</text>"##,
        length(&tree.name, TITLE, Weight::SemiBold),
        escape(&tree.name)
    )?;
    writeln!(
        out,
        r##"  <text x="{after:.0}" y="35" font-size="{COST}" fill="#64748b" {}>{}</text>"##,
        length(&tree.cost, COST, Weight::Regular),
        escape(&tree.cost)
    )
}

fn heading_width(tree: &StackTree) -> f64 {
    let name = width(&tree.name, TITLE, Weight::SemiBold);
    2.0 * MARGIN + name + 12.0 + width(&tree.cost, COST, Weight::Regular)
}

fn style(out: &mut String, trees: &[&StackTree]) -> Result {
    writeln!(out, "  <style>")?;
    writeln!(out, "    .netc .w {{ fill: none; stroke: {}; stroke-width: 1.4 }}", wire::TRUNK)?;
    writeln!(out, "    .netc .s {{ fill: none; stroke: {}; stroke-width: 1.6 }}", wire::SHORTCUT)?;
    writeln!(out, "    .netc .n {{ font-size: {SMALL}px; fill: #526074 }}")?;
    writeln!(out, "    .netc .c {{ font-size: {SMALL}px; font-weight: 600; fill: #475569 }}")?;
    writeln!(
        out,
        "    .netc .n, .netc .c {{ stroke: #ffffff; stroke-width: 2.5; paint-order: stroke }}"
    )?;
    writeln!(out, "    .netc .t {{ font-size: {TEXT}px; text-anchor: middle }}")?;
    for kind in kinds(trees) {
        let ([fill, _, text], class) = (kind.colours(), kind.class());
        writeln!(out, "    .netc .{class} {{ fill: {fill} }} .netc .{class}t {{ fill: {text} }}")?;
    }
    writeln!(out, "  </style>")
}

/// The kinds of boxes in trees, in the order of the legend.
fn kinds(trees: &[&StackTree]) -> BTreeSet<BoxKind> {
    trees.iter().flat_map(|tree| &tree.stacks).flat_map(|s| &s.rows).map(|r| r.kind).collect()
}

fn frame(out: &mut String, frame: &GroupFrame) -> Result {
    let rect = frame.rect;
    let fill = if frame.depth.is_multiple_of(2) { "#f8fafc" } else { "#ffffff" };
    writeln!(
        out,
        r##"    <rect x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" rx="8" fill="{fill}" stroke="#cbd5e1"/>"##,
        rect.x, rect.y, rect.w, rect.h
    )
}

fn frame_title(out: &mut String, frame: &GroupFrame) -> Result {
    let [x, y] = [frame.rect.x + 8.0, frame.rect.y + 12.5];
    small(out, "c", [x, y], &frame.title, Weight::SemiBold)?;
    if frame.note.is_empty() {
        return Ok(());
    }
    let after = x + width(&frame.title, SMALL, Weight::SemiBold) + TITLE_GAP;
    small(out, "n", [after, y], &frame.note, Weight::Regular)
}

fn small(out: &mut String, class: &str, [x, y]: [f64; 2], text: &str, weight: Weight) -> Result {
    writeln!(
        out,
        r#"    <text class="{class}" x="{x:.1}" y="{y:.1}" {}>{}</text>"#,
        length(text, SMALL, weight),
        escape(text)
    )
}

fn note(out: &mut String, note: &Note) -> Result {
    let at = [note.rect.x, note.rect.y + note.rect.h];
    small(out, "n", at, &note.text, Weight::Regular)
}

/// What a colour means.
struct Entry {
    name: &'static str,
    fill: &'static str,
    border: &'static str,
}

impl Entry {
    fn width(&self) -> f64 {
        (14.0 + width(self.name, SMALL, Weight::Regular) + 14.0).round()
    }
}

fn entries(trees: &[&StackTree]) -> Vec<Entry> {
    let of_kind = |kind: BoxKind| {
        let [fill, border, _] = kind.colours();
        Entry { name: kind.name(), fill, border }
    };
    let of_mark = |mark: Mark| {
        let (name, colour) = card::mark(mark);
        Entry { name, fill: colour, border: colour }
    };
    let rows = trees.iter().flat_map(|tree| &tree.stacks).flat_map(|stack| &stack.rows);
    let marks: BTreeSet<Mark> = rows.filter_map(|row| row.mark).collect();
    kinds(trees).into_iter().map(of_kind).chain(marks.into_iter().map(of_mark)).collect()
}

fn draw_legend(out: &mut String, entries: &[Entry], h: f64) -> Result {
    let (mut x, y) = (MARGIN, h - 20.0);
    for entry in entries {
        let Entry { name, fill, border } = entry;
        writeln!(
            out,
            r#"  <rect x="{x}" y="{:.1}" width="9" height="9" rx="2.5" fill="{fill}" stroke="{border}"/><text class="n" x="{}" y="{y:.1}" {}>{name}</text>"#,
            y - 8.0,
            x + 14.0,
            length(name, SMALL, Weight::Regular)
        )?;
        x += entry.width();
    }
    Ok(())
}
