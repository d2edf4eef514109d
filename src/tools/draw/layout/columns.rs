//! Stages in columns, read downwards and then to the right; or in rows, if the trunk leads to the
//! right.

use std::collections::BTreeMap;
use std::ops::Range;

use super::cuts::Cuts;
use super::group::Builder;
use super::positions::{Fragment, NetLayout, Point, Wire};
use crate::tools::draw::tree::{StackTree, slice};

/// The route around a column: space between columns, and what each further value adds.
const GUTTER: f64 = 22.0;
const TRACK: f64 = 8.0;
const TURN: f64 = 12.0;
/// Aspect ratio of a picture that fits a page, and the width at which it stays readable there.
const ASPECT: f64 = 1.6;
const WIDEST: f64 = 1020.0;
const MOST_COLUMNS: usize = 12;
/// What a page that is too wide by a factor of e costs, and what cuts cost of what they cost a
/// column, where a page that deviates by a factor of e from its aspect ratio costs 1.
const WIDTH: f64 = 2.5;
const CUTS: f64 = 0.3;

/// Items that stay together, with their stacks.
type Run = Vec<(Fragment, Range<usize>)>;

/// The net in `n` columns, or in as many as fit a page best; its margins are not in it.
pub(super) fn fill(builder: &Builder, n: Option<usize>) -> NetLayout {
    let whole = column(builder, 0..builder.tree.stacks.len());
    let cuts = Cuts::new(builder.tree, &whole.layout, n.is_some());
    let choices = match n {
        Some(n) => n..=n,
        None => 1..=MOST_COLUMNS,
    };
    let layouts = choices.filter_map(|n| {
        let (stacks, cost) = cuts.split(n)?;
        let layout = columned(builder, &stacks);
        Some((badness(&layout) + CUTS * cost, layout))
    });
    layouts.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, layout)| layout).unwrap_or_default()
}

/// How far a layout deviates from one that fits a page.
fn badness(layout: &NetLayout) -> f64 {
    let [w, h] = layout.size;
    (w / h / ASPECT).ln().abs() + WIDTH * (w / WIDEST).ln().max(0.0)
}

/// A part of the net as one column.
pub(super) fn column(builder: &Builder, stacks: Range<usize>) -> Fragment {
    let items = slice(&builder.tree.items, &stacks);
    let parts = items.iter().map(|item| (builder.item(item, 0), item.stacks())).collect();
    let runs = runs(builder.tree, parts).into_iter().map(|run| whole(builder, run)).collect();
    builder.arrange(runs, None)
}

/// Items in runs, between which only one value is passed on.
fn runs(tree: &StackTree, parts: Run) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (part, range) in parts {
        let crosses = |&&(from, to): &&(usize, usize)| from < range.start && range.start <= to;
        let mut values: Vec<usize> =
            tree.edges.keys().filter(crosses).map(|&(from, _)| from).collect();
        values.dedup();
        // The input stays with what reads it, the output with what gives it.
        let end = range.start == 1 || range.start + 1 == tree.stacks.len();
        match runs.last_mut() {
            Some(run) if values.len() > 1 || end => run.push((part, range)),
            _ => runs.push(vec![(part, range)]),
        }
    }
    runs
}

/// A run as one part, so that its lanes are close together.
fn whole(builder: &Builder, mut run: Run) -> (Fragment, Range<usize>) {
    let stacks = run.first().map_or(0, |first| first.1.start)..run.last().map_or(0, |l| l.1.end);
    match run.len() {
        1 => run.remove(0),
        _ => (builder.arrange(run, None), stacks),
    }
}

fn columned(builder: &Builder, columns: &[Range<usize>]) -> NetLayout {
    let parts: Vec<Fragment> =
        columns.iter().map(|stacks| column(builder, stacks.clone())).collect();
    let ways = ways(builder.tree, columns);
    let place = ColumnPlaces::new(&parts, &ways);
    let mut layout = NetLayout::default();
    for way in &ways {
        let points = place.points(&parts, way);
        layout.wires.push(Wire { from: way.value, to: None, points, shortcut: way.shortcut });
    }
    for (k, part) in parts.into_iter().enumerate() {
        layout.place(part.layout, [place.middles[k], place.top]);
    }
    layout.size = place.size;
    if !builder.flow.down() {
        layout.transpose();
    }
    layout
}

