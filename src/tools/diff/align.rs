use std::collections::{HashMap, HashSet};

use crate::check::Checked;
use crate::graph::NodeId;

/// With more pairs to compare than this, nodes whose paths differ are left unaligned.
const MAX_PAIRS: usize = 4_000_000;

/// The corresponding nodes of both nets: by path if the op is of the same kind; of the rest, the
/// common subsequence with the greatest similarity.
pub(super) fn align(a: &Checked, b: &Checked) -> HashMap<NodeId, NodeId> {
    let by_path: HashMap<&str, NodeId> =
        b.order().iter().map(|&id| (b.node(id).path.as_str(), id)).collect();
    let mut pairs: HashMap<NodeId, NodeId> = HashMap::new();
    for &id in a.order() {
        if let Some(&other) = by_path.get(a.node(id).path.as_str())
            && a.node(id).op.name() == b.node(other).op.name()
        {
            pairs.insert(id, other);
        }
    }
    let taken: HashSet<NodeId> = pairs.values().copied().collect();
    let left: Vec<NodeId> =
        a.order().iter().filter(|id| !pairs.contains_key(id)).copied().collect();
    let right: Vec<NodeId> = b.order().iter().filter(|id| !taken.contains(id)).copied().collect();
    pairs.extend(sequence(a, b, &left, &right));
    pairs
}

/// The common subsequence with the greatest similarity.
fn sequence(a: &Checked, b: &Checked, left: &[NodeId], right: &[NodeId]) -> Vec<(NodeId, NodeId)> {
    let width = right.len() + 1;
    if left.len().saturating_mul(right.len()) > MAX_PAIRS {
        return Vec::new();
    }
    let mut best = vec![0u32; (left.len() + 1) * width];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            let skip = best[(i + 1) * width + j].max(best[i * width + j + 1]);
            let like = likeness(a, b, left[i], right[j]);
            let take = if like > 0 { like + best[(i + 1) * width + j + 1] } else { 0 };
            best[i * width + j] = skip.max(take);
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < left.len() && j < right.len() {
        let here = best[i * width + j];
        let like = likeness(a, b, left[i], right[j]);
        if like > 0 && here == like + best[(i + 1) * width + j + 1] {
            pairs.push((left[i], right[j]));
            (i, j) = (i + 1, j + 1);
        } else if here == best[(i + 1) * width + j] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// 0 for ops of different kinds; more for the same arguments, and more for the same stage.
fn likeness(a: &Checked, b: &Checked, left: NodeId, right: NodeId) -> u32 {
    let (left, right) = (a.node(left), b.node(right));
    if left.op.name() != right.op.name() {
        return 0;
    }
    let same_stage = left.stage() == right.stage();
    4 + 2 * u32::from(left.op == right.op) + 2 * u32::from(same_stage)
}
