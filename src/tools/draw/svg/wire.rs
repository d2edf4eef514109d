//! Wires, with their arrow heads.

use std::fmt::{Result, Write as _};

use crate::tools::draw::layout::{Point, Wire};

/// Colours of the trunk and of what passes it by.
pub(super) const TRUNK: &str = "#64748b";
pub(super) const SHORTCUT: &str = "#7c3aed";
/// Corner radius.
const TURN: f64 = 9.0;
/// Length of an arrow head, and half its width.
const HEAD: Point = [6.0, 2.6];

pub(super) fn draw(out: &mut String, wire: &Wire) -> Result {
    let mut points = wire.points.clone();
    points.dedup_by(|a, b| (a[0] - b[0]).abs() + (a[1] - b[1]).abs() < 0.05);
    let [.., before, end] = points[..] else { return Ok(()) };
    let (class, colour) = if wire.shortcut { ("s", SHORTCUT) } else { ("w", TRUNK) };
    if wire.to.is_none() {
        return writeln!(out, r#"    <path class="{class}" d="{}"/>"#, rounded(&points));
    }
    // The line ends inside the head, so that its square end does not show.
    let length = (end[0] - before[0]).hypot(end[1] - before[1]);
    let [dx, dy] = [(end[0] - before[0]) / length, (end[1] - before[1]) / length];
    let last = points.len() - 1;
    let back = (HEAD[0] - 2.0).min(length - 0.1);
    points[last] = [end[0] - dx * back, end[1] - dy * back];
    let corner = |side: f64| {
        let [x, y] = [end[0] - dx * HEAD[0], end[1] - dy * HEAD[0]];
        [x - dy * side, y + dx * side]
    };
    let ([ax, ay], [bx, by]) = (corner(HEAD[1]), corner(-HEAD[1]));
    writeln!(
        out,
        r#"    <path class="{class}" d="{}"/><path fill="{colour}" d="M{ax:.1} {ay:.1} L{:.1} {:.1} L{bx:.1} {by:.1} Z"/>"#,
        rounded(&points),
        end[0],
        end[1]
    )
}

/// A path along the points, with round corners.
fn rounded(points: &[Point]) -> String {
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
