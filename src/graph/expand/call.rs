//! Calls of ops and blocks.

use std::collections::HashMap;
use std::rc::Rc;

use super::bind::bind;
use super::domain;
use super::elsewhere;
use super::env::{Callable, Env};
use super::expander::{Expander, Frame};
use super::steps::ValueName;
use super::values::{Flow, Values, not_a_value};
use crate::diag::{Code, MAX_LISTED, Problem, Span, did_you_mean, listed};
use crate::graph::names::NameKind;
use crate::graph::op::{self, Args, Default, Signature};
use crate::graph::{CallSite, Cause, NodeId, Scope, Value};
use crate::limits::MAX_CALL_DEPTH;
use crate::syntax::ast::{Arg, BinaryOp, Block, Call, Expr, ExprKind, Name};
use crate::syntax::print_expr;

/// The maximum number of bytes of a call that are shown.
const MAX_CALL_SHOWN: usize = 200;

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
        let is_callee =
            |name: &str| op::signature(name).is_some() || self.names.is_block(body, name);
        if let Some(problem) = elsewhere::nested(call, is_callee) {
            self.problems.push(problem);
            return None;
        }
        let flow = match self.names.definition(call.name.span).map(|def| def.kind) {
            Some(NameKind::Block(block, local_to)) => {
                let callable = frame.env.callable(block, local_to);
                self.call_block(frame, &callable, call, flow, path)
            }
            Some(NameKind::Op(signature)) => self.call_op(frame, signature, call, flow, path),
            Some(NameKind::Param(_)) => self.call_parameter(frame, call, flow, path),
            Some(NameKind::Value | NameKind::File | NameKind::Unread) | None => {
                self.unknown_op(frame, call);
                None
            }
        };
        self.ends(call.place.span, flow);
        flow
    }

    pub(super) fn unknown_op(&mut self, frame: &Frame<'a>, call: &Call) {
        let name = &call.name;
        if self.misimported.contains(&name.node) {
            return;
        }
        self.undefined.insert(name.span, name.node.clone());
        let blocks = self.names.visible_blocks(frame.env.body);
        let mut known: Vec<&str> = op::signatures().map(|s| s.name).chain(blocks).collect();
        known.sort_unstable();
        let is_value = frame.values.contains(&name.node);
        let unknown = format!("unknown op or block `{}`", name.node);
        let problem = Problem::new(Code::UnknownName, name.span, unknown)
            .label("not an op, nor a block defined or imported here");
        let is_block = known.iter().any(|k| k.eq_ignore_ascii_case(&name.node))
            && op::signature(&name.node.to_ascii_lowercase()).is_none();
        if let Some(problem) = elsewhere::op(&problem, call).filter(|_| !is_block && !is_value) {
            return self.problems.push(problem);
        }
        let near = did_you_mean(&name.node, known.iter().copied());
        let near = near.or_else(|| did_you_mean(&name.node, frame.values.names()));
        let near = near.filter(|_| !is_value);
        let help = match near {
            _ if is_value => {
                format!(
                    "`{0}` is a value: a stage may start from it, `{0} -> ...`; `add({0})` and \
                     `concat({0})` join it; a guard without `else` passes its value on",
                    name.node
                )
            }
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", listed(&known)),
        };
        self.problems.push(problem.help(help).respell(near));
    }

    pub(super) fn call_op(
        &mut self,
        frame: &Frame<'a>,
        signature: &'static Signature,
        call: &'a Call,
        flow: Flow,
        path: &str,
    ) -> Flow {
        let (operands, rest) = self.split_operands(frame, signature, call)?;
        let names: Vec<&'static str> = signature.args.iter().map(|p| p.name).collect();
        let bound = bind(call, rest.into_iter(), &names, &|| signature.text(), &mut self.problems)?;
        let scope = self.scope_at(&frame.env.scope, flow);
        let mut given: HashMap<&'static str, (Value, Span)> = HashMap::new();
        for &(name, expr) in &bound {
            if let Some(value) = self.report(scope.eval(expr)) {
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
                (None, Default::Required) => {
                    let message = format!("`{}` needs `{}`", signature.name, parameter.name);
                    self.wrong_call(call, signature, Code::Arity, call.place.span, message);
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
            self.wrong_call(call, signature, Code::Arity, call.place.span, message);
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
                let expr = bound.iter().find(|(name, _)| Some(*name) == error.arg);
                let problem = match (expr, error.arg.and_then(|arg| given.get(arg))) {
                    (Some((_, expr)), Some((value, _))) => {
                        self.wrong_value(call, signature, expr, value, error.message)
                    }
                    (_, from) => {
                        let at = from.map_or(call.place.span, |(_, span)| *span);
                        self.wrong(call, signature, Code::Argument, at, error.message)
                    }
                };
                let channels = self.shape(flow).map(|shape| shape.channels() as i64);
                self.problems.push(elsewhere::inferred(problem, call, signature, channels));
                None
            }
        }
    }

    /// The values that a join reads besides the cursor, and the other arguments.
    #[allow(clippy::type_complexity)]
    fn split_operands(
        &mut self,
        frame: &Frame<'a>,
        signature: &'static Signature,
        call: &'a Call,
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
                _ => rest.push(arg),
            }
        }
        sound.then_some((operands, rest))
    }

    /// An argument that an op does not accept, where its value is written: in the call of the
    /// block whose parameter it is.
    fn wrong_value(
        &self,
        call: &Call,
        signature: &Signature,
        used: &'a Expr,
        value: &Value,
        message: String,
    ) -> Problem {
        let (written, depth) = self.written_at(used);
        let problem = Problem::new(Code::Argument, written.span, message).label("here");
        let problem = match (&written.node, value) {
            (ExprKind::Binary(BinaryOp::Div, left, right), Value::Fraction(_)) => {
                let down = format!("{} // {}", print_expr(left), print_expr(right));
                problem
                    .label(format!("is {value}"))
                    .help(format!("`//` rounds down, as `ceil` rounds up: `{down}`"))
                    .fix(format!("write `{down}`"), [(written.span, down)])
            }
            _ => problem.help(format!("it takes {}", signature.text())),
        };
        let inner = (written.span != used.span).then_some(used.span);
        let problem = problem.related(inner, format!("used here, in `{}`", call.name.node));
        let calls = self.calls[..depth.min(self.calls.len())].iter().rev();
        calls.fold(problem, |problem, call| {
            problem.related(call.span, format!("in block {}", call.block))
        })
    }

    /// Where a value is written that is passed on by parameters of blocks alone, and in how many
    /// calls that is.
    fn written_at(&self, used: &'a Expr) -> (&'a Expr, usize) {
        let (mut expr, mut depth) = (used, self.given.len());
        while let ExprKind::Name(name) = &expr.node
            && let Some(given) = self.given[..depth].last()
            && let Some(outer) = given.get(name.as_str())
        {
            (expr, depth) = (outer, depth - 1);
        }
        (expr, depth)
    }

    pub(super) fn wrong_call(
        &mut self,
        call: &Call,
        signature: &Signature,
        code: Code,
        at: Span,
        message: String,
    ) {
        let problem = self.wrong(call, signature, code, at, message);
        self.problems.push(problem);
    }

    fn wrong(
        &self,
        call: &Call,
        signature: &Signature,
        code: Code,
        at: Span,
        message: String,
    ) -> Problem {
        let takes = match signature.operands.1 {
            1 => format!("it takes {}", signature.text()),
            _ => format!("it joins the current value and those named: `{}(short)`", call.name.node),
        };
        let problem = Problem::new(code, at, message).label("here").help(takes);
        if code == Code::Argument { self.in_blocks(problem) } else { problem }
    }

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
        let (scope, shown) = self.block_scope(frame, callable, call, flow)?;
        let written = written(call, block, &scope);
        let env = Env { scope, body: &block.body, outer: callable.home.clone() };
        let values = Values::one("in", flow, block.name.span);
        let mut inner = Frame { env: Rc::new(env), values, prefix: path.into(), cursor: flow };
        for param in &block.params {
            self.check_parameter_name(&param.name, &inner.env);
        }
        self.calls.push(CallSite { block: shown, written, span: call.place.span });
        self.active.push(block);
        self.given.push(arguments(call, block).map(|(name, arg)| (name, &arg.value)).collect());
        self.callers.push(frame.env.clone());
        self.called.insert(std::ptr::from_ref(block));
        self.body(&mut inner, &block.body);
        if let Some(signature) = &block.signature {
            let by = format!("the signature of block `{}`", block.name.node);
            self.claim(&inner.env.scope, &signature.output, inner.cursor, &by);
        }
        self.active.pop();
        self.given.pop();
        self.callers.pop();
        self.calls.pop();
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
            self.problems.push(
                Problem::new(Code::RecursiveBlock, call.place.span, message)
                    .label("calls it again")
                    .related(name.span, "the block")
                    .help("for the same block several times use `repeat n { ... }`; for blocks within one \
                         another, a block for each depth"),
            );
            return None;
        }
        if self.active.len() >= MAX_CALL_DEPTH {
            let message = format!("blocks are nested more than {MAX_CALL_DEPTH} deep");
            self.problems.push(Problem::new(Code::Limit, call.place.span, message));
            return None;
        }
        Some(())
    }

    /// The scope of a block's body, and the call with its effective arguments.
    fn block_scope(
        &mut self,
        frame: &Frame<'a>,
        callable: &Callable<'a>,
        call: &'a Call,
        flow: Flow,
    ) -> Option<(Scope, String)> {
        let block = callable.block;
        let names: Vec<&str> = block.params.iter().map(|p| p.name.node.as_str()).collect();
        let takes = || takes(callable);
        let home =
            callable.home.as_ref().map_or_else(|| self.scope.emptied(), |home| home.scope.clone());
        let steps = (names.len() + 1) * (call.args.len() + 1) + home.len();
        if !self.may_go_on(steps, call.place.span) {
            return None;
        }
        let bound = bind(call, call.args.iter(), &names, &takes, &mut self.problems)?;
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
            let value = from.eval(expr).map_err(|fault| not_a_value(fault, frame, expr));
            let admitted = self.report(value).filter(|value| {
                let admitted = domain::admit(param, value, expr.span, &scope);
                self.report(admitted).is_some()
            });
            match admitted {
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
        if let Some(signature) = &block.signature {
            self.bind_signature(&mut scope, signature, flow, call, &block.name.node)?;
        }
        let shown = if shown.is_empty() {
            block.name.node.clone()
        } else {
            format!("{}({})", block.name.node, shown.join(", "))
        };
        Some((scope, short(shown)))
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
