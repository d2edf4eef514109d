//! Calls of blocks.

use std::mem;
use std::rc::Rc;
use std::sync::Arc;

use super::bind::bind;
use super::domain;
use super::env::{Callable, Env};
use super::expander::{Expander, Frame};
use super::quotes::{self, Strings};
use super::steps::ValueName;
use super::values::{Flow, Values, not_a_value};
use crate::diag::{Code, MAX_LISTED, Problem};
use crate::graph::eval::is_symbol;
use crate::graph::{CallSite, Cause, Claimant, Scope, Value};
use crate::limits::MAX_CALL_DEPTH;
use crate::syntax::ast::{Arg, Block, Call};
use crate::syntax::print_expr;

/// The maximum number of bytes of a call that are shown.
const MAX_CALL_SHOWN: usize = 200;

/// What is known of a block's call ahead of its body.
struct Entered {
    /// The scope of the body.
    scope: Scope,
    /// The call with its effective arguments.
    shown: String,
    /// Whether the block's signature takes the incoming value.
    fits: bool,
}

impl<'a> Expander<'a> {
    pub(super) fn call_block(
        &mut self,
        frame: &Frame<'a>,
        callable: &Callable<'a>,
        call: &'a Call,
        flow: Flow,
        path: &str,
    ) -> Flow {
        let block = callable.block;
        self.may_nest(callable, call)?;
        let Entered { scope, shown, fits } = self.enter_block(frame, callable, call, flow)?;
        let written = written(call, block, &scope);
        let env = Env { scope, body: &block.body, outer: callable.home.clone() };
        let values = Values::one("in", flow, block.name.span);
        let mut inner = Frame { env: Rc::new(env), values, prefix: path.into(), cursor: flow };
        for param in &block.params {
            self.check_parameter_name(&param.name, &inner.env);
        }
        self.sizes_taken(block);
        let site = Arc::new(CallSite { block: shown, written, span: call.place.span });
        let around = self.calls.iter().cloned().chain([site]).collect();
        let around = mem::replace(&mut self.calls, around);
        self.active.push(block);
        self.given.push(arguments(call, block).map(|(name, arg)| (name, &arg.value)).collect());
        self.callers.push(frame.env.clone());
        self.called.insert(std::ptr::from_ref(block));
        self.body(&mut inner, &block.body);
        if let Some(signature) = block.signature.as_ref().filter(|_| fits) {
            let by = Claimant::Result(block.name.node.clone());
            self.claim(&inner.env.scope, &signature.output, inner.cursor, by);
        }
        self.active.pop();
        self.given.pop();
        self.callers.pop();
        self.calls = around;
        inner.cursor
    }

    fn may_nest(&mut self, callable: &Callable<'a>, call: &Call) -> Option<()> {
        let name = &callable.block.name;
        if let Some(first) = self.active.iter().position(|b| std::ptr::eq(*b, callable.block)) {
            let mut circle: Vec<&str> =
                self.active[first..].iter().map(|b| b.name.node.as_str()).collect();
            circle.push(&name.node);
            let message =
                format!("the block `{}` contains itself: {}", name.node, circle.join(" -> "));
            let problem = self.at_callee(call, |at| {
                Problem::new(Code::RecursiveBlock, at, message)
                    .label("calls it again")
                    .related(name.span, "the block")
                    .help(
                        "for the same block several times use `repeat n { ... }`; for blocks \
                         within one another, a block for each depth",
                    )
            });
            self.problems.push(problem);
            return None;
        }
        if self.active.len() >= MAX_CALL_DEPTH {
            let message = format!("blocks are nested more than {MAX_CALL_DEPTH} deep");
            self.problems.push(Problem::new(Code::Limit, call.place.span, message));
            return None;
        }
        Some(())
    }

