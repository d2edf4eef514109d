//! Records the provenance of one node. Without a path to trace, nothing is recorded.

use std::sync::Arc;

use super::bind::Bound;
use super::expander::Expander;
use super::parameters::Override;
use super::trace::Noted;
use super::values::Flow;
use crate::graph::op::{Default, Signature};
use crate::graph::{Argument, Cause, NodeId, Op, Placement, Provenance, Scope, TraceStep, Value};
use crate::syntax::ast::{Arg, Edit, Expr, ExprKind, Net, Over, Param};
use crate::syntax::print_expr;

/// The name that has a value, and whose name it is.
#[derive(Clone, Copy, Default)]
pub(super) struct ValueName<'n> {
    pub name: &'n str,
    pub of: &'n str,
}

impl<'a> Expander<'a> {
    /// The step of an expression evaluated in `scope`, with the incoming value `flow`.
    pub(super) fn step(
        &self,
        cause: Cause,
        ValueName { name, of }: ValueName,
        expr: &Expr,
        value: &Value,
        scope: &Scope,
        flow: Flow,
    ) -> Noted {
        self.trace.as_ref()?;
        let mut from: Vec<Arc<TraceStep>> = Vec::new();
        for mentioned in expr.names() {
            let step = match &mentioned.node {
                ExprKind::Name(name) => scope.noted(name).cloned(),
                _ => self.size_step(Cause::Same, "same", 0, flow),
            };
            let known = |step: &Arc<TraceStep>| {
                from.iter().any(|s| (s.cause, &s.name) == (step.cause, &step.name))
            };
            let step = step.filter(|step| !known(step));
            from.extend(step);
        }
        Some(Arc::new(TraceStep {
            cause,
            name: name.into(),
            of: of.into(),
            text: print_expr(expr),
            value: value.clone(),
            span: Some(expr.span),
            from,
        }))
    }

    /// The step of a size of the incoming value.
    pub(super) fn size_step(&self, cause: Cause, name: &str, dim: usize, flow: Flow) -> Noted {
        self.trace.as_ref()?;
        let (node, shape) = (self.graph.get(flow?), self.shape(flow)?);
        let size = if dim == 0 { shape.channels() } else { *shape.dims().get(dim)? };
        Some(Arc::new(TraceStep {
            cause,
            name: name.into(),
            of: node.path.clone(),
            text: shape.to_string(),
            value: Value::Int(size as i64),
            span: node.origin.as_ref().map(|o| o.span),
            from: Vec::new(),
        }))
    }

    /// The step of a name that a round gives to its value.
    pub(super) fn round_step(&self, name: &str, over: &Over, value: &Value) -> Noted {
        self.trace.as_ref()?;
        let text = self.project.sources.text(over.span());
        let mut step = bare(Cause::Round, ValueName { name, of: "" }, text, value);
        step.span = Some(over.span());
        Some(Arc::new(step))
    }

    /// The step of a value that a net sets for a parameter of its parent.
    pub(super) fn extends_step(
        &self,
        net: &Net,
        arg: &Arg,
        value: Option<&Value>,
        scope: &Scope,
    ) -> Noted {
        let (name, parent) = (arg.name.as_ref()?, net.extends.as_ref()?);
        let name = ValueName { name: &name.node, of: &parent.path.node };
        self.step(Cause::Extends, name, &arg.value, value?, scope, None)
    }

    /// The step of a net's parameter, with the overrides of its default.
    pub(super) fn parameter_step(
        &self,
        net: &Net,
        param: &Param,
        value: &Value,
        extends: Noted,
        line: Option<&Override>,
        scope: &Scope,
    ) -> Noted {
        self.trace.as_ref()?;
        let name = ValueName { name: &param.name.node, of: &net.name.node };
        let declared = param.default.as_ref();
        let declared =
            declared.and_then(|expr| self.step(Cause::Parameter, name, expr, value, scope, None));
        let mut step =
            declared.map_or_else(|| bare(Cause::Parameter, name, "", value), Arc::unwrap_or_clone);
        step.span = Some(param.name.span);
        let line = line.and_then(|o| {
            let name = ValueName { name: &o.name.node, of: "" };
            self.step(Cause::Override, name, &o.value, value, &Scope::default(), None)
        });
        let by: Vec<Arc<TraceStep>> = extends.into_iter().chain(line).collect();
        if !by.is_empty() {
            step.from = by;
        }
        Some(Arc::new(step))
    }

