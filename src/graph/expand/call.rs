//! Calls, and those of ops.

use std::collections::HashMap;

use super::bind::bind;
use super::elsewhere;
use super::expander::{Expander, Frame};
use super::quotes::{self, Strings};
use super::values::{Flow, not_by_name};
use crate::diag::{Code, Problem, Problems, Span};
use crate::graph::functions::FUNCTIONS;
use crate::graph::names::NameKind;
use crate::graph::op::{self, Args, Category, Default, Signature};
use crate::graph::{NodeId, Value};
use crate::syntax::ast::{Call, Expr, ExprKind};

impl<'a> Expander<'a> {
    pub(super) fn call(
        &mut self,
        frame: &mut Frame<'a>,
        call: &'a Call,
        flow: Flow,
        path: &str,
    ) -> Flow {
        if !self.may_place(call.place.span) || !self.may_go_on(call.args.len(), call.place.span) {
            return None;
        }
        let body = frame.env.body;
        let is_callee = |name: &str| {
            op::signature(name).is_some()
                || (self.names.is_block(body, name) && !FUNCTIONS.contains(&name))
        };
        let is_value =
            |expr: &Expr| matches!(&expr.node, ExprKind::Name(name) if frame.values.contains(name));
        if let Some(problem) = elsewhere::nested(call, is_callee, is_value) {
            self.problems.push(problem);
            return None;
        }
        let undecided = self.undecided.contains(&call.name.node);
        let flow = match self.names.definition(call.name.span).map(|def| def.kind) {
            Some(NameKind::Block(..)) if undecided => None,
            Some(NameKind::Block(block, local_to)) => {
                let callable = frame.env.callable(block, local_to);
                self.call_block(frame, &callable, call, flow, path)
            }
            Some(NameKind::Op(signature)) => self.call_op(frame, signature, call, flow, path),
            Some(NameKind::Param(_)) => self.call_parameter(frame, call, flow, path),
            Some(NameKind::Value | NameKind::File | NameKind::Unread) | None => {
                self.unknown_op(frame, call, flow);
                None
            }
        };
        // Activations keep the shape, whatever their arguments are.
        let keeps =
            |node: &NodeId| self.graph.get(*node).op.traits().category == Category::Activation;
        let flow = flow.filter(|node| !undecided || keeps(node));
        self.ends(call.place.span, flow);
        flow
    }

