use std::collections::HashMap;

use super::diverge::diverge;
use super::place::{at, in_calls, span};
use crate::diag::{Code, Problem, Problems};
use crate::graph::{Graph, NodeId, Shape};
use crate::limits::MAX_PARAMS;

/// Infers the shape of every node where possible; reports each op that does not accept its
/// operands.
pub(super) fn shapes(
    graph: &Graph,
    order: &[NodeId],
    problems: &mut Problems,
) -> HashMap<NodeId, Shape> {
    let mut shapes: HashMap<NodeId, Shape> = HashMap::new();
    let mut params = 0u64;
    for &id in order {
        let operands = graph.operands(id);
        let known: Option<Vec<&Shape>> = operands.iter().map(|o| shapes.get(o)).collect();
        let Some(known) = known else { continue };
        let op = &graph.get(id).op;
        let (least, most) = op.operand_range();
        if operands.len() < least || operands.len() > most {
            let message =
                format!("`{}` reads {least} to {most} values, got {}", op.name(), operands.len());
            problems.push(at(graph, id, Code::Arity, message));
            continue;
        }
        match op.shape(&known) {
            Ok(shape) => {
                params = params.saturating_add(op.params(&known));
                shapes.insert(id, shape);
            }
            Err(_) if problems.again(Code::Shape, span(graph, id)) || problems.is_full() => {}
            Err(error) => problems.push(shape_problem(graph, id, operands, &shapes, error)),
        }
    }
    if params > MAX_PARAMS {
        let message = format!("the net has more than {MAX_PARAMS} parameters");
        problems.push(Problem::new(Code::Limit, None, message).help("make it narrower"));
    }
    shapes
}

fn shape_problem(
    graph: &Graph,
    id: NodeId,
    operands: &[NodeId],
    shapes: &HashMap<NodeId, Shape>,
    error: crate::graph::ShapeError,
) -> Problem {
    let path = &graph.get(id).path;
    let mut problem =
        at(graph, id, Code::Shape, format!("{} at `{path}`", error.message)).label("does not fit");
    for operand in operands {
        if let Some(shape) = shapes.get(operand) {
            let label = format!("{} is {shape}", graph.get(*operand).path);
            problem = problem.related(span(graph, *operand), label);
        }
    }
    let first = operands.first().copied();
    let other =
        operands.iter().copied().find(|id| shapes.get(id) != first.and_then(|f| shapes.get(&f)));
    let divergence = first.zip(other).and_then(|(a, b)| diverge(graph, shapes, a, b));
    for (id, what) in divergence
        .iter()
        .flat_map(|d| [(d.fork, "both sides come from"), (d.first, "they first differ at")])
    {
        if let Some(shape) = shapes.get(&id).filter(|_| !operands.contains(&id)) {
            let label = format!("{what} {}, {shape}", graph.get(id).path);
            problem = problem.related(span(graph, id), label);
        }
    }
    in_calls(problem, graph, id).help_if(error.help)
}
