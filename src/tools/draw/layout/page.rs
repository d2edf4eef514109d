//! The whole: the stages in columns, read downwards and then to the right.

use std::collections::BTreeMap;
use std::ops::Range;

use super::group::Builder;
use super::{Part, Picture, Point, Wire, is_join};
use crate::tools::draw::tree::Tree;

/// Space around everything, and for title and legend.
const MARGIN: f64 = 22.0;
const TITLE: f64 = 40.0;
const LEGEND: f64 = 26.0;
/// The way round a column: space between columns, and what each further value adds.
const GUTTER: f64 = 24.0;
const TRACK: f64 = 8.0;
const TURN: f64 = 12.0;
/// Width over height of a picture that fits a page.
const ASPECT: f64 = 1.6;
const MOST_COLUMNS: usize = 12;

pub(super) fn page(tree: &Tree, columns: Option<usize>) -> Picture {
    let builder = Builder::new(tree);
    let parts: Vec<(Part, Range<usize>)> =
        tree.items.iter().map(|item| (builder.item(item, 0), item.stacks())).collect();
    let most = parts.len().clamp(1, MOST_COLUMNS);
    let choices = match columns {
        Some(n) => n.clamp(1, parts.len().max(1))..=n.clamp(1, parts.len().max(1)),
        None => 1..=most,
    };
    let pictures = choices.map(|n| columned(&builder, &split(&parts, n)));
    let badness = |picture: &Picture| (picture.size[0] / picture.size[1] / ASPECT).ln().abs();
    pictures.min_by(|a, b| badness(a).total_cmp(&badness(b))).unwrap_or_default()
}

/// At most `n` runs of parts such that the tallest is as short as can be.
fn split(parts: &[(Part, Range<usize>)], n: usize) -> Vec<Vec<(Part, Range<usize>)>> {
    const BETWEEN: f64 = 20.0;
    let fill = |limit: f64| {
        let mut columns: Vec<(f64, Vec<usize>)> = Vec::new();
        for (i, (part, _)) in parts.iter().enumerate() {
            match columns.last_mut() {
                Some((height, column)) if *height + BETWEEN + part.height <= limit => {
                    *height += BETWEEN + part.height;
                    column.push(i);
                }
                _ => columns.push((part.height, vec![i])),
            }
        }
        columns
    };
    let heights = parts.iter().map(|(part, _)| part.height);
    let mut low = heights.clone().fold(0.0, f64::max);
    let mut high = heights.map(|h| h + BETWEEN).sum::<f64>().max(low);
    while high - low > 1.0 {
        let middle = (low + high) / 2.0;
        if fill(middle).len() <= n { high = middle } else { low = middle }
    }
    let columns = fill(high);
    columns.into_iter().map(|(_, column)| column.into_iter().map(|i| parts[i].clone()).collect()).collect()
}

fn columned(builder: &Builder, columns: &[Vec<(Part, Range<usize>)>]) -> Picture {
    let ranges: Vec<Range<usize>> =
        columns.iter().map(|c| c.first().map_or(0, |p| p.1.start)..c.last().map_or(0, |p| p.1.end)).collect();
    let parts: Vec<Part> = columns.iter().map(|column| builder.arrange(column.clone(), None)).collect();
    let ways = ways(builder.tree, &parts, &ranges);
    let place = Places::new(&parts, &ways);
    let mut picture = Picture::default();
    for way in &ways {
        let wire = Wire { from: way.value, to: None, points: place.points(&parts, way), shortcut: way.shortcut };
        picture.wires.push(wire);
    }
    for (k, part) in parts.into_iter().enumerate() {
        picture.place(part.picture, [place.middles[k], place.top]);
    }
    picture.size = place.size;
    picture
}

/// A value's way from one column to a later one, on tracks of the gutter and of the space below.
struct Way {
    value: usize,
    from: usize,
    to: usize,
    shortcut: bool,
    gutter: usize,
    below: usize,
}

fn ways(tree: &Tree, parts: &[Part], ranges: &[Range<usize>]) -> Vec<Way> {
    let column = |stack: usize| ranges.iter().position(|r| r.contains(&stack)).unwrap_or(0);
    let mut found: BTreeMap<(usize, usize), bool> = BTreeMap::new();
    for (&(from, to), &main) in &tree.edges {
        if column(from) != column(to) {
            *found.entry((from, column(to))).or_insert(true) &= !main && is_join(&tree.stacks[to]);
        }
    }
    let (mut gutters, mut below) = (vec![0; parts.len()], Vec::new());
    let mut ways = Vec::new();
    for ((value, to), shortcut) in found {
        let track = below.iter().position(|&v| v == value).unwrap_or_else(|| {
            below.push(value);
            below.len() - 1
        });
        ways.push(Way { value, from: column(value), to, shortcut, gutter: gutters[to], below: track });
        gutters[to] += 1;
    }
    ways
}

struct Places {
    middles: Vec<f64>,
    /// The left edge of each column.
    lefts: Vec<f64>,
    top: f64,
    /// The number of tracks of each gutter.
    gutters: Vec<usize>,
    lowest: f64,
    size: Point,
}

impl Places {
    fn new(parts: &[Part], ways: &[Way]) -> Places {
        let gutters: Vec<usize> =
            (0..parts.len()).map(|k| ways.iter().filter(|w| w.to == k).map(|w| w.gutter + 1).max().unwrap_or(0)).collect();
        let (mut middles, mut lefts) = (Vec::new(), Vec::new());
        let mut x = MARGIN;
        for (k, part) in parts.iter().enumerate() {
            if k > 0 {
                x += GUTTER + TRACK * gutters[k].saturating_sub(1) as f64;
            }
            lefts.push(x);
            middles.push(x + part.left);
            x += part.left + part.right;
        }
        let over = gutters.iter().copied().max().unwrap_or(0);
        let top = MARGIN + TITLE + if over > 0 { TURN + TRACK * (over - 1) as f64 } else { 0.0 };
        let lowest = top + parts.iter().map(|p| p.height).fold(0.0, f64::max);
        let below = ways.iter().map(|w| w.below + 1).max().unwrap_or(0);
        let under = if below > 0 { TURN + TRACK * (below - 1) as f64 } else { 0.0 };
        let size = [(x + MARGIN).ceil(), (lowest + under + LEGEND + MARGIN).ceil()];
        Places { middles, lefts, top, gutters, lowest, size }
    }

    fn points(&self, parts: &[Part], way: &Way) -> Vec<Point> {
        let out = self.middles[way.from] + parts[way.from].outs.get(&way.value).copied().unwrap_or(0.0);
        let into = self.middles[way.to] + parts[way.to].ins.get(&way.value).copied().unwrap_or(0.0);
        let bottom = self.top + parts[way.from].height;
        let turn = match way.to == way.from + 1 {
            true => bottom + TURN + TRACK * way.below as f64,
            false => self.lowest + TURN + TRACK * way.below as f64,
        };
        let turn = turn.min(self.lowest + TURN + TRACK * way.below as f64);
        let gutter = self.lefts[way.to] - GUTTER / 2.0 - TRACK * way.gutter as f64;
        let over = self.top - TURN - TRACK * way.gutter as f64;
        debug_assert!(way.gutter < self.gutters[way.to]);
        vec![[out, bottom], [out, turn], [gutter, turn], [gutter, over], [into, over], [into, self.top]]
    }
}
