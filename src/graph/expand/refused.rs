//! Calls that are refused, and why.

use super::elsewhere;
use super::expander::{Expander, Frame};
use crate::diag::{Code, Problem, Span, did_you_mean, listed};
use crate::graph::op::{self, Signature};
use crate::graph::{Value, in_calls};
use crate::syntax::ast::{BinaryOp, Call, Expr, ExprKind};
use crate::syntax::print_expr;

impl<'a> Expander<'a> {
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

    /// An argument that an op does not accept, where its value is written: in the call of the
    /// block whose parameter it is.
    pub(super) fn wrong_value(
        &self,
        call: &Call,
        signature: &Signature,
        used: &'a Expr,
        value: &Value,
        message: String,
    ) -> Problem {
        let (written, depth) = self.written_at(used, self.given.len());
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
        in_calls(problem, &self.calls[..depth.min(self.calls.len())])
    }

    /// Where a value is written that is passed on by parameters of blocks alone, and in how many
    /// calls that is, from a use of it within so many calls.
    pub(super) fn written_at(&self, used: &'a Expr, depth: usize) -> (&'a Expr, usize) {
        let (mut expr, mut depth) = (used, depth);
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

    pub(super) fn wrong(
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
}
