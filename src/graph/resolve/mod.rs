//! Syntax tree to graph: blocks expanded, parameters in force, edits applied, every node named by
//! its path.
//!
//! Shapes are followed along the way, because `same`, the symbols of a signature and guards over
//! them depend on sizes. A value whose shape does not come out is passed on as unknown without a
//! word; `check` says why.

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

/// What became of a file.
#[derive(Debug)]
pub struct Resolved {
    /// The graph as far as it could be built; `None` if the file holds no net.
    pub graph: Option<Graph>,
    /// What is wrong with names, arguments, expressions and structure.
    pub problems: Problems,
}

/// Builds the graph of a project's root file, with some parameters overridden.
///
/// Under overrides, an `expect` that speaks of `params` or `macs` is left out: it is a claim about
/// the net as written.
pub fn resolve(project: &Project, overrides: &[Override]) -> Resolved {
    let mut resolver = Resolver::new(project);
    resolver.imports();
    let found = resolver.net(overrides);
    resolver.uncalled_blocks();
    // A misspelt name leaves what it meant without a use.
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