    /// Enters the chain of an edit.
    pub(super) fn enter_edit(&mut self, edit: &Edit) {
        if let Some(trace) = &mut self.trace {
            let (target, span) = (edit.target.node.clone(), edit.target.span);
            trace.edits.push(Placement { verb: edit.verb, target, span });
        }
    }

    pub(super) fn leave_edit(&mut self) {
        if let Some(trace) = &mut self.trace {
            trace.edits.pop();
        }
    }

    /// Enters a branch of a guard.
    pub(super) fn enter_guard(&mut self, cond: &Expr, holds: bool, scope: &Scope, flow: Flow) {
        let step =
            self.step(Cause::Guard, ValueName::default(), cond, &Value::Bool(holds), scope, flow);
        if let Some(trace) = &mut self.trace {
            trace.guards.extend(step);
        }
    }

    pub(super) fn leave_guard(&mut self) {
        if let Some(trace) = &mut self.trace {
            trace.guards.pop();
        }
    }

    /// Records the provenance of a node's arguments, if it is the traced one. `bound` are those
    /// given in its call, which were evaluated in `scope`.
    pub(super) fn record(
        &mut self,
        node: NodeId,
        signature: &'static Signature,
        bound: &Bound<'static, 'a>,
        scope: &Scope,
        flow: Flow,
    ) {
        let path = &self.graph.get(node).path;
        let Some(trace) = self.trace.as_ref().filter(|trace| trace.path == *path) else { return };
        let (edits, guards) = (trace.edits.clone(), trace.guards.clone());
        let op = self.graph.get(node).op.clone();
        let argument = |(name, value): (&'static str, Value)| {
            let from = self.argument_step(signature, &op, name, &value, bound, scope, flow);
            Argument { name, value, from: Arc::new(from) }
        };
        let arguments = op.attributes().into_iter().map(argument).collect();
        let found = Provenance { arguments, edits, guards };
        if let Some(trace) = &mut self.trace {
            trace.found = Some(found);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn argument_step(
        &self,
        signature: &'static Signature,
        op: &Op,
        name: &'static str,
        value: &Value,
        bound: &Bound<'static, 'a>,
        scope: &Scope,
        flow: Flow,
    ) -> TraceStep {
        let whose = ValueName { name, of: op.name() };
        if let Some((_, expr)) = bound.iter().find(|(n, _)| *n == name)
            && let Ok(written) = scope.eval(expr)
            && let Some(step) = self.step(Cause::Written, whose, expr, &written, scope, flow)
        {
            return Arc::unwrap_or_clone(step);
        }
        if let Some(from) =
            self.default_of(signature.name, name).and_then(|line| line.from.as_deref())
        {
            return from.clone();
        }
        let default = signature.args.iter().find(|p| p.name == name).map(|p| &p.default);
        let text = default.and_then(Default::text).unwrap_or_default();
        match default {
            Some(Default::Rule(_)) => bare(Cause::Rule, whose, &text, value),
            Some(Default::Value(Value::Same)) => {
                let mut step = bare(Cause::OpDefault, whose, &text, value);
                step.from.extend(self.size_step(Cause::Same, "same", 0, flow));
                step
            }
            Some(Default::Value(_) | Default::Word(_) | Default::Required) | None => {
                bare(Cause::OpDefault, whose, &text, value)
            }
        }
    }
}

/// A step without dependencies and without a place in the text.
fn bare(cause: Cause, whose: ValueName, text: &str, value: &Value) -> TraceStep {
    let value = value.clone();
    let (name, of, text) = (whose.name.into(), whose.of.into(), text.into());
    TraceStep { cause, name, of, text, value, span: None, from: Vec::new() }
}
