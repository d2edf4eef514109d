//! Joins that begin a stage: they take the current value along with those that they name.

use std::collections::HashMap;

use super::names::Names;
use crate::diag::{Code, Problem, Problems, Span};
use crate::graph::op;
use crate::syntax::ast::{Body, Call, Element, ElementKind, ExprKind, File, Name, StmtKind};
use crate::syntax::repeats;

/// Warns about each join at the start of a stage that names the current value itself, or branches
/// of the current value and not that value.
pub(super) fn join_scopes(file: &File, names: &Names<'_>, problems: &mut Problems) {
    let mut joins = JoinScopes { names, problems };
    file.blocks().for_each(|block| joins.in_body(&block.body, Some("in")));
    file.nets().for_each(|net| joins.in_body(&net.body, None));
}

struct JoinScopes<'n, 'p> {
    names: &'n Names<'p>,
    problems: &'n mut Problems,
}

impl JoinScopes<'_, '_> {
    /// `current` is the name of the value that the body starts from, if it has one.
    fn in_body<'a>(&mut self, body: &'a Body, mut current: Option<&'a str>) {
        // Where each branch comes from, through other branches.
        let mut sources: HashMap<&str, &str> = HashMap::new();
        for stmt in &body.stmts {
            repeats(stmt.kind.chain()).into_iter().for_each(|r| self.in_body(&r.body, None));
            match &stmt.kind {
                StmtKind::Input { name, .. } => current = Some(&name.node),
                StmtKind::Branch { name, source, .. } => {
                    let origin = sources.get(source.node.as_str()).copied();
                    sources.insert(&name.node, origin.unwrap_or(&source.node));
                }
                StmtKind::Stage { label, chain, .. } => {
                    let (start, rest) = self.names.start(chain);
                    if let (None, Some(current), Some(call)) = (start, current, join(rest)) {
                        self.in_join(call, current, &sources);
                    }
                    let unchanged = start.filter(|_| rest.is_empty());
                    current = label.as_ref().or(unchanged).map(|name| name.node.as_str());
                }
                StmtKind::Repeat { label, body, .. } => {
                    self.in_body(body, None);
                    current = label.as_ref().map(|name| name.node.as_str());
                }
                StmtKind::Block(block) => self.in_body(&block.body, Some("in")),
                StmtKind::Output { .. }
                | StmtKind::Let(_)
                | StmtKind::Default(_)
                | StmtKind::Expect(_)
                | StmtKind::Recipe { .. }
                | StmtKind::Edit(_) => {}
            }
        }
    }

    fn in_join(&mut self, call: &Call, current: &str, sources: &HashMap<&str, &str>) {
        let operands = operands(call, self.names);
        let of_current = |name: &Name| sources.get(name.node.as_str()) == Some(&current);
        if let Some(twice) = operands.iter().find(|operand| operand.node == current) {
            self.problems.push(named_itself(call, twice, &operands));
        } else if operands.len() > 1 && operands.iter().all(of_current) {
            self.problems.push(taken_along(call, current, &operands));
        }
    }
}

/// The call of an op that joins any number of values, if a chain begins with one.
fn join(chain: &[Element]) -> Option<&Call> {
    let ElementKind::Call(call) = &chain.first()?.kind else { return None };
    let signature = op::signature(&call.name.node)?;
    (signature.operands.1 > 2).then_some(call)
}

/// The values that a call names.
fn operands(call: &Call, names: &Names<'_>) -> Vec<Name> {
    let values = call.args.iter().filter_map(|arg| {
        let ExprKind::Name(name) = &arg.value.node else { return None };
        let is_value =
            name == "in" || names.definition(arg.value.span).is_some_and(|def| def.kind.is_value());
        is_value.then(|| Name { node: name.clone(), span: arg.value.span })
    });
    values.collect()
}

fn named_itself(call: &Call, twice: &Name, operands: &[Name]) -> Problem {
    let (op, name) = (&call.name.node, &twice.node);
    let message = format!("`{op}` takes `{name}` twice: it is the current value already");
    let problem = Problem::new(Code::JoinScope, call.place.span, message)
        .label("joins the current value and those that it names")
        .related(twice.span, "the current value");
    match operands {
        [first, rest @ ..] if !rest.is_empty() => named_alone(problem, call, first, rest),
        _ => problem.help(format!("name another value than `{name}`")),
    }
}

fn taken_along(call: &Call, current: &str, operands: &[Name]) -> Problem {
    let op = &call.name.node;
    let message = format!("`{op}` takes `{current}` too, not only the branches that it names");
    let start = Span { end: call.place.span.start, ..call.place.span };
    let problem = Problem::new(Code::JoinScope, call.place.span, message)
        .label("joins the current value and those that it names");
    let problem = match operands {
        [first, rest @ ..] if !rest.is_empty() => named_alone(problem, call, first, rest),
        _ => problem,
    };
    problem.offer(format!("join `{current}` too, as it is"), [(start, format!("{current} -> "))])
}

/// With the repair that starts the stage from the first operand.
fn named_alone(problem: Problem, call: &Call, first: &Name, rest: &[Name]) -> Problem {
    let start = Span { end: call.place.span.start, ..call.place.span };
    let end = rest.first().map_or(first.span.end, |second| second.span.start);
    let argument = Span { start: first.span.start, end, ..call.place.span };
    let (op, first) = (&call.name.node, &first.node);
    let rest = rest.iter().map(|name| name.node.as_str()).collect::<Vec<_>>().join(", ");
    problem
        .help(format!(
            "for the named values alone, start from one of them: `{first} -> {op}({rest})`"
        ))
        .offer(
            "join the named values alone".to_owned(),
            [(start, format!("{first} -> ")), (argument, String::new())],
        )
}