    pub(super) fn call_op(
        &mut self,
        frame: &Frame<'a>,
        signature: &'static Signature,
        call: &'a Call,
        flow: Flow,
        path: &str,
    ) -> Flow {
        let (operands, rest) = self.split_operands(frame, signature, call, flow)?;
        let names: Vec<&'static str> = signature.args.iter().map(|p| p.name).collect();
        let scope = self.scope_at(&frame.env.scope, flow);
        let channels = self.shape(flow).map(|shape| shape.channels() as i64);
        let known = elsewhere::channels(call, signature, &scope, channels);
        let args = rest.into_iter().skip(usize::from(known.is_some()));
        self.problems.extend(Problems::from_iter(known));
        let (positional, takes) = (signature.positional(), || signature.text());
        let bound = bind(call, args, &names, positional, &takes, &mut self.problems)?;
        let mut given: HashMap<&'static str, (Value, Span)> = HashMap::new();
        for &(name, expr) in &bound {
            let strings = Strings::of_argument(signature, name);
            let value = scope.eval(expr).map_err(|fault| {
                let fault = not_by_name(fault, frame, signature, call, expr);
                quotes::missing(fault, expr, &strings)
            });
            if let Some(value) = self.report(value) {
                given.insert(name, (value, expr.span));
            }
        }
        if given.len() < bound.len() {
            return None;
        }
        for parameter in
            signature.args.iter().filter(|p| !given.contains_key(p.name)).collect::<Vec<_>>()
        {
            match (self.default_of(signature.name, parameter.name), &parameter.default) {
                (Some(line), _) => {
                    given.insert(parameter.name, (line.value.clone(), call.place.span));
                }
                (None, Default::Value(Value::Same)) => {
                    let channels = self.shape(flow)?.channels() as i64;
                    given.insert(parameter.name, (Value::Int(channels), call.place.span));
                }
                (None, Default::Required) if self.undecided.contains(signature.name) => {
                    return None;
                }
                (None, Default::Required) => {
                    let message = format!("`{}` needs `{}`", signature.name, parameter.name);
                    self.lacking(call, signature, message);
                    return None;
                }
                (None, Default::Value(_) | Default::Word(_) | Default::Rule(_)) => {}
            }
        }
        let count = operands.len() + 1;
        if count < signature.operands.0
            || (count == 1 && signature.operands.1 > 1 && given.is_empty())
        {
            let message = match signature.operands {
                (1, _) => format!("`{}` needs a number or another value", signature.name),
                _ => format!("`{}` needs at least one more value", signature.name),
            };
            self.lacking(call, signature, message);
            return None;
        }
        let args = Args::new(
            signature,
            given.iter().map(|(name, (value, _))| (*name, value.clone())),
            count,
        );
        match op::build(signature.name, &args) {
            Ok(op) => {
                let all: Option<Vec<NodeId>> = std::iter::once(flow).chain(operands).collect();
                let node = self.add_node(path.into(), op, &all?, call.place.span)?;
                let literal = bound.iter().all(|(_, expr)| expr.names().is_empty());
                if literal && call.name.node == signature.name && self.guarded == 0 {
                    self.graph.set_literal(node);
                }
                self.record(node, signature, &bound, &scope, flow);
                Some(node)
            }
            Err(error) => {
                let default = |arg| self.default_of(signature.name, arg).map(|line| line.expr);
                let given_here = &bound;
                let bound = bound.iter().find(|(name, _)| Some(*name) == error.arg);
                let expr = bound.map(|(_, expr)| *expr).or_else(|| error.arg.and_then(default));
                let problem = match (expr, error.arg.and_then(|arg| given.get(arg))) {
                    (Some(expr), Some((value, _))) => {
                        self.wrong_value(call, signature, expr, value, error)
                    }
                    (_, from) => {
                        let at = from.map_or(call.place.span, |(_, span)| *span);
                        self.wrong(call, signature, Code::Argument, at, error.message)
                    }
                };
                let problem = elsewhere::inferred(problem, call, signature, channels);
                let literal = |(name, expr): &(&str, &Expr)| {
                    !["k", "stride"].contains(name) || expr.names().is_empty()
                };
                let literal = given_here.iter().all(literal);
                self.problems.push(padded(problem, call, &args, literal));
                None
            }
        }
    }
    /// Refuses a call without what its op needs.
    fn lacking(&mut self, call: &Call, signature: &Signature, message: String) {
        let problem =
            self.at_callee(call, |at| self.wrong(call, signature, Code::Arity, at, message));
        self.problems.push(problem);
    }
}

/// Gives an even kernel the padding by which a stride divides an image of a multiple of it. Kernel
/// and stride that are not `literal` may be others in another call of the block.
fn padded(problem: Problem, call: &Call, args: &Args, literal: bool) -> Problem {
    let (Ok([k, _]), Ok([stride, _])) = (args.size("k"), args.size("stride")) else {
        return problem;
    };
    let Some(last) = call.args.last().filter(|_| {
        let plain = !args.has("pad") && args.count("k").is_ok() && args.count("stride").is_ok();
        plain && k % 2 == 0 && stride > 1 && k >= stride && (k - stride) % 2 == 0
    }) else {
        return problem;
    };
    let pad = format!("pad = {}", (k - stride) / 2);
    let end = Span { start: last.value.span.end, ..last.value.span };
    let (title, edits) = (format!("add `{pad}`"), [(end, format!(", {pad}"))]);
    let problem = problem.help(format!("`{pad}` divides the size by {stride}"));
    match k == stride && literal {
        true => problem.fix(title, edits),
        false => problem.offer(title, edits),
    }
}
