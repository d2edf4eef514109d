//! The shapes inside a block that nothing calls, in terms of its parameters and of the sizes that
//! come in.
//!
//! A net that calls the block is checked with several sizes and arguments, and the formula of each
//! size is read off the results. So ops need no rules for symbols.

mod formula;
mod given;
mod probe;

use std::collections::HashMap;

use super::known::Known;
use crate::diag::Span;
use crate::graph::NodeId;
use crate::syntax::Project;

use formula::formula;
use given::{Given, arguments};
use probe::{Probe, Run};

/// A block with the shapes inside it.
pub(super) struct Symbolic {
    /// The project with a net that calls the block.
    pub project: Project,
    /// That net.
    pub known: Known,
    /// Where it calls the block.
    pub call: Span,
}

/// The block of a project's own file that holds a place; none once `budget` nodes are placed.
pub(super) fn of(project: &Project, at: Span, budget: &mut usize) -> Option<Symbolic> {
    let holds = |span: Span| span.start <= at.start && at.end <= span.end;
    let block = project
        .file(project.root)
        .blocks()
        .find(|b| holds(b.name.span.to(b.body.place.span)))?
        .clone();
    let inputs: Vec<Vec<Given>> = given::inputs(&block);
    let mut probe = Probe::new(project, block, budget);
    let mut best: Option<(Vec<Given>, Vec<Given>, Run)> = None;
    for input in inputs.into_iter().filter(|input| !input.is_empty()) {
        let Some((arguments, run)) = arguments(&mut probe, &input) else { continue };
        if best.as_ref().is_none_or(|(_, _, other)| run.score() > other.score()) {
            best = Some((input, arguments, run));
        }
    }
    let (input, arguments, _) = best?;
    let (known, call) = read(&mut probe, &input, &arguments)?;
    Some(Symbolic { project: probe.project, known, call })
}

/// Runs the probe with each symbol changed in turn, and with all of them changed.
fn read(probe: &mut Probe<'_>, input: &[Given], arguments: &[Given]) -> Option<(Known, Span)> {
    let mut symbols: Vec<&Given> = Vec::new();
    for given in input.iter().chain(arguments).filter(|given| given.is_symbol()) {
        if !symbols.iter().any(|known| known.name == given.name) {
            symbols.push(given);
        }
    }
    let mut runs = Vec::new();
    for symbol in &symbols {
        let changed = |given: &Given| usize::from(given.name == symbol.name);
        runs.push(probe.run(input, arguments, &changed)?);
    }
    let all = probe.run(input, arguments, &|_| 2)?;
    let first = probe.run(input, arguments, &|_| 0)?;
    if first.paths() != all.paths() {
        return None;
    }
    let graph = &first.net.graph;
    let mut shapes: HashMap<NodeId, String> = HashMap::new();
    for id in graph.ids() {
        let path = &graph.get(id).path;
        let sizes: Option<Vec<&[u64]>> =
            [&first].into_iter().chain(&runs).chain([&all]).map(|run| run.shape(path)).collect();
        let Some(sizes) = sizes.filter(|s| s.iter().all(|x| x.len() == s[0].len())) else {
            continue;
        };
        let size = |i: usize| {
            let values: Vec<u64> = sizes.iter().map(|sizes| sizes[i]).collect();
            formula(&symbols, &values).unwrap_or_else(|| "?".to_owned())
        };
        let sizes: Vec<String> = (0..sizes[0].len()).map(size).collect();
        shapes.insert(id, format!("[N, {}]", sizes.join(", ")));
    }
    let call = first.call;
    Some((Known { graph: first.net.graph, shapes }, call))
}
