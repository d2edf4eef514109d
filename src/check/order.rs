use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use petgraph::algo::kosaraju_scc;

use crate::diag::{Code, Problem, Problems};
use crate::graph::{Graph, NodeId};

/// The nodes in topological order, ties broken by the order of insertion; or the cycle.
pub(super) fn order(graph: &Graph) -> Result<Vec<NodeId>, Problems> {
    let mut waiting: HashMap<NodeId, usize> =
        graph.ids().map(|id| (id, graph.operands(id).len())).collect();
    let mut ready: BinaryHeap<Reverse<NodeId>> =
        graph.ids().filter(|id| waiting[id] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(graph.len());
    while let Some(Reverse(id)) = ready.pop() {
        order.push(id);
        for reader in graph.readers(id) {
            if let Some(count) = waiting.get_mut(&reader) {
                *count -= 1;
                if *count == 0 {
                    ready.push(Reverse(reader));
                }
            }
        }
    }
    if order.len() == graph.len() { Ok(order) } else { Err(cycle(graph).into()) }
}

fn cycle(graph: &Graph) -> Problem {
    let mut nodes = kosaraju_scc(graph.dag())
        .into_iter()
        .find(|scc| scc.len() > 1 || graph.operands(scc[0]).contains(&scc[0]))
        .unwrap_or_default();
    nodes.sort_unstable();
    let walk = walk(graph, &nodes);
    let paths: Vec<&str> = walk.iter().map(|&id| graph.get(id).path.as_str()).collect();
    Problem::new(Code::Cycle, None, format!("the graph has a cycle: {}", paths.join(" -> ")))
        .help("a value may depend only on values that come before it")
}

/// A cycle in a strongly connected component, from its first node back to it.
fn walk(graph: &Graph, component: &[NodeId]) -> Vec<NodeId> {
    let Some(&start) = component.first() else { return Vec::new() };
    let inside = |id: &NodeId| component.binary_search(id).is_ok();
    let mut before: HashMap<NodeId, NodeId> = HashMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(id) = queue.pop_front() {
        for reader in graph.readers(id).into_iter().filter(inside) {
            if reader == start {
                let mut path = vec![id];
                while let Some(&previous) = path.last().and_then(|at| before.get(at)) {
                    path.push(previous);
                }
                path.reverse();
                path.push(start);
                return path;
            }
            before.entry(reader).or_insert_with(|| {
                queue.push_back(reader);
                id
            });
        }
    }
    component.to_vec()
}
