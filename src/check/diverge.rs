use std::collections::{HashMap, HashSet};

use crate::graph::{Graph, NodeId, Op, Shape};
use crate::limits::MAX_DIM;

/// How much larger an image is made to see how an op scales it: a multiple of all usual strides.
const LARGER: u64 = 2520;

/// Where two values that should have the same shape diverge.
pub(super) struct Divergence {
    /// Their last common ancestor.
    pub fork: NodeId,
    /// The nodes after it that change a size by something else than their stride or factor, or the
    /// first that changes a size in which the two values differ.
    pub at: Vec<NodeId>,
}

/// Where the values `a` and `b`, whose shapes do not fit together in `join`, diverge.
pub(super) fn diverge(
    graph: &Graph,
    shapes: &HashMap<NodeId, Shape>,
    join: &Op,
    [a, b]: [NodeId; 2],
) -> Option<Divergence> {
    let (before_a, before_b) = (before(graph, a), before(graph, b));
    let fork = before_a.intersection(&before_b).copied().max()?;
    let uneven = uneven(graph, shapes, a, b);
    if !uneven.is_empty() {
        return Some(Divergence { fork, at: uneven });
    }
    let (from, one, other) = (shapes.get(&fork)?.dims(), shapes.get(&a)?, shapes.get(&b)?);
    let differs = |i: usize| match (one.dims().get(i), other.dims().get(i)) {
        (Some(_), Some(size)) => {
            let mut dims = one.dims().to_vec();
            dims[i] = *size;
            Shape::new(dims).is_ok_and(|odd| join.shape(&[one, &odd]).is_err())
        }
        (size, other) => size != other,
    };
    let changes = |id: &NodeId| {
        let dims = shapes.get(id).map_or(&[][..], Shape::dims);
        dims.len() != from.len() || (0..dims.len()).any(|i| differs(i) && dims[i] != from[i])
    };
    let first = |end: NodeId| {
        let way = std::iter::successors(Some(end), |at| graph.operands(*at).first().copied());
        let side: Vec<NodeId> = way.take_while(|id| *id != fork).collect();
        side.into_iter().rev().find(changes)
    };
    Some(Divergence { fork, at: vec![first(a).or_else(|| first(b))?] })
}

/// The nodes behind one of two images of different sizes, and not behind both, that lose or gain
/// pixels beside their stride or factor.
pub fn uneven(graph: &Graph, shapes: &HashMap<NodeId, Shape>, a: NodeId, b: NodeId) -> Vec<NodeId> {
    let image = |id: &NodeId| shapes.get(id).and_then(Shape::image);
    match (image(&a), image(&b)) {
        (Some([_, h, w]), Some([_, y, x])) if (h, w) != (y, x) => {}
        _ => return Vec::new(),
    }
    let (before_a, before_b) = (before(graph, a), before(graph, b));
    let mut sides: Vec<NodeId> = before_a.symmetric_difference(&before_b).copied().collect();
    sides.retain(|id| is_uneven(graph, shapes, *id) == Some(true));
    sides.sort_unstable();
    sides
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
