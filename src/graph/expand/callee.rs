//! Ops and blocks as values of parameters.

use super::env::Callable;
use super::expander::{Expander, Frame};
use super::values::Flow;
use crate::diag::{Code, Problem, Span};
use crate::graph::names::NameKind;
use crate::graph::{Callee, Value, in_calls, op};
use crate::syntax::ast::{Block, Body, Call, Expr, ExprKind, Param, ParamType};

impl<'a> Expander<'a> {
    /// Calls the op or block that a parameter stands for.
    pub(super) fn call_parameter(
        &mut self,
        frame: &mut Frame<'a>,
        call: &'a Call,
        flow: Flow,
        path: &str,
    ) -> Flow {
        let name = &call.name.node;
        match frame.env.scope.get(name).cloned() {
            Some(Value::Callee(Callee { block: Some(at), .. })) => {
                let def = self.names.definition(at).map(|def| def.kind);
                let Some(NameKind::Block(block, local_to)) = def else { return None };
                let callable = self.callable(frame, block, local_to);
                self.call_block(frame, &callable, call, flow, path)
            }
            Some(Value::Callee(Callee { name, block: None })) => {
                self.call_op(frame, op::signature(&name)?, call, flow, path)
            }
            Some(other) => {
                let in_quotes = match &other {
                    Value::Str(word) => self.name_in_quotes(frame, call, word),
                    _ => None,
                };
                if let Some(problem) = in_quotes {
                    self.problems.push(problem);
                    return None;
                }
                let message =
                    format!("expected an op or a block for `{name}`, got {} {other}", other.kind());
                let problem = self.at_callee(call, |at| {
                    Problem::new(Code::Argument, at, message)
                        .label(format!("`{name}` is a parameter"))
                        .help(format!("give it the name of one: `{name} = relu`"))
                });
                self.problems.push(problem);
                None
            }
            // Without a value because of an error elsewhere, or not in scope here.
            None => {
                if !frame.env.scope.contains(name) {
                    self.unknown_op(frame, call, flow);
                }
                None
            }
        }
    }

    /// The problem of a call, at the place that says what is called, if that is a parameter.
    pub(super) fn at_callee(&self, call: &Call, problem: impl FnOnce(Span) -> Problem) -> Problem {
        let Some((given, depth)) = self.callee_written(call) else {
            return problem(call.place.span);
        };
        let problem = problem(given.span)
            .label("given here")
            .related(call.name.span, format!("`{}` is called here", call.name.node));
        in_calls(problem, &self.calls[..depth.min(self.calls.len())])
    }

    /// Where the text says which op or block a parameter is that is called, and in how many calls
    /// that is.
    fn callee_written(&self, call: &Call) -> Option<(&'a Expr, usize)> {
        let NameKind::Param(param) = self.names.definition(call.name.span)?.kind else {
            return None;
        };
        let default = || Some((param.default.as_ref()?, self.calls.len()));
        self.written(&call.name.node).or_else(default)
    }

    /// A block that a value names, with the environment of its definition, which is that of a
    /// caller if it is local to one.
    fn callable(
        &self,
        frame: &Frame<'a>,
        block: &'a Block,
        local_to: Option<&Body>,
    ) -> Callable<'a> {
        let envs = std::iter::once(&frame.env).chain(self.callers.iter().rev());
        let mut found = envs.map(|env| env.callable(block, local_to));
        let home = found.find_map(|callable| callable.home);
        Callable { block, home }
    }

    /// A value of the command line: a word is text, unless the parameter is called.
    pub(super) fn callee_given(
        &self,
        body: &Body,
        param: &Param,
        default: &Option<Value>,
        value: Value,
    ) -> Value {
        let options = match param.ty.as_ref().map(|ty| &ty.node) {
            Some(ParamType::OneOf(options)) => options.as_slice(),
            _ => &[],
        };
        let called = matches!(default, Some(Value::Callee(_)))
            || options.iter().any(|option| matches!(option.node, ExprKind::Name(_)));
        match &value {
            Value::Str(word) if called => {
                self.names.callee(body, word).map_or(value, Value::Callee)
            }
            _ => value,
        }
    }
}
