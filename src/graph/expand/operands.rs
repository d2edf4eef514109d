//! The values that joins read.

use super::expander::{Expander, Frame};
use super::values::Flow;
use crate::diag::{Code, Problem};
use crate::graph::op::Signature;
use crate::syntax::ast::{Arg, Call, Expr, ExprKind, Name, UnaryOp};
use crate::syntax::print_expr;

impl<'a> Expander<'a> {
    /// The values that a join reads besides the cursor, and the other arguments.
    #[allow(clippy::type_complexity)]
    pub(super) fn split_operands(
        &mut self,
        frame: &Frame<'a>,
        signature: &'static Signature,
        call: &'a Call,
        cursor: Flow,
    ) -> Option<(Vec<Flow>, Vec<&'a Arg>)> {
        let (mut operands, mut rest) = (Vec::new(), Vec::new());
        let mut sound = true;
        for arg in &call.args {
            match (&arg.name, &arg.value.node) {
                (None, ExprKind::Name(name)) if signature.operands.1 > operands.len() + 1 => {
                    match self.value(frame, name) {
                        Some(flow) => operands.push(flow),
                        None if frame.env.scope.contains(name) && !signature.args.is_empty() => {
                            rest.push(arg)
                        }
                        None => {
                            self.unknown_value(
                                frame,
                                &Name { node: name.clone(), span: arg.value.span },
                            );
                            sound = false;
                        }
                    }
                }
                (None, ExprKind::Name(name)) if frame.values.contains(name) => {
                    let message = match signature.operands.1 {
                        1 => format!(
                            "`{}` takes the current value alone, and `{name}` is a value",
                            signature.name
                        ),
                        most => format!("`{}` reads at most {most} values", signature.name),
                    };
                    self.wrong_call(call, signature, Code::Arity, arg.value.span, message);
                    sound = false;
                }
                _ => match self.refused_operand(frame, signature, call, arg, cursor) {
                    Some(problem) => {
                        self.problems.push(problem);
                        sound = false;
                    }
                    None => rest.push(arg),
                },
            }
        }
        sound.then_some((operands, rest))
    }

    /// What stands where a join reads a value, and is none.
    fn refused_operand(
        &self,
        frame: &Frame<'a>,
        signature: &Signature,
        call: &Call,
        arg: &Arg,
        cursor: Flow,
    ) -> Option<Problem> {
        let (name, at) = (&call.name.node, arg.value.span);
        if signature.operands.1 == 1 || arg.name.is_some() {
            return None;
        }
        let value = |text: &str| self.value(frame, text);
        let problem = |got: &str| {
            Problem::new(Code::Arity, at, format!("`{name}` joins values, got {got}")).label("here")
        };
        match &arg.value.node {
            ExprKind::Str(text) if value(text).is_some() => Some(
                problem("a string")
                    .help(format!("a name stands without quotes: `{name}({text})`"))
                    .fix("leave out the quotes", [(at, text.clone())]),
            ),
            ExprKind::List(items) | ExprKind::Tuple(items) => {
                let names: Vec<&str> = items.iter().filter_map(named).collect();
                if names.len() < items.len() || !names.iter().all(|name| value(name).is_some()) {
                    return None;
                }
                // A concatenation begins with the current value.
                let first = names.first().is_some_and(|name| value(name).flatten() == cursor);
                let sure = first || signature.name != "concat";
                let others = names.into_iter().filter(|name| value(name).flatten() != cursor);
                let others = others.collect::<Vec<_>>().join(", ");
                let text = format!("{name}({others})");
                let help = format!("the current value is joined with those named: `{text}`");
                Some(match others.is_empty() {
                    true => problem("a list").help(help),
                    false => {
                        let (title, edits) = (format!("write `{text}`"), [(at, others)]);
                        let problem = problem("a list").help(help);
                        if sure { problem.fix(title, edits) } else { problem.offer(title, edits) }
                    }
                })
            }
            _ if is_number(&arg.value) && signature.args.is_empty() => {
                let number = print_expr(&arg.value);
                let less = number.strip_prefix('-').map_or(format!("-{number}"), str::to_owned);
                let problem = problem("a number");
                Some(match (signature.name, call.args.len()) {
                    ("sub", 1) => problem
                        .help(format!("a number is subtracted by `add({less})`"))
                        .fix("write `add`", [(call.place.span, format!("add({less})"))]),
                    _ => problem.help(format!("it names the other values: `{name}(short)`")),
                })
            }
            _ => None,
        }
    }
}

fn is_number(expr: &Expr) -> bool {
    match &expr.node {
        ExprKind::Int { .. } | ExprKind::Float { .. } => true,
        ExprKind::Unary(UnaryOp::Neg, of) => is_number(of),
        _ => false,
    }
}

fn named(expr: &Expr) -> Option<&str> {
    if let ExprKind::Name(name) = &expr.node { Some(name) } else { None }
}
