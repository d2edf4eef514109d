//! Repairs of images that are claimed to be vectors.

use super::judge::{Candidate, Rest};
use crate::check::Unchecked;
use crate::diag::{Fix, Problem, Span};
use crate::graph::Claim;

/// A `flatten` behind what ends as an image of one pixel.
pub(super) fn of(problem: &Problem, net: &Unchecked) -> Vec<Candidate> {
    let pixel = net.graph.claims.iter().find_map(|claim| match claim {
        Claim::Shape { node, expected, span, .. } if Some(*span) == problem.span => {
            let dims = net.shapes.get(node)?.dims();
            (*dims == [expected.as_slice(), &[1, 1]].concat()).then_some(*node)
        }
        _ => None,
    });
    // What a block computes is flattened where the net calls the block.
    let Some(node) = pixel.map(|node| net.graph.get(node)) else { return Vec::new() };
    let Some(origin) = &node.origin else { return Vec::new() };
    let last = origin.calls.first().map_or(origin.span, |call| call.span);
    let title = format!("put `flatten` behind `{}`", node.path);
    let behind = Span { start: last.end, ..last };
    let edits = vec![(behind, " -> flatten".to_owned())];
    let fix = Fix { title, edits, safe: true };
    vec![Candidate { fix, site: None, rest: Rest::Sound }]
}