/// A value's route from one column to a later one, on tracks of the gutter and of the space below.
struct Way {
    value: usize,
    from: usize,
    to: usize,
    shortcut: bool,
    gutter: usize,
    below: usize,
}

fn ways(tree: &StackTree, ranges: &[Range<usize>]) -> Vec<Way> {
    let column = |stack: usize| ranges.iter().position(|r| r.contains(&stack)).unwrap_or(0);
    let mut found: BTreeMap<(usize, usize), bool> = BTreeMap::new();
    for &(from, to) in tree.edges.keys() {
        if column(from) != column(to) {
            *found.entry((from, column(to))).or_insert(true) &=
                tree.shortcuts.contains(&(from, to));
        }
    }
    let (mut gutters, mut below, mut far) = (vec![0; ranges.len()], vec![0; ranges.len()], 0);
    let mut ways = Vec::new();
    for ((value, to), shortcut) in found {
        let from = column(value);
        let track = if to == from + 1 { &mut below[from] } else { &mut far };
        ways.push(Way { value, from, to, shortcut, gutter: gutters[to], below: *track });
        *track += 1;
        gutters[to] += 1;
    }
    ways
}

struct ColumnPlaces {
    middles: Vec<f64>,
    /// The left edge of each column.
    lefts: Vec<f64>,
    top: f64,
    lowest: f64,
    size: Point,
}

impl ColumnPlaces {
    fn new(parts: &[Fragment], ways: &[Way]) -> ColumnPlaces {
        let gutters: Vec<usize> = (0..parts.len())
            .map(|k| ways.iter().filter(|w| w.to == k).map(|w| w.gutter + 1).max().unwrap_or(0))
            .collect();
        let (mut middles, mut lefts) = (Vec::new(), Vec::new());
        let mut x = 0.0;
        for (k, part) in parts.iter().enumerate() {
            if k > 0 {
                x += GUTTER + TRACK * gutters[k].saturating_sub(1) as f64;
            }
            lefts.push(x);
            middles.push(x + part.left);
            x += part.left + part.right;
        }
        let over = gutters.iter().copied().max().unwrap_or(0);
        let top = if over > 0 { TURN + TRACK * (over - 1) as f64 } else { 0.0 };
        let turns = |near: bool| {
            let tracks = ways.iter().filter(move |w| (w.to == w.from + 1) == near).map(|w| w.below);
            tracks.max().map_or(0.0, |track| TURN + TRACK * track as f64)
        };
        // What goes further than the next column passes below all that does not.
        let lowest = top + parts.iter().map(|p| p.height).fold(0.0, f64::max) + turns(true);
        let size = [x, lowest + turns(false)];
        ColumnPlaces { middles, lefts, top, lowest, size }
    }

    fn points(&self, parts: &[Fragment], way: &Way) -> Vec<Point> {
        let out =
            self.middles[way.from] + parts[way.from].outs.get(&way.value).copied().unwrap_or(0.0);
        let into = self.middles[way.to] + parts[way.to].ins.get(&way.value).copied().unwrap_or(0.0);
        let bottom = self.top + parts[way.from].height;
        let near = way.to == way.from + 1;
        let turn = if near { bottom } else { self.lowest } + TURN + TRACK * way.below as f64;
        let gutter = self.lefts[way.to] - GUTTER / 2.0 - TRACK * way.gutter as f64;
        let over = self.top - TURN - TRACK * way.gutter as f64;
        vec![
            [out, bottom],
            [out, turn],
            [gutter, turn],
            [gutter, over],
            [into, over],
            [into, self.top],
        ]
    }
}
