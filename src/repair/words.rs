//! Values in the words of the text: `2*width` rather than 128.

use std::collections::BTreeSet;

use super::calls::Texts;
use super::text::{argument, split};
use crate::diag::{Sources, Span};
use crate::graph::{Graph, Origin, Scope};
use crate::syntax::parse_expr;

/// At most so many expressions are tried for one value.
const MAX_WORDS: usize = 3;
/// At most so many, the nearest, are evaluated for it.
const MAX_EVALUATED: usize = 64;

/// Ways to write a value where a call stands: as other calls of the same body do, by a parameter,
/// or as a number. One that a block does not have already would hold for this call of it alone.
pub(super) fn words(graph: &Graph, texts: &Texts<'_>, at: &Origin, value: u64) -> Vec<String> {
    let scope = scope(graph, at);
    let names = scope.names().map(str::to_owned);
    let mut found: Vec<String> = arguments(graph, texts, at).into_iter().chain(names).collect();
    let number = value.to_string();
    let holds = at.calls.is_empty() || found.contains(&number);
    let mut seen = BTreeSet::new();
    found.retain(|text| {
        text.contains(|c: char| c.is_ascii_lowercase()) && seen.insert(text.clone())
    });
    found.truncate(MAX_EVALUATED);
    found.retain(|text| whole(&scope, text) == i64::try_from(value).ok());
    found.truncate(MAX_WORDS);
    found.extend(Some(number).filter(|_| holds));
    found
}

/// The names that the body of a call knows, as far as its head declares them.
fn scope(graph: &Graph, at: &Origin) -> Scope {
    let mut scope = Scope::default();
    let Some(call) = at.calls.last() else {
        graph.params.iter().for_each(|(name, value)| scope.set(name.clone(), value.clone()));
        return scope;
    };
    let given = call.block.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    for part in given.map(split).unwrap_or_default() {
        if let (Some(name), value) = argument(part)
            && let Some(value) = eval(&Scope::default(), value)
        {
            scope.set(name, value);
        }
    }
    scope
}

/// The arguments of the calls in the same body, the nearest first.
fn arguments(graph: &Graph, texts: &Texts<'_>, at: &Origin) -> Vec<String> {
    let depth = at.calls.len();
    let beside = |origin: &Origin| {
        let same = origin.calls.get(..depth) == Some(&at.calls[..]);
        same.then(|| origin.calls.get(depth).map_or(origin.span, |call| call.span))
    };
    let origins = graph.ids().filter_map(|id| graph.get(id).origin.as_ref());
    let spans: BTreeSet<Span> = origins.filter_map(beside).filter(|s| *s != at.span).collect();
    let mut spans: Vec<Span> = spans.into_iter().collect();
    spans.sort_by_key(|span| span.start.abs_diff(at.span.start));
    let calls = spans.into_iter().filter_map(|span| texts.call(span));
    calls.flat_map(|call| call.values().map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn whole(scope: &Scope, text: &str) -> Option<i64> {
    eval(scope, text)?.whole()
}

fn eval(scope: &Scope, text: &str) -> Option<crate::graph::Value> {
    let mut sources = Sources::default();
    let file = sources.add("", text);
    scope.eval(&parse_expr(&sources, file).ok()?).ok()
}
