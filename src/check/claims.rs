use std::collections::{HashMap, HashSet};

use super::checked::Checked;
use super::place;
use crate::diag::{Code, Problem, Problems, Span};
use crate::graph::{Claim, Claimant, Graph, NodeId, Scope, Shape, Value, in_calls};
use crate::syntax::ast::{Expr, ExprKind};
use crate::syntax::print_expr;

/// Compares the shapes that the file claims with the inferred ones. Where a block returns another
/// shape than it says, what else is claimed of that value and of those behind it is not told.
pub(super) fn shape_claims(
    graph: &Graph,
    order: &[NodeId],
    shapes: &HashMap<NodeId, Shape>,
    problems: &mut Problems,
) {
    let mut failed: HashMap<NodeId, Vec<ShapeClaim<'_>>> = HashMap::new();
    for claim in &graph.claims {
        let Claim::Shape { node, expected, by, span } = claim else { continue };
        if shapes.get(node).is_some_and(|shape| shape.dims() != expected.as_slice()) {
            failed.entry(*node).or_default().push(ShapeClaim { expected, by, span: *span });
        }
    }
    let mut behind: HashSet<NodeId> = HashSet::new();
    for &id in order.iter().filter(|_| !failed.is_empty()) {
        let mut doubtful = graph.operands(id).iter().any(|operand| behind.contains(operand));
        for claim in failed.get(&id).into_iter().flatten() {
            if doubtful {
                // Another call of a block that is known.
                problems.again(Code::Signature, Some(claim.span));
            } else if let Some(shape) = shapes.get(&id) {
                problems.push(claim.problem(graph, id, shape));
                doubtful = matches!(claim.by, Claimant::Result(_));
            }
        }
        if doubtful {
            behind.insert(id);
        }
    }
}

/// A shape that is claimed of a node.
struct ShapeClaim<'g> {
    expected: &'g [u64],
    by: &'g Claimant,
    span: Span,
}

impl ShapeClaim<'_> {
    /// The problem of a node that has another shape.
    fn problem(&self, graph: &Graph, node: NodeId, shape: &Shape) -> Problem {
        let (by, span) = (self.by, self.span);
        let sizes: Vec<String> = self.expected.iter().map(u64::to_string).collect();
        let path = &graph.get(node).path;
        let message = format!("{by} expected [N, {}], got {shape} from `{path}`", sizes.join(", "));
        let problem = |at| Problem::new(Code::Signature, at, message).of_node();
        let from = |p: Problem| p.related(place::span(graph, node), format!("{path} is {shape}"));
        match by {
            Claimant::Taken(_, call) => {
                let problem = from(problem(call.span).label("called here"))
                    .related(span, "its signature")
                    .help("call it on a value of that shape, or with other arguments");
                in_calls(problem, &call.calls)
            }
            Claimant::Parent(_) => {
                let problem = from(problem(span).label("claimed here")).help(
                    "declare what differs as a parameter of the parent, for example \
                     `extends \"base.net\" (classes = 100)`",
                );
                place::in_calls(problem, graph, node)
            }
            Claimant::Statement(_) | Claimant::Result(_) => {
                place::in_calls(from(problem(span).label("claimed here")), graph, node)
            }
        }
    }
}

/// Reports the names in an `expect` that nothing defines, for a net whose cost is not known.
pub(super) fn names_of_cost_claims(graph: &Graph, problems: &mut Problems) {
    for claim in &graph.claims {
        let Claim::Expect { condition, scope } = claim else { continue };
        let mut scope = scope.clone();
        for cost in ["params", "macs"] {
            scope.set(cost, Value::Int(0));
        }
        let faults = condition.names().into_iter().filter_map(|name| scope.eval(name).err());
        faults.flatten().for_each(|problem| problems.push(*problem));
    }
}

/// Evaluates every `expect`.
pub(super) fn cost_claims(checked: &Checked, problems: &mut Problems) {
    for claim in &checked.graph().claims {
        let Claim::Expect { condition, scope } = claim else { continue };
        let mut scope = scope.clone();
        for (name, count) in [("params", checked.params()), ("macs", checked.macs())] {
            scope.set(name, Value::Int(i64::try_from(count).unwrap_or(i64::MAX)));
        }
        match scope.condition(condition) {
            Ok(true) => {}
            Ok(false) => problems.push(unmet(condition, &scope)),
            Err(fault) => {
                if let Some(problem) = fault {
                    problems.push(*problem);
                }
            }
        }
    }
}

fn unmet(condition: &Expr, scope: &Scope) -> Problem {
    let text = print_expr(condition);
    let sides = match &condition.node {
        ExprKind::Binary(_, left, right) => [left, right]
            .into_iter()
            .filter(|side| {
                use ExprKind::{Float, Int, Str};
                !matches!(side.node, Int { .. } | Float { .. } | Str(_))
            })
            .filter_map(|side| Some(format!("{} is {}", print_expr(side), scope.eval(side).ok()?)))
            .collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    let got = if sides.is_empty() { "it is false".into() } else { sides.join(", ") };
    let help = match scope.in_quotes(condition) {
        Some(name) => format!("did you mean `{name}`? In quotes it is a text"),
        None => "correct the net, or the number that the file claims".into(),
    };
    Problem::new(Code::Expect, condition.span, format!("expected {text}, but {got}"))
        .label(got)
        .help(help)
}
