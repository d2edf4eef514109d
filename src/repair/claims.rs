//! Repairs of shapes that are not as claimed: only offered, as either may be what is wrong.

use super::calls::Texts;
use super::judge::{Candidate, Rest};
use super::site::Site;
use super::text::split;
use super::words::words;
use crate::check::Unchecked;
use crate::diag::{Fix, Problem, Span};
use crate::graph::{Calls, Claim, Claimant, NodeId, Origin, Shape};

/// The claim corrected, or the last layer.
pub(super) fn of(problem: &Problem, net: &Unchecked, texts: &Texts<'_>) -> Vec<Candidate> {
    let Some((node, wanted, by, span)) = claim(problem, net) else { return Vec::new() };
    let Some(got) = net.shapes.get(&node) else { return Vec::new() };
    let mut candidates = Vec::new();
    if let Claimant::Statement(_) = by {
        candidates.extend(corrected(net, texts, span, got));
    }
    let layer = Site::of(node, net, texts).and_then(|site| site.layer(node));
    for layer in layer.iter().filter(|_| wanted.dims().len() == got.dims().len()) {
        for change in layer.layer_for(got, &wanted) {
            let title = format!("give `{}` {}", layer.path(), change.words.join(" and "));
            candidates.push(candidate(title, change.edits));
        }
    }
    candidates
}

fn candidate(title: String, edits: Vec<(Span, String)>) -> Candidate {
    Candidate { fix: Fix { title, edits, safe: false }, site: None, rest: Rest::Sound }
}

/// The claim that a problem is about: its node, the shape, who claims it, and where.
fn claim<'a>(problem: &Problem, net: &'a Unchecked) -> Option<(NodeId, Shape, &'a Claimant, Span)> {
    net.graph.claims.iter().find_map(|claim| match claim {
        Claim::Shape { node, expected, by, span } if Some(*span) == problem.span => {
            let shape = Shape::new(expected.clone()).ok()?;
            (net.shapes.get(node) != Some(&shape)).then_some((*node, shape, by, *span))
        }
        _ => None,
    })
}

/// The claim with the sizes that are.
fn corrected(net: &Unchecked, texts: &Texts<'_>, span: Span, got: &Shape) -> Vec<Candidate> {
    let text = texts.sources.text(span).trim_start_matches('[').trim_end_matches(']');
    let [batch, written @ ..] = &split(text)[..] else { return Vec::new() };
    if written.len() != got.dims().len() {
        return Vec::new();
    }
    let at = Origin { span, calls: Calls::default(), literal: true };
    let words = |value| words(&net.graph, texts, &at, value);
    let first = words(got.channels()).into_iter();
    let with = |channels: String| {
        let rest = got.dims()[1..].iter().map(u64::to_string);
        let dims: Vec<String> = [batch.to_string(), channels].into_iter().chain(rest).collect();
        let shape = format!("[{}]", dims.join(", "));
        candidate(format!("claim the shape that it has: `{shape}`"), vec![(span, shape)])
    };
    first.map(with).collect()
}
