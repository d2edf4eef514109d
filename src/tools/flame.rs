//! A flame graph: nodes side by side, each as wide as its time, below the blocks that contain
//! them.

use maud::{PreEscaped, html};

use super::markup::xml_characters;

/// Width of the picture in pixels.
const WIDTH: f64 = 1200.0;
/// Height of a row in pixels.
const ROW: f64 = 22.0;
/// Approximate width of a letter in pixels.
const LETTER: f64 = 6.6;
/// The colours of rows by depth: Okabe and Ito's, made lighter.
const COLOURS: [&str; 5] = ["#cfd8dc", "#a8d5f2", "#f7d488", "#9fd8c4", "#efb89a"];

/// A node and how long it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Timed {
    /// Its path: `layer1.conv_bn_1.conv`.
    pub path: String,
    /// Seconds.
    pub seconds: f64,
}

/// A box of the picture.
struct FlameBox {
    path: String,
    depth: usize,
    from: f64,
    seconds: f64,
}

/// An SVG of the nodes in the order in which they are given.
pub fn flame(title: &str, nodes: &[Timed]) -> String {
    let total: f64 = nodes.iter().map(|node| node.seconds).sum();
    let parts = parts(nodes);
    let depth = parts.iter().map(|part| part.depth).max().unwrap_or(0) + 1;
    let height = ROW * depth as f64 + 34.0;
    let scale = WIDTH / total.max(f64::MIN_POSITIVE);
    let svg = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {WIDTH} {height}")) font-family="sans-serif" font-size="12" {
            title { (title) }
            rect width=(WIDTH) height=(height) fill="white" {}
            text x="4" y="20" font-size="14" { (title) }
            @for part in &parts {
                @let (x, y) = (part.from * scale, 30.0 + ROW * part.depth as f64);
                @let width = part.seconds * scale;
                g {
                    title { (part.path) ": " (format!("{:.2} ms, {:.1}%", part.seconds * 1e3, part.seconds / total * 100.0)) }
                    rect x=(format!("{x:.1}")) y=(y) width=(format!("{width:.1}")) height=(ROW) stroke="white" fill=(COLOURS[part.depth % COLOURS.len()]) {}
                    @if let Some(text) = label(part, width) {
                        text x=(format!("{:.1}", x + 4.0)) y=(y + 15.0) { (text) }
                    }
                }
            }
        }
    };
    let PreEscaped(text) = svg;
    xml_characters(text + "\n")
}

/// As much of the last name as fits.
fn label(part: &FlameBox, width: f64) -> Option<String> {
    let name = part.path.rsplit('.').next().unwrap_or(&part.path);
    let room = ((width - 8.0) / LETTER) as usize;
    match name.chars().count() <= room {
        true => Some(name.into()),
        false if room >= 3 => Some(name.chars().take(room - 1).chain(['…']).collect()),
        false => None,
    }
}

/// The nodes, and the blocks that contain adjacent nodes.
fn parts(nodes: &[Timed]) -> Vec<FlameBox> {
    let mut parts: Vec<FlameBox> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut from = 0.0;
    for node in nodes {
        let names: Vec<&str> = node.path.split('.').collect();
        let same = open.iter().zip(&names).enumerate();
        let kept = same
            .take_while(|(depth, (part, _))| parts[**part].path == names[..=*depth].join("."))
            .count();
        open.truncate(kept.min(names.len() - 1));
        for depth in open.len()..names.len() {
            open.push(parts.len());
            parts.push(FlameBox { path: names[..=depth].join("."), depth, from, seconds: 0.0 });
        }
        open.iter().for_each(|&part| parts[part].seconds += node.seconds);
        from += node.seconds;
    }
    parts
}
