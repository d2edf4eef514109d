//! The check that a graph is a net that can run.
//!
//! [`check`](fn@check) traverses the graph once in topological order, infers the shape of each
//! node, and verifies the file's claims. Every later stage requires its result, [`Checked`].

mod checked;
mod claims;
mod diverge;
mod order;
mod place;
mod reach;
mod shapes;
mod warnings;

use std::collections::HashMap;

use crate::diag::{Code, Problem, Problems};
use crate::graph::Graph;

pub use checked::{CheckError, Checked, Unchecked};
pub use diverge::uneven;

/// Checks a graph: it has no cycle, every node is reachable from an input, every op accepts its
/// operands, there is exactly one input and one output, and the file's claims hold.
///
/// Nodes that read a value of unknown shape are skipped, so that each mistake is reported once.
pub fn check(graph: Graph) -> Result<Checked, Box<CheckError>> {
    let failed = |unchecked, problems| Err(Box::new(CheckError { unchecked, problems }));
    let order = match order::order(&graph) {
        Ok(order) => order,
        Err(problems) => return failed(Unchecked { graph, shapes: HashMap::new() }, problems),
    };
    let mut problems = Problems::new();
    let live = reach::reach(&graph, &mut problems);
    let shapes = shapes::shapes(&graph, &order, &mut problems);
    claims::shape_claims(&graph, &order, &shapes, &mut problems);
    let (input, output) = (graph.inputs().first().copied(), graph.output().map(|(_, id)| id));
    if input.is_none() || graph.inputs().len() > 1 {
        let message = format!("a net has one input, this graph has {}", graph.inputs().len());
        problems.push(Problem::new(Code::Structure, None, message));
    }
    if output.is_none() && shapes.len() == graph.len() {
        problems.push(Problem::new(Code::Structure, None, "the graph has no output"));
    }
    let (Some(input), Some(output), false) = (input, output, problems.has_errors()) else {
        claims::names_of_cost_claims(&graph, &mut problems);
        return failed(Unchecked { graph, shapes }, problems);
    };
    // What reaches no output is warned of, and counted nowhere.
    let order = order.into_iter().filter(|id| live.contains(id)).collect();
    let net = Unchecked { graph, shapes };
    let checked = Checked { net, order, input, output, warnings: Problems::new() };
    claims::cost_claims(&checked, &mut problems);
    // They may say why a claim fails.
    warnings::warn(&checked, &mut problems);
    if problems.has_errors() {
        return failed(checked.into(), problems);
    }
    Ok(Checked { warnings: problems, ..checked })
}
