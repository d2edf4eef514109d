use std::collections::{HashMap, HashSet};

use crate::graph::{Graph, NodeId, Shape};

/// Where two values that should have the same shape diverge.
pub(super) struct Divergence {
    /// Their last common ancestor.
    pub fork: NodeId,
    /// The first node after it that changes a size in which the two values differ.
    pub first: NodeId,
}

/// Where the values `a` and `b`, whose shapes differ, diverge, following first operands.
pub(super) fn diverge(
    graph: &Graph,
    shapes: &HashMap<NodeId, Shape>,
    a: NodeId,
    b: NodeId,
) -> Option<Divergence> {
    let way = |end: NodeId| {
        std::iter::successors(Some(end), |at| graph.operands(*at).first().copied())
            .collect::<Vec<_>>()
    };
    let (way_a, way_b) = (way(a), way(b));
    let before_a: HashSet<NodeId> = way_a.iter().copied().collect();
    let fork = way_b.iter().copied().find(|id| before_a.contains(id))?;
    let (from, to_a, to_b) =
        (shapes.get(&fork)?.dims(), shapes.get(&a)?.dims(), shapes.get(&b)?.dims());
    let differs = |i: usize| to_a.get(i) != to_b.get(i);
    let changes = |id: &NodeId| {
        let dims = shapes.get(id).map_or(&[][..], Shape::dims);
        dims.len() != from.len() || (0..dims.len()).any(|i| differs(i) && dims[i] != from[i])
    };
    let after = |way: &[NodeId]| {
        let side: Vec<NodeId> = way.iter().copied().take_while(|id| *id != fork).collect();
        side.into_iter().rev().find(changes)
    };
    Some(Divergence { fork, first: after(&way_a).or_else(|| after(&way_b))? })
}
