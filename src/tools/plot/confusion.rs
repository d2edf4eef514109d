use maud::{PreEscaped, html};

use super::chart::FONT;
use crate::run::Confusion;
use crate::tools::markup::xml_characters;

/// The maximum number of letters of a class's name.
const MOST_LETTERS: usize = 20;
/// Approximate width of a letter in pixels.
const LETTER: f64 = 6.8;
/// A cell smaller than this many pixels shows no number, and below half of it its class shows no
/// name.
const READABLE: f64 = 26.0;
const MARGIN: f64 = 16.0;
/// The darkest shades of correct and wrong predictions.
const RIGHT: [f64; 3] = [0.0, 90.0, 156.0];
const WRONG: [f64; 3] = [196.0, 70.0, 0.0];

/// A confusion matrix as an SVG: a row for each true class, a column for each predicted class. The
/// shade of a cell is its share of the row.
pub fn confusion(title: &str, confusion: &Confusion) -> String {
    let classes = confusion.classes.len();
    let cell = match classes {
        ..=12 => 46.0,
        13..=25 => 34.0,
        _ => (1200.0 / classes as f64).clamp(2.0, 13.0),
    };
    let names: Vec<String> = confusion.classes.iter().map(|name| shortened(name)).collect();
    let named = cell >= READABLE / 2.4;
    let font = if cell >= READABLE { 13.0 } else { 9.0 };
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let room = if named { longest as f64 * LETTER * font / 13.0 + 12.0 } else { 0.0 };
    let (left, top) = (MARGIN + room, 56.0 + room * 0.75);
    let side = cell * classes as f64;
    // Names slant to the right above the last columns.
    let right = 66.0_f64.max(room * 0.7);
    let (width, height) = (left + side + right + MARGIN, top + side + 44.0);
    let svg = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {width:.0} {height:.0}")) width=(format!("{width:.0}")) height=(format!("{height:.0}")) font-family=(FONT) font-size=(font) fill="#333" {
            title { (title) }
            rect width=(format!("{width:.0}")) height=(format!("{height:.0}")) fill="white" {}
            text x=(MARGIN) y="28" font-size="17" font-weight="600" { (title) }
            rect x=(px(left)) y=(px(top)) width=(px(side)) height=(px(side)) fill=(shade(0.0, false).0) {}
            @for class in 0..classes {
                @let middle = (class as f64 + 0.5) * cell;
                @if named {
                    text x=(px(left - 8.0)) y=(px(top + middle + font * 0.35)) text-anchor="end" { (names[class]) }
                    text transform=(format!("translate({} {}) rotate(-45)", px(left + middle + font * 0.2), px(top - 8.0))) { (names[class]) }
                }
                @if let Some(part) = confusion.accuracy(class).filter(|_| named) {
                    text x=(px(left + side + 8.0)) y=(px(top + middle + font * 0.35)) { (format!("{:.1}%", part * 100.0)) }
                }
                // Of very many classes, the empty cells would be most of the picture.
                @for answer in (0..classes).filter(|&answer| cell >= READABLE || confusion.counts[class][answer] > 0) {
                    @let count = confusion.counts[class][answer];
                    @let part = count as f64 / confusion.examples(class).max(1) as f64;
                    @let (colour, dark) = shade(part, class == answer);
                    rect x=(px(left + cell * answer as f64)) y=(px(top + cell * class as f64)) width=(px(cell)) height=(px(cell)) fill=(colour) stroke="white" stroke-width=(if cell >= READABLE { "1.5" } else { "0.3" }) {
                        title { (confusion.classes[class]) " taken for " (confusion.classes[answer]) ": " (count) }
                    }
                    @if count > 0 && cell >= READABLE {
                        text x=(px(left + cell * answer as f64 + cell / 2.0)) y=(px(top + middle + 4.5)) text-anchor="middle" font-size=(if count < 10_000 { "12" } else { "9" }) fill=(if dark { "white" } else { "#333" }) { (count) }
                    }
                }
            }
            text x=(px(left)) y=(px(top + side + 26.0)) font-size="12" fill="#666" { "rows: the true class; columns: the answer; at the right: the part of the class that is right" }
        }
    };
    let PreEscaped(text) = svg;
    xml_characters(text + "\n")
}

fn px(x: f64) -> String {
    format!("{x:.1}")
}

/// A cell's colour, and whether it is too dark for dark text. Wrong predictions are shaded by the
/// square root, so that rare mistakes are visible.
fn shade(part: f64, right: bool) -> (String, bool) {
    let (strength, full) = if right { (part, RIGHT) } else { (part.sqrt(), WRONG) };
    let strength = if part > 0.0 { 0.06 + 0.94 * strength } else { 0.0 };
    let [r, g, b] = full.map(|full| 247.0 + (full - 247.0) * strength.clamp(0.0, 1.0));
    (format!("rgb({r:.0},{g:.0},{b:.0})"), strength > 0.55)
}

fn shortened(name: &str) -> String {
    match name.chars().count() > MOST_LETTERS {
        true => name.chars().take(MOST_LETTERS - 1).chain(['…']).collect(),
        false => name.to_owned(),
    }
}
