//! The path segments of unlabelled elements: the name of the op or block, numbered if it occurs
//! more than once in its body or chain. Occurrences are counted in the text, including guarded
//! ones, so that no parameter value changes a path.

use std::collections::HashMap;

use super::definition::key;
use super::table::Names;
use crate::diag::Span;
use crate::syntax::ast::{Body, Element, StmtKind};
use crate::syntax::{Part, parts};

/// The segment of an unlabelled `repeat` or `for`.
const REPEAT: &str = "rep";

impl Names<'_> {
    /// Numbers the unlabelled stages of a body.
    pub(super) fn number_body(&mut self, body: &Body) {
        let mut all: Vec<(&str, Span)> = Vec::new();
        for stmt in &body.stmts {
            match &stmt.kind {
                StmtKind::Stage { label: None, chain, .. } => {
                    all.extend(parts(self.start(chain).1).into_iter().map(named))
                }
                StmtKind::Repeat { label: None, .. } => all.push((REPEAT, stmt.place.span)),
                _ => {}
            }
        }
        self.number(&all);
    }

    /// Numbers a labelled chain; a single element takes the label instead.
    pub(super) fn number_chain(&mut self, chain: &[Element]) {
        let parts = parts(self.start(chain).1);
        if parts.len() > 1 {
            self.number(&parts.into_iter().map(named).collect::<Vec<_>>());
        }
    }

    fn number(&mut self, all: &[(&str, Span)]) {
        let mut total: HashMap<&str, usize> = HashMap::new();
        all.iter().for_each(|(name, _)| *total.entry(name).or_default() += 1);
        let mut given: HashMap<&str, usize> = HashMap::new();
        for (name, place) in all {
            let number = given.entry(name).or_default();
            *number += 1;
            let segment =
                if total[name] > 1 { format!("{name}_{number}") } else { (*name).to_owned() };
            self.segments.insert(key(*place), segment);
        }
    }
}

fn named(part: Part<'_>) -> (&str, Span) {
    match part {
        Part::Call(call) => (&call.name.node, call.place.span),
        Part::Repeat(repeat) => (REPEAT, repeat.place.span),
    }
}
