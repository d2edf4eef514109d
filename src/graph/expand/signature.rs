//! Shapes in the text.

use super::expander::Expander;
use super::values::Flow;
use crate::diag::{Code, Problem, Span};
use crate::graph::eval::is_symbol;
use crate::graph::{Cause, Claim, Claimant, Origin, Scope, Value};
use crate::syntax::ast::{BinaryOp, Block, BlockSignature, Call, Expr, ExprKind, ShapeExpr};
use crate::syntax::print_expr;

impl<'a> Expander<'a> {
    /// The sizes of a shape, without the batch.
    pub(super) fn sizes(&mut self, scope: &Scope, shape: &ShapeExpr) -> Option<Vec<u64>> {
        let dims = self.without_batch(shape)?;
        if self.calls.is_empty() && !self.detached {
            self.letters(scope, shape, dims)?;
        }
        let sizes: Vec<Option<u64>> =
            dims.iter().enumerate().map(|(i, dim)| self.size(scope, dim, i == 0)).collect();
        sizes.into_iter().collect()
    }

    /// Refuses letters as sizes of a net, which has no signature that gives them a value.
    fn letters(&mut self, scope: &Scope, shape: &ShapeExpr, dims: &[Expr]) -> Option<()> {
        let unknown = |name: &&str| {
            let small = name.to_lowercase();
            !scope.contains(name) && !scope.contains(&small)
        };
        let letters: Vec<&str> = dims.iter().filter_map(symbol).filter(unknown).collect();
        if letters.is_empty() {
            return Some(());
        }
        let message = format!("the sizes of a net are numbers, got `{}`", letters.join("`, `"));
        self.problems.push(
            Problem::new(Code::UnknownName, shape.span, message)
                .label("only the batch is a letter here")
                .help("write the sizes as numbers, such as `[N, 3, 32, 32]`, or as parameters"),
        );
        None
    }

    /// The value of a size, which may be that of the channels.
    fn size(&mut self, scope: &Scope, dim: &Expr, channels: bool) -> Option<u64> {
        let value = self.report(scope.eval(dim))?;
        let size = value.whole().and_then(|size| u64::try_from(size).ok()).filter(|size| *size > 0);
        if size.is_none() {
            let message = format!("expected a whole number from 1 as a size, got {value}");
            let problem = Problem::new(Code::Signature, dim.span, message);
            let problem = match (&dim.node, &value) {
                (ExprKind::Binary(BinaryOp::Div, left, right), Value::Fraction(_)) => {
                    match channels {
                        true => rounded_down(problem, dim, left, right),
                        false => rounded_up(problem, dim),
                    }
                }
                _ => problem,
            };
            let problem = self.in_blocks(problem);
            self.problems.push(problem);
        }
        size
    }

    /// Reports each size that a signature takes and that is neither a letter nor known: `2*C`.
    pub(super) fn sizes_taken(&mut self, block: &Block) {
        let Some(signature) = &block.signature else { return };
        let mut known: Vec<&str> = Vec::new();
        for dim in signature.input.node.iter().skip(1) {
            if let Some(letter) = symbol(dim) {
                known.push(letter);
                continue;
            }
            let unknown = |name: &&str| !known.contains(name);
            let Some(letter) = dim.names().into_iter().filter_map(symbol).find(unknown) else {
                continue;
            };
            let text = print_expr(dim);
            let message =
                format!("expected a letter or a number as a size of what comes in, got `{text}`");
            self.problems.push(
                Problem::new(Code::Signature, dim.span, message)
                    .label(format!("`{letter}` has no value yet"))
                    .help("a letter alone takes the size that comes in: `[N, C, H, W]`"),
            );
        }
    }

    fn without_batch<'s>(&mut self, shape: &'s ShapeExpr) -> Option<&'s [Expr]> {
        match shape.node.split_first() {
            Some((batch, dims)) if symbol(batch).is_some() => Some(dims),
            _ => {
                let is_batch = |dim: &Expr| symbol(dim).is_some_and(|s| s == "N" || s == "B");
                if let Some(batch) = shape.node.iter().find(|dim| is_batch(dim)) {
                    let others = shape.node.iter().filter(|dim| !is_batch(dim));
                    let sizes: Vec<String> =
                        [batch].into_iter().chain(others).map(print_expr).collect();
                    let whole = format!("[{}]", sizes.join(", "));
                    self.problems.push(
                        Problem::new(Code::Structure, shape.span, "a shape begins with the batch")
                            .label("the first size is not a capital letter")
                            .help(format!("write `{whole}`"))
                            .fix(format!("write `{whole}`"), [(shape.span, whole)]),
                    );
                    return None;
                }
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
    /// records the signature's other sizes as claims. Whether the value is as the signature says,
    /// as far as that is known; `None` if it has another number of dimensions.
    pub(super) fn bind_signature(
        &mut self,
        scope: &mut Scope,
        signature: &BlockSignature,
        flow: Flow,
        call: &Call,
        block: &str,
    ) -> Option<bool> {
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
                None => {
                    for letter in dim.names().into_iter().filter_map(symbol) {
                        if !scope.contains(letter) {
                            // Reported where it is written.
                            scope.set_unknown(letter);
                        }
                    }
                    expected.extend(self.size(scope, dim, i == 0));
                }
            }
        }
        let fits = actual
            .is_none_or(|shape| expected.len() < dims.len() || shape.dims() == expected.as_slice());
        if let Some(node) = flow.filter(|_| expected.len() == dims.len()) {
            let calls = self.calls.clone();
            let call = Origin { span: call.place.span, calls, literal: false };
            let (by, span) = (Claimant::Taken(block.to_owned(), call), signature.input.span);
            self.graph.claims.push(Claim::Shape { node, expected, by, span });
        }
        Some(fits)
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

/// Offers the whole number of channels below.
fn rounded_down(problem: Problem, dim: &Expr, left: &Expr, right: &Expr) -> Problem {
    let down = format!("{} // {}", print_expr(left), print_expr(right));
    problem
        .label("not whole")
        .help(format!("`//` rounds down: `{down}`"))
        .offer(format!("write `{down}`"), [(dim.span, down)])
}

/// The symbol, if the size is a single capital letter.
fn symbol(dim: &Expr) -> Option<&str> {
    match &dim.node {
        ExprKind::Name(name) if is_symbol(name) => Some(name),
        _ => None,
    }
}
