//! From syntax tree to graph: expands blocks, evaluates parameters, applies edits, and names every
//! node by its path.
//!
//! Shapes are inferred along the way, because `same`, the symbols of signatures and guards over
//! them depend on sizes. A value whose shape cannot be inferred is passed on as unknown without a
//! message; `check` reports why.

mod bind;
mod body;
mod call;
mod default;
mod domain;
mod element;
mod env;
mod imports;
mod net;
mod resolver;
mod signature;
mod steps;
mod trace;
mod uncalled;
mod values;

use super::{Graph, Provenance, constant_guard, unused};
use crate::diag::Problems;
use crate::syntax::Project;

pub use domain::members;
pub use net::Override;
use resolver::Resolver;
use trace::Trace;

/// The result of resolving a file.
#[derive(Debug)]
pub struct Resolved {
    /// The graph as far as it could be built; `None` if the file contains no net.
    pub graph: Option<Graph>,
    /// Problems with names, arguments, expressions and structure.
    pub problems: Problems,
}

/// Builds the graph of a project's root file, with some parameters overridden.
///
/// With overrides, an `expect` that mentions `params` or `macs` is left out: it is a claim about
/// the net as written.
pub fn resolve(project: &Project, overrides: &[Override]) -> Resolved {
    let mut resolver = Resolver::new(project);
    resolver.imports();
    let found = resolver.net(overrides);
    resolver.uncalled_blocks();
    // A misspelt name would also make its intended target look unused.
    if !resolver.problems.has_errors() {
        let Resolver { names, problems, .. } = &mut resolver;
        unused::unused(project, names, problems);
        constant_guard::constant_guards(project.file(project.root), names, problems);
    }
    let Resolver { graph, problems, .. } = resolver;
    Resolved { graph: found.then_some(graph), problems }
}

/// Where the values of the node at a path come from; `None` if there is no such node, or if it is
/// an input.
pub fn trace(project: &Project, overrides: &[Override], path: &str) -> Option<Provenance> {
    let mut resolver = Resolver::new(project);
    resolver.trace = Some(Trace::new(path));
    resolver.net(overrides);
    resolver.trace?.found
}
