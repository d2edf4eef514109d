use std::collections::HashMap;

use super::diverge::{Divergence, diverge};
use super::place::{at, in_calls, span};
use crate::diag::{Code, Problem, Problems};
use crate::graph::op::Demand;
use crate::graph::{Graph, NodeId, Op, Shape};
use crate::limits::MAX_PARAMS;

/// At most so many places are named where two values part.
const MAX_PLACES: usize = 3;
/// Windows that do not fit into an image of this size are wrong themselves.
const MAX_WINDOW: u64 = 1024;

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
    let op = &graph.get(id).op;
    let ends = first.zip(other).into_iter();
    for (id, what) in ends.flat_map(|(a, b)| parting(graph, shapes, op, [a, b])) {
        if let Some(shape) = shapes.get(&id).filter(|_| !operands.contains(&id)) {
            let label = format!("{what} {}, {shape}", graph.get(id).path);
            problem = problem.related(span(graph, id), label);
        }
    }
    let problem = problem.help_if(error.help);
    let problem = match first {
        Some(operand) => too_small(problem, graph, shapes, id, operand),
        None => problem,
    };
    in_calls(problem, graph, id)
}

/// Says since where an image is too small for a window.
fn too_small(
    problem: Problem,
    graph: &Graph,
    shapes: &HashMap<NodeId, Shape>,
    id: NodeId,
    operand: NodeId,
) -> Problem {
    let image = |id: NodeId| shapes.get(&id).and_then(Shape::image);
    let Some((since, [_, height, width])) =
        too_small_since(graph, shapes, id, operand).and_then(|since| Some((since, image(since)?)))
    else {
        return problem;
    };
    let [window, source] = [id, since].map(|id| &graph.get(id).path);
    let advice = match (height, width) {
        (1, 1) => format!("remove `{window}`"),
        _ => "use a smaller window".into(),
    };
    let since = (since != operand).then(|| span(graph, since)).flatten();
    problem.related(since, format!("{height} x {width} since here")).help(format!(
        "the image is {height} x {width} since `{source}`: {advice}, or pool less ahead of it"
    ))
}

/// Where two values of different shapes part, each place with what happens there.
fn parting(
    graph: &Graph,
    shapes: &HashMap<NodeId, Shape>,
    join: &Op,
    [a, b]: [NodeId; 2],
) -> Vec<(NodeId, &'static str)> {
    let parted = diverge(graph, shapes, join, [a, b]);
    let Some(Divergence { fork, at, uneven }) = parted else { return Vec::new() };
    let what = if uneven { "pixels are lost or gained at" } else { "they first differ at" };
    let places = at.into_iter().take(MAX_PLACES).map(|id| (id, what));
    std::iter::once((fork, "both sides come from")).chain(places).collect()
}

/// From where on an image has the size at which a window does not fit into it; `None` if another
/// size would not help.
fn too_small_since(
    graph: &Graph,
    shapes: &HashMap<NodeId, Shape>,
    id: NodeId,
    operand: NodeId,
) -> Option<NodeId> {
    let op = &graph.get(id).op;
    let Demand::Window { .. } = op.traits().demand else { return None };
    let [channels, height, width] = shapes.get(&operand)?.image()?;
    let large = Shape::new([channels, MAX_WINDOW, MAX_WINDOW]).ok()?;
    op.shape(&[&large]).ok()?;
    let way = std::iter::successors(Some(operand), |at| graph.operands(*at).first().copied());
    let same = |id: &NodeId| {
        shapes.get(id).and_then(Shape::image).is_some_and(|[_, h, w]| (h, w) == (height, width))
    };
    way.take_while(same).last().filter(|since| !graph.inputs().contains(since))
}
