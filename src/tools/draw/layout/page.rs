//! The whole page: the stages in columns, read downwards and then to the right.

use std::collections::BTreeMap;
use std::ops::Range;

use super::group::Builder;
use super::positions::{Fragment, NetLayout, Point, Wire};
use crate::tools::draw::tree::StackTree;

/// Space around everything, and for title and legend.
const MARGIN: f64 = 22.0;
const TITLE: f64 = 40.0;
const LEGEND: f64 = 26.0;
/// The route around a column: space between columns, and what each further value adds.
const GUTTER: f64 = 22.0;
const TRACK: f64 = 8.0;
const TURN: f64 = 12.0;
/// Aspect ratio of a picture that fits a page, and the width at which it stays readable there.
const ASPECT: f64 = 1.6;
const WIDEST: f64 = 1060.0;
const MOST_COLUMNS: usize = 12;

/// Items that stay in one column, with their stacks.
type Run = Vec<(Fragment, Range<usize>)>;

pub(super) fn page(tree: &StackTree, columns: Option<usize>) -> NetLayout {
    let builder = Builder::new(tree);
    let parts = tree.items.iter().map(|item| (builder.item(item, 0), item.stacks())).collect();
    let runs: Vec<Run> = runs(tree, parts).into_iter().map(|run| whole(&builder, run)).collect();
    let choices = match columns {
        Some(n) => n.clamp(1, runs.len())..=n.clamp(1, runs.len()),
        None => 1..=runs.len().min(MOST_COLUMNS),
    };
    let layouts = choices.map(|n| columned(&builder, &split(&builder, &runs, n)));
    layouts.min_by(|a, b| badness(a).total_cmp(&badness(b))).unwrap_or_default()
}

/// How far a layout deviates from one that fits a page.
fn badness(layout: &NetLayout) -> f64 {
    let [w, h] = layout.size;
    (w / h / ASPECT).ln().abs() + (w - WIDEST).max(0.0)
}

/// Items in runs, between which only one value is passed on: a column may end only there.
fn runs(tree: &StackTree, parts: Run) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (part, range) in parts {
        let crosses = |&&(from, to): &&(usize, usize)| from < range.start && range.start <= to;
        let mut values: Vec<usize> =
            tree.edges.keys().filter(crosses).map(|&(from, _)| from).collect();
        values.dedup();
        // The input stays with what reads it, the output with what gives it.
        let end = range.start <= 1 || range.start + 1 == tree.stacks.len();
        match runs.last_mut() {
            Some(run) if values.len() > 1 || end => run.push((part, range)),
            _ => runs.push(vec![(part, range)]),
        }
    }
    runs
}

/// A run as one part, so that its lanes are close together.
fn whole(builder: &Builder, run: Run) -> Run {
    let stacks = range(&run);
    if run.len() > 1 { vec![(builder.arrange(run, None), stacks)] } else { run }
}

fn range(run: &Run) -> Range<usize> {
    run.first().map_or(0, |first| first.1.start)..run.last().map_or(0, |last| last.1.end)
}

/// At most `n` columns such that the tallest is as short as can be.
fn split(builder: &Builder, runs: &[Run], n: usize) -> Vec<Run> {
    const BETWEEN: f64 = 20.0;
    let heights: Vec<f64> =
        runs.iter().map(|run| builder.arrange(run.clone(), None).height).collect();
    let fill = |limit: f64| {
        let mut columns: Vec<(f64, Vec<usize>)> = Vec::new();
        for (i, own) in heights.iter().enumerate() {
            match columns.last_mut() {
                Some((height, column)) if *height + BETWEEN + own <= limit => {
                    *height += BETWEEN + own;
                    column.push(i);
                }
                _ => columns.push((*own, vec![i])),
            }
        }
        columns
    };
    let mut low = heights.iter().copied().fold(0.0, f64::max);
    let mut high = heights.iter().map(|h| h + BETWEEN).sum::<f64>();
    while high - low > 1.0 {
        let middle = (low + high) / 2.0;
        if fill(middle).len() <= n { high = middle } else { low = middle }
    }
    let column =
        |(_, column): (f64, Vec<usize>)| column.into_iter().flat_map(|i| runs[i].clone()).collect();
    fill(high).into_iter().map(column).collect()
}

fn columned(builder: &Builder, columns: &[Run]) -> NetLayout {
    let ranges: Vec<Range<usize>> = columns.iter().map(range).collect();
    let parts: Vec<Fragment> =
        columns.iter().map(|column| builder.arrange(column.clone(), None)).collect();
    let ways = ways(builder.tree, &parts, &ranges);
    let place = ColumnPlaces::new(&parts, &ways);
    let mut layout = NetLayout::default();
    for way in &ways {
        let wire = Wire {
            from: way.value,
            to: None,
            points: place.points(&parts, way),
            shortcut: way.shortcut,
        };
        layout.wires.push(wire);
    }
    for (k, part) in parts.into_iter().enumerate() {
        layout.place(part.layout, [place.middles[k], place.top]);
    }
    layout.size = place.size;
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

fn ways(tree: &StackTree, parts: &[Fragment], ranges: &[Range<usize>]) -> Vec<Way> {
    let column = |stack: usize| ranges.iter().position(|r| r.contains(&stack)).unwrap_or(0);
    let mut found: BTreeMap<(usize, usize), bool> = BTreeMap::new();
    for &(from, to) in tree.edges.keys() {
        if column(from) != column(to) {
            *found.entry((from, column(to))).or_insert(true) &=
                tree.shortcuts.contains(&(from, to));
        }
    }
    let (mut gutters, mut below, mut far) = (vec![0; parts.len()], vec![0; parts.len()], 0);
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
        let turns = |near: bool| {
            let tracks = ways.iter().filter(move |w| (w.to == w.from + 1) == near).map(|w| w.below);
            tracks.max().map_or(0.0, |track| TURN + TRACK * track as f64)
        };
        // What goes further than the next column passes below all that does not.
        let lowest = top + parts.iter().map(|p| p.height).fold(0.0, f64::max) + turns(true);
        let under = turns(false);
        let size = [(x + MARGIN).ceil(), (lowest + under + LEGEND + MARGIN).ceil()];
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
