use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::graph::{Graph, NodeId, Op, Shape};
use crate::limits::MAX_DIM;

/// How much larger an image is made to see how an op scales it: a multiple of all usual strides.
const LARGER: u64 = 2520;

/// Where two values that should have the same shape diverge.
pub(super) struct Divergence {
    /// Their last common ancestor.
    pub fork: NodeId,
    /// The nodes after it that lose or gain pixels, or else the first that changes a size in which
    /// the two values differ.
    pub at: Vec<NodeId>,
    /// Whether they lose or gain pixels.
    pub uneven: bool,
}

/// Where the values `a` and `b`, whose shapes do not fit together in `join`, diverge.
pub(super) fn diverge(
    graph: &Graph,
    shapes: &HashMap<NodeId, Shape>,
    join: &Op,
    [a, b]: [NodeId; 2],
) -> Option<Divergence> {
    let before = [before(graph, a), before(graph, b)];
    let fork = before[0].intersection(&before[1]).copied().max()?;
    let at = uneven_between(graph, shapes, [a, b], &before);
    if !at.is_empty() {
        return Some(Divergence { fork, at, uneven: true });
    }
    let (from, one, other) = (shapes.get(&fork)?.dims(), shapes.get(&a)?, shapes.get(&b)?);
    let wrong = wrong(join, one, other);
    let differs = |i: usize| {
        let (size, wanted) = (one.dims().get(i), other.dims().get(i));
        size != wanted && (size.is_none() || wanted.is_none() || wrong.contains(&i))
    };
    let changes = |id: &NodeId| {
        let dims = shapes.get(id).map_or(&[][..], Shape::dims);
        dims.len() != from.len() || (0..dims.len()).any(|i| differs(i) && dims[i] != from[i])
    };
    // What the join would accept is not yet wrong.
    let fits = |id: &NodeId, beside: &Shape| {
        shapes.get(id).is_some_and(|shape| join.shape(&[beside, shape]).is_ok())
    };
    let first = |end: NodeId, beside: &Shape| {
        let way = std::iter::successors(Some(end), |at| graph.operands(*at).first().copied());
        let side: Vec<NodeId> = way.take_while(|id| *id != fork).collect();
        side.into_iter().rev().find(|id| changes(id) && !fits(id, beside))
    };
    let at = first(a, other).or_else(|| first(b, one))?;
    Some(Divergence { fork, at: vec![at], uneven: false })
}

/// The sizes that two values would have to share for a join to accept them, in either order: the
/// channels, or those of the image, if that is enough.
fn wrong(join: &Op, one: &Shape, other: &Shape) -> Range<usize> {
    let all = one.dims().len();
    let shared = |sizes: &Range<usize>| {
        let mut dims = other.dims().to_vec();
        if dims.len() == all {
            dims[sizes.clone()].copy_from_slice(&one.dims()[sizes.clone()]);
        }
        let fits =
            |like: &Shape| join.shape(&[one, like]).is_ok() || join.shape(&[like, one]).is_ok();
        Shape::new(dims).is_ok_and(|like| fits(&like))
    };
    [0..1, 1..all].into_iter().find(shared).unwrap_or(0..all)
}

/// The nodes behind one of two images of nearly the same size, and not behind both, that lose or
/// gain pixels beside their stride or factor.
pub fn uneven(graph: &Graph, shapes: &HashMap<NodeId, Shape>, ends: [NodeId; 2]) -> Vec<NodeId> {
    uneven_between(graph, shapes, ends, &ends.map(|end| before(graph, end)))
}

fn uneven_between(
    graph: &Graph,
    shapes: &HashMap<NodeId, Shape>,
    ends: [NodeId; 2],
    [one, other]: &[HashSet<NodeId>; 2],
) -> Vec<NodeId> {
    let sizes = ends.map(|end| shapes.get(&end).and_then(Shape::image).map(|[_, h, w]| (h, w)));
    let [Some(size), Some(wanted)] = sizes else { return Vec::new() };
    if size == wanted || !(near(size.0, wanted.0) && near(size.1, wanted.1)) {
        return Vec::new();
    }
    let mut sides: Vec<NodeId> = one.symmetric_difference(other).copied().collect();
    sides.retain(|id| is_uneven(graph, shapes, *id) == Some(true));
    sides.sort_unstable();
    sides
}

/// Whether sizes differ by some pixels rather than by a stride or a factor.
fn near(a: u64, b: u64) -> bool {
    let (less, more) = (a.min(b), a.max(b));
    (more - less) * 4 <= more || (more - less <= 2 && more % less != 0)
}

fn is_uneven(graph: &Graph, shapes: &HashMap<NodeId, Shape>, id: NodeId) -> Option<bool> {
    let &[operand] = graph.operands(id) else { return None };
    let ([channels, h, w], [_, y, x]) = (shapes.get(&operand)?.image()?, shapes.get(&id)?.image()?);
    let larger = Shape::new([channels, h + LARGER, w + LARGER]).ok()?;
    let [_, tall, wide] = graph.get(id).op.shape(&[&larger]).ok()?.image()?;
    let off = |from: u64, to: u64, grown: u64| grown > to && to * LARGER != from * (grown - to);
    (tall.max(wide) < MAX_DIM).then(|| off(h, y, tall) || off(w, x, wide))
}

/// A node and all that it depends on.
fn before(graph: &Graph, end: NodeId) -> HashSet<NodeId> {
    let (mut found, mut left) = (HashSet::from([end]), vec![end]);
    while let Some(id) = left.pop() {
        left.extend(graph.operands(id).iter().copied().filter(|operand| found.insert(*operand)));
    }
    found
}
