use std::collections::HashSet;

use petgraph::visit::{Dfs, Reversed};

use super::place::{at, in_calls};
use crate::diag::{Code, Problems};
use crate::graph::{Graph, NodeId};

/// The inputs and all nodes that reach the output. Reports nodes that are unreachable from the
/// inputs, and the last node of each branch that does not reach the output.
pub(super) fn reach(graph: &Graph, problems: &mut Problems) -> HashSet<NodeId> {
    let from_input: HashSet<NodeId> =
        graph.inputs().iter().flat_map(|&id| walk(graph.dag(), id)).collect();
    let to_output: HashSet<NodeId> =
        graph.output().into_iter().flat_map(|(_, id)| walk(Reversed(graph.dag()), id)).collect();
    for id in graph.ids() {
        let path = &graph.get(id).path;
        if !from_input.contains(&id) {
            let message = format!("no input reaches `{path}`");
            problems.push(
                at(graph, id, Code::Unreachable, message)
                    .help("connect its operands, or remove it"),
            );
        } else if graph.output().is_some()
            && !to_output.contains(&id)
            && graph.readers(id).is_empty()
        {
            let message = format!("the result of `{path}` is not used");
            let problem = at(graph, id, Code::UnusedBranch, message)
                .label("does not reach the output")
                .help("join it by `add(name)` or `concat(name)`, or remove the branch");
            problems.push(in_calls(problem, graph, id));
        }
    }
    graph.inputs().iter().copied().chain(to_output).collect()
}

fn walk<G>(graph: G, start: NodeId) -> Vec<NodeId>
where
    G: petgraph::visit::IntoNeighbors<NodeId = NodeId>
        + petgraph::visit::Visitable<NodeId = NodeId>,
{
    let mut dfs = Dfs::new(graph, start);
    std::iter::from_fn(move || dfs.next(graph)).collect()
}
