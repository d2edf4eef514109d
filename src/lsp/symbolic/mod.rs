//! The shapes inside a block that nothing calls, in terms of its parameters and of the sizes that
//! come in.
//!
//! A net that calls the block is checked with several sizes and arguments, and the formula of each
//! size is read off the results. So ops need no rules for symbols.

mod arguments;
mod formula;
mod given;
mod probe;

use std::collections::HashMap;

use super::known::ShownShapes;
use crate::diag::Span;
use crate::graph::NodeId;
use crate::syntax::Project;

use arguments::arguments;
use formula::formula;
use given::Assumed;
use probe::{BlockProbe, ProbeRun};

/// A block with the shapes inside it.
pub(super) struct Symbolic {
    /// The project with a net that calls the block.
    pub project: Project,
    /// That net.
    pub known: ShownShapes,
    /// Where it calls the block.
    pub call: Span,
}

/// The block of a project's own file that holds a place; none once `budget` nodes are placed. Of a
/// block with a number of rounds as a parameter, with two such numbers: what is said has to hold
/// for both.
pub(super) fn of(project: &Project, at: Span, budget: &mut usize) -> Vec<Symbolic> {
    let holds = |span: Span| span.start <= at.start && at.end <= span.end;
    let mut blocks = project.file(project.root).blocks();
    let Some(block) = blocks.find(|b| holds(b.name.span.to(b.body.place.span))).cloned() else {
        return Vec::new();
    };
    let inputs: Vec<Vec<Assumed>> = given::inputs(&block);
    let mut probe = BlockProbe::new(project, block, budget);
    let mut best: Option<(Vec<Assumed>, Vec<Assumed>, ProbeRun)> = None;
    for input in inputs.into_iter().filter(|input| !input.is_empty()) {
        let Some((arguments, run)) = arguments(&mut probe, &input) else { continue };
        if best.as_ref().is_none_or(|(_, _, other)| run.score() > other.score()) {
            best = Some((input, arguments, run));
        }
    }
    let Some((input, arguments, _)) = best else { return Vec::new() };
    let next = Assumed::counted_on(&arguments);
    let mut found = Vec::new();
    for arguments in [Some(arguments), next].into_iter().flatten() {
        let Some((known, call)) = read(&mut probe, &input, &arguments) else { return Vec::new() };
        found.push(Symbolic { project: probe.project.clone(), known, call });
    }
    found
}

/// Runs the probe with each symbol changed in turn, and with all of them changed.
fn read(
    probe: &mut BlockProbe<'_>,
    input: &[Assumed],
    arguments: &[Assumed],
) -> Option<(ShownShapes, Span)> {
    let mut symbols: Vec<&Assumed> = Vec::new();
    for given in input.iter().chain(arguments).filter(|given| given.is_symbol()) {
        if !symbols.iter().any(|known| known.name == given.name) {
            symbols.push(given);
        }
    }
    let mut runs = Vec::new();
    for symbol in &symbols {
        let changed = |given: &Assumed| usize::from(given.name == symbol.name);
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
    Some((ShownShapes { graph: first.net.graph, shapes }, call))
}