    /// Evaluates the arguments of a call of a block.
    fn enter_block(
        &mut self,
        frame: &Frame<'a>,
        callable: &Callable<'a>,
        call: &'a Call,
        flow: Flow,
    ) -> Option<Entered> {
        let block = callable.block;
        let names: Vec<&str> = block.params.iter().map(|p| p.name.node.as_str()).collect();
        let takes = || takes(callable);
        let home =
            callable.home.as_ref().map_or_else(|| self.scope.emptied(), |home| home.scope.clone());
        let steps = (names.len() + 1) * (call.args.len() + 1) + home.len();
        if !self.may_go_on(steps, call.place.span) {
            return None;
        }
        let bound = bind(call, call.args.iter(), &names, names.len(), &takes, &mut self.problems)?;
        let outside = self.scope_at(&frame.env.scope, flow);
        let mut scope = self.scope_at(&home, flow);
        if block.signature.is_some() {
            scope.forget_symbols();
        }
        let (mut shown, mut sound) = (Vec::new(), true);
        for param in &block.params {
            let name = &param.name.node;
            let given = bound
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, expr)| (*expr, &outside, Cause::BlockArgument));
            let default = param.default.as_ref().map(|expr| (expr, &scope, Cause::BlockDefault));
            let Some((expr, from, cause)) = given.or(default) else {
                self.problems.push(
                    Problem::new(
                        Code::Arity,
                        call.place.span,
                        format!("`{}` needs `{name}`", block.name.node),
                    )
                    .label("not given")
                    .related(param.name.span, "declared here, without a default")
                    .help(format!("it takes {}", takes())),
                );
                sound = false;
                continue;
            };
            let value = from.eval(expr).map_err(|fault| {
                quotes::missing(not_a_value(fault, frame, expr), expr, &Strings::of(param))
            });
            let admitted = self.report(value).filter(|value| {
                let admitted = domain::admit(param, value, expr.span, &scope);
                self.report(admitted).is_some()
            });
            // A capital letter is a size, and reported as the name of a parameter.
            match admitted.filter(|_| block.signature.is_none() || !is_symbol(name)) {
                Some(value) => {
                    shown.push(format!("{name} = {value}"));
                    let whose = ValueName { name, of: &block.name.node };
                    let step = self.step(cause, whose, expr, &value, from, flow);
                    scope.note(name, step);
                    scope.set(name.clone(), value);
                }
                None => scope.set_unknown(name.clone()),
            }
        }
        if !sound {
            return None;
        }
        let fits = match &block.signature {
            Some(signature) => {
                self.bind_signature(&mut scope, signature, flow, call, &block.name.node)?
            }
            None => true,
        };
        let shown = if shown.is_empty() {
            block.name.node.clone()
        } else {
            format!("{}({})", block.name.node, shown.join(", "))
        };
        Some(Entered { scope, shown: short(shown), fits })
    }
}

/// The arguments that a call gives, by parameter.
fn arguments<'a>(call: &'a Call, block: &'a Block) -> impl Iterator<Item = (&'a str, &'a Arg)> {
    let mut position = 0;
    call.args.iter().filter_map(move |arg| match &arg.name {
        Some(name) => Some((name.node.as_str(), arg)),
        None => {
            position += 1;
            Some((block.params.get(position - 1)?.name.node.as_str(), arg))
        }
    })
}

/// A call with the values of the arguments that it gives, in the block's scope.
fn written(call: &Call, block: &Block, scope: &Scope) -> String {
    let given = arguments(call, block).map(|(name, arg)| {
        let value = scope.get(name).map_or("?".into(), Value::to_string);
        match &arg.name {
            Some(name) => format!("{} = {value}", name.node),
            None => value,
        }
    });
    let given: Vec<String> = given.collect();
    match given.is_empty() {
        true => block.name.node.clone(),
        false => short(format!("{}({})", block.name.node, given.join(", "))),
    }
}

/// Shortens a call as shown to the user: each node stores the calls around it.
fn short(mut shown: String) -> String {
    if shown.len() > MAX_CALL_SHOWN {
        let end = (0..=MAX_CALL_SHOWN).rev().find(|at| shown.is_char_boundary(*at)).unwrap_or(0);
        shown.truncate(end);
        shown += "...";
    }
    shown
}

/// A block's head as shown to the user: `conv_bn(c = same, k = 3)`.
fn takes(callable: &Callable<'_>) -> String {
    let params: Vec<String> = callable
        .block
        .params
        .iter()
        .take(MAX_LISTED)
        .map(|p| match &p.default {
            Some(default) => format!("{} = {}", p.name.node, print_expr(default)),
            None => p.name.node.clone(),
        })
        .collect();
    format!("{}({})", callable.block.name.node, params.join(", "))
}
