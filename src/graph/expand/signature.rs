//! Shapes in the text.

use super::expander::Expander;
use super::values::Flow;
use crate::diag::{Code, Problem, Span};
use crate::graph::{Cause, Claim, Claimant, Origin, Scope, Value};
use crate::syntax::ast::{BinaryOp, BlockSignature, Call, Expr, ExprKind, ShapeExpr};
use crate::syntax::print_expr;

impl<'a> Expander<'a> {
    /// The sizes of a shape, without the batch.
    pub(super) fn sizes(&mut self, scope: &Scope, shape: &ShapeExpr) -> Option<Vec<u64>> {
        let dims = self.without_batch(shape)?;
        let sizes: Vec<Option<u64>> = dims.iter().map(|dim| self.size(scope, dim)).collect();
        sizes.into_iter().collect()
    }

    fn size(&mut self, scope: &Scope, dim: &Expr) -> Option<u64> {
        let value = self.report(scope.eval(dim))?;
        let size = value.whole().and_then(|size| u64::try_from(size).ok()).filter(|size| *size > 0);
        if size.is_none() {
            let message = format!("expected a whole number from 1 as a size, got {value}");
            let problem = Problem::new(Code::Signature, dim.span, message);
            self.problems.push(match (&dim.node, &value) {
                (ExprKind::Binary(BinaryOp::Div, ..), Value::Fraction(_)) => {
                    rounded_up(problem, dim)
                }
                _ => problem,
            });
        }
        size
    }

    fn without_batch<'s>(&mut self, shape: &'s ShapeExpr) -> Option<&'s [Expr]> {
        match shape.node.split_first() {
            Some((batch, dims)) if symbol(batch).is_some() => Some(dims),
            _ => {
                // Of an image or a vector that is whole, the first size is the batch.
                let batch = shape.node.first().filter(|_| matches!(shape.node.len(), 2 | 4));
                let sizes = shape.node[usize::from(batch.is_some())..].iter().map(print_expr);
                let whole =
                    ["N".to_owned()].into_iter().chain(sizes).collect::<Vec<_>>().join(", ");
                let start = shape.span.start + 1;
                let first = batch.map_or(Span { start, end: start, ..shape.span }, |b| b.span);
                let rest = if batch.is_some() || shape.node.is_empty() { "" } else { ", " };
                self.problems.push(
                    Problem::new(Code::Structure, shape.span, "a shape begins with the batch")
                        .label("the first size is not a capital letter")
                        .help(format!("write `[{whole}]`"))
                        .fix(format!("write `[{whole}]`"), [(first, format!("N{rest}"))]),
                );
                None
            }
        }
    }

    /// Binds the symbols (capital letters) of a signature to the sizes of the incoming value, and
    /// records the signature's other sizes as claims.
    pub(super) fn bind_signature(
        &mut self,
        scope: &mut Scope,
        signature: &BlockSignature,
        flow: Flow,
        call: &Call,
        block: &str,
    ) -> Option<()> {
        let dims = self.without_batch(&signature.input)?;
        let actual = self.shape(flow).cloned();
        if let Some(shape) = actual.as_ref().filter(|s| s.dims().len() != dims.len()) {
            let message = format!(
                "block `{block}` expected {} dimensions, got {}: {shape}",
                dims.len() + 1,
                shape.dims().len() + 1
            );
            self.problems.push(
                Problem::new(Code::Signature, call.place.span, message)
                    .label("called here")
                    .related(signature.input.span, "its signature"),
            );
            return None;
        }
        let mut expected = Vec::new();
        for (i, dim) in dims.iter().enumerate() {
            let size = actual.as_ref().map(|s| s.dims()[i]);
            match symbol(dim).filter(|name| !scope.contains(name)) {
                Some(name) => match size {
                    Some(size) => {
                        scope.set(name, Value::Int(size as i64));
                        scope.note(name, self.size_step(Cause::Size, name, i, flow));
                        expected.push(size);
                    }
                    None => scope.set_unknown(name),
                },
                None => expected.extend(self.size(scope, dim)),
            }
        }
        if let Some(node) = flow.filter(|_| expected.len() == dims.len()) {
            let calls = self.calls.clone();
            let call = Origin { span: call.place.span, calls, literal: false };
            let (by, span) = (Claimant::Taken(block.to_owned(), call), signature.input.span);
            self.graph.claims.push(Claim::Shape { node, expected, by, span });
        }
        Some(())
    }
}

/// Offers the size that a stride leaves of an odd one.
fn rounded_up(problem: Problem, dim: &Expr) -> Problem {
    let up = format!("ceil({})", print_expr(dim));
    problem
        .label("not whole")
        .help(format!("a convolution with a stride rounds up: `{up}`; `//` rounds down"))
        .fix(format!("write `{up}`"), [(dim.span, up)])
}

/// The symbol, if the size is a single capital letter.
fn symbol(dim: &Expr) -> Option<&str> {
    match &dim.node {
        ExprKind::Name(name) if name.starts_with(|c: char| c.is_ascii_uppercase()) => Some(name),
        _ => None,
    }
}
