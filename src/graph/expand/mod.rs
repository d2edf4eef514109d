//! From syntax tree to graph: expands blocks, evaluates parameters, applies edits, and names every
//! node by its path.
//!
//! Shapes are inferred along the way, because `same`, the symbols of signatures and guards over
//! them depend on sizes. A value whose shape cannot be inferred is passed on as unknown without a
//! message; `check` reports why.

mod bind;
mod block_call;
mod body;
mod call;
mod callee;
mod common_labels;
mod default;
mod domain;
mod edits;
mod element;
mod elsewhere;
mod ends;
mod env;
mod expander;
mod imports;
mod labels;
mod net;
mod operands;
mod parameters;
mod quotes;
mod refused;
mod rounds;
mod signature;
mod steps;
mod trace;
mod translate;
mod uncalled;
mod unknown_value;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Graph, Provenance, constant_guard, guard_scope, join_scope, same_scope, unchanged, unused,
};
use crate::diag::{Problems, Span};
use crate::syntax::Project;

pub use domain::members;
use expander::Expander;
pub use parameters::Override;
use trace::Trace;

/// The result of resolving a file.
#[derive(Debug)]
pub struct Expanded {
    /// The graph as far as it could be built; `None` if the file contains no net.
    pub graph: Option<Graph>,
    /// Problems with names, arguments, expressions and structure.
    pub problems: Problems,
    /// What is called and neither an op nor a block, by place; each is among the problems.
    pub undefined: BTreeMap<Span, String>,
    /// Parameters of the net, each with another value than it has, as the language writes it.
    pub samples: Vec<(String, String)>,
    /// The statements and calls that have no value because of an error, at least in one place.
    pub unfinished: BTreeSet<Span>,
}

/// Builds the graph of a project's root file, with some parameters overridden.
///
/// With overrides, an `expect` that mentions `params` or `macs` is left out: it is a claim about
/// the net as written.
pub fn expand(project: &Project, overrides: &[Override]) -> Expanded {
    let mut expander = Expander::new(project);
    expander.imports();
    let found = expander.net(overrides);
    expander.defined_twice();
    expander.uncalled_blocks();
    unchanged::unchanged(project, &expander.names, &mut expander.problems);
    // A misspelt name would also make its intended target look unused.
    if !expander.problems.has_errors() {
        let Expander { names, problems, .. } = &mut expander;
        unused::unused(project, names, problems);
        constant_guard::constant_guards(project.file(project.root), names, problems);
        guard_scope::guard_scopes(project.file(project.root), names, problems);
        join_scope::join_scopes(project.file(project.root), names, problems);
        same_scope::same_scopes(project.file(project.root), problems);
    }
    let Expander { graph, problems, undefined, samples, unfinished, .. } = expander;
    Expanded { graph: found.then_some(graph), problems, undefined, samples, unfinished }
}

/// Where the values of the node at a path come from; `None` if there is no such node, or if it is
/// an input.
pub fn trace(project: &Project, overrides: &[Override], path: &str) -> Option<Provenance> {
    let mut expander = Expander::new(project);
    expander.trace = Some(Trace::new(path));
    expander.net(overrides);
    expander.trace?.found
}
