//! Where a column may end.

use std::ops::Range;

use super::positions::NetLayout;
use crate::tools::draw::tree::{StackTree, TreeItem};

/// What a column costs that ends inside a stage, be it long or not, what each further frame costs
/// that it cuts, and each further value that is passed on there, where the number of columns is
/// free or given; a column of the right height costs 1.
const CUT_LONG: f64 = 0.35;
const CUT_SHORT: f64 = 1.0;
const FRAME: f64 = 0.1;
const VALUE: f64 = 2.0;
const VALUE_IN_GIVEN: f64 = 0.2;
/// A stage that is higher is long.
const LONG: f64 = 700.0;
/// The most places that are tried.
const MOST: usize = 400;

/// The places between stacks where a column may end, and what each column would be high.
pub(super) struct Cuts {
    /// The first stack after each place, with what ending there costs; the ends of the net among
    /// them.
    places: Vec<(usize, f64)>,
    /// The upper edge of what begins at a stack, and the lower edge of what ends before it, in one
    /// column.
    tops: Vec<f64>,
    bottoms: Vec<f64>,
}

impl Cuts {
    /// `whole` is the net in one column; `given` says whether the number of columns is.
    pub(super) fn new(tree: &StackTree, whole: &NetLayout, given: bool) -> Cuts {
        let n = tree.stacks.len();
        let (mut tops, mut bottoms) = (vec![f64::MAX; n + 1], vec![0.0f64; n + 1]);
        for card in &whole.cards {
            tops[card.stack] = card.rect.y;
            bottoms[card.stack + 1] = card.rect.y + card.rect.h;
        }
        (0..n).rev().for_each(|at| tops[at] = tops[at].min(tops[at + 1]));
        (0..n).for_each(|at| bottoms[at + 1] = bottoms[at + 1].max(bottoms[at]));
        let (values, depths) = (passed_on(tree), depths(tree));
        let mut long = vec![false; n + 1];
        for stage in tree.items.iter().map(TreeItem::stacks) {
            let height = bottoms[stage.end] - tops[stage.start];
            long[stage].fill(height > LONG);
        }
        let per_value = if given { VALUE_IN_GIVEN } else { VALUE };
        let cost = |at: usize| {
            let cut = if long[at] { CUT_LONG } else { CUT_SHORT };
            let inside = if depths[at] > 0 { cut + FRAME * (depths[at] - 1) as f64 } else { 0.0 };
            inside + per_value * values[at].saturating_sub(1) as f64
        };
        // The input stays with what reads it, the output with what gives it.
        let mut places: Vec<(usize, f64)> =
            (2..n.saturating_sub(1)).map(|at| (at, cost(at))).collect();
        places.sort_by(|a, b| a.1.total_cmp(&b.1));
        places.truncate(MOST);
        places.extend([(0, 0.0), (n, 0.0)]);
        places.sort_by_key(|place| place.0);
        Cuts { places, tops, bottoms }
    }

    /// The stacks of `n` columns that are about equally high and end where that costs least, and
    /// what it costs; fewer columns if there are not as many places.
    pub(super) fn split(&self, n: usize) -> Option<(Vec<Range<usize>>, f64)> {
        let end = self.places.len() - 1;
        let n = n.min(end);
        let ideal = self.height(0, end) / n as f64;
        // The least cost of the columns up to each place, and where the last of them begins.
        let mut least = vec![Some((0.0, 0))];
        least.resize(end + 1, None);
        let mut begins = Vec::new();
        for _ in 0..n {
            let next: Vec<Option<(f64, usize)>> =
                (0..=end).map(|to| self.last(&least, to, ideal)).collect();
            begins.push(next.clone());
            least = next;
        }
        let (mut columns, mut cost) = (Vec::new(), 0.0);
        let mut to = end;
        for column in begins.iter().rev() {
            let (_, from) = column[to]?;
            cost += self.places[to].1;
            columns.push(self.places[from].0..self.places[to].0);
            to = from;
        }
        columns.reverse();
        Some((columns, cost))
    }

    /// The best begin of a column that ends at a place.
    fn last(&self, least: &[Option<(f64, usize)>], to: usize, ideal: f64) -> Option<(f64, usize)> {
        let costs = (0..to).filter_map(|from| {
            let height = self.height(from, to);
            Some((least[from]?.0 + (height / ideal).powi(2) + self.places[to].1, from))
        });
        costs.min_by(|a, b| a.0.total_cmp(&b.0))
    }

    fn height(&self, from: usize, to: usize) -> f64 {
        (self.bottoms[self.places[to].0] - self.tops[self.places[from].0]).max(1.0)
    }
}

/// How many values are passed on between the stacks before each and the rest.
fn passed_on(tree: &StackTree) -> Vec<usize> {
    let n = tree.stacks.len();
    let mut last_reader = vec![0; n];
    for &(from, to) in tree.edges.keys() {
        last_reader[from] = last_reader[from].max(to);
    }
    let mut changes = vec![0i64; n + 2];
    for (from, &to) in last_reader.iter().enumerate().filter(|(from, to)| *to > from) {
        changes[from + 1] += 1;
        changes[to + 1] -= 1;
    }
    let mut open = 0;
    let sum = |change: &i64| {
        open += change;
        open as usize
    };
    changes.iter().map(sum).collect()
}

/// How many groups contain both a stack and the one before it.
fn depths(tree: &StackTree) -> Vec<usize> {
    fn walk(items: &[TreeItem], depths: &mut [usize]) {
        for item in items {
            if let TreeItem::Group(group) = item {
                depths[group.stacks.start + 1..group.stacks.end].iter_mut().for_each(|d| *d += 1);
                walk(&group.items, depths);
            }
        }
    }
    let mut depths = vec![0; tree.stacks.len() + 1];
    walk(&tree.items, &mut depths);
    depths
}
