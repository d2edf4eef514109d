use pest::iterators::Pair;

use super::stmt::Chain;
use super::{Builder, Built, Nodes};
use crate::diag::{Code, Problem, Span};
use crate::syntax::ast::{
    Arg, BinaryOp, Call, Element, ElementKind, Expr, ExprKind, Guard, Name, Place, Spanned, UnaryOp,
};
use crate::syntax::parser::Rule;

impl Builder<'_> {
    pub(super) fn element(&mut self, pair: Pair<'_, Rule>) -> Built<Element> {
        let span = self.span(&pair);
        let nodes: Vec<_> = Nodes::new(pair).rest().collect();
        self.deeper(nodes.len() / 2, span, |b| b.guarded(nodes))
    }

    /// `step cond step cond ..`: every step after a condition is the `else` of that condition.
    fn guarded(&mut self, nodes: Vec<Pair<'_, Rule>>) -> Built<Element> {
        let mut steps: Vec<(ElementKind, Span, Option<Expr>)> = Vec::new();
        let mut end = None;
        for pair in nodes {
            let span = self.span(&pair);
            end = Some(span);
            match (pair.as_rule(), steps.last_mut()) {
                (Rule::expr, Some((_, _, cond))) => *cond = Some(self.expr(pair)?),
                _ => steps.push((self.step(pair)?, span, None)),
            }
        }
        let mut otherwise: Option<Element> = None;
        for (kind, span, cond) in steps.into_iter().rev() {
            let guard = cond.map(|cond| Guard { cond, otherwise: otherwise.take().map(Box::new) });
            let place = Place { node: (), span: span.to(end.unwrap_or(span)) };
            otherwise = Some(Element { kind, guard, place });
        }
        otherwise.ok_or_else(|| {
            Problem::new(Code::Syntax, None, "expected an op or a block, got nothing").into()
        })
    }

    fn step(&mut self, pair: Pair<'_, Rule>) -> Built<ElementKind> {
        let mut nodes = Nodes::new(pair);
        if let Some(call) = nodes.take(Rule::call) {
            return Ok(ElementKind::Call(self.call(call)?));
        }
        if let Some(repeat) = nodes.take(Rule::repeat) {
            return Ok(ElementKind::Repeat(Box::new(self.repeat(repeat)?)));
        }
        let group = nodes.need(Rule::group)?;
        let span = self.span(&group);
        let chain = Nodes::new(group).need(Rule::chain)?;
        let chain = self.deeper(1, span, |b| b.chain(chain, Chain::Group))?;
        self.close(span.end);
        Ok(ElementKind::Group(chain))
    }

    pub(super) fn call(&mut self, pair: Pair<'_, Rule>) -> Built<Call> {
        let place = self.place(&pair);
        let mut nodes = Nodes::new(pair);
        let name = nodes.need(Rule::path)?;
        let args = nodes.take(Rule::args).map(|a| self.args(a)).transpose()?.unwrap_or_default();
        Ok(Call { name: self.name(name), args, place })
    }

    pub(super) fn args(&mut self, pair: Pair<'_, Rule>) -> Built<Vec<Arg>> {
        let end = self.span(&pair).end;
        let args = self.parts(Nodes::new(pair), end, |b, pair| {
            let mut nodes = Nodes::new(pair);
            let name = nodes.take(Rule::ident).map(|n| b.name(n));
            Ok(Arg { name, value: b.expr(nodes.need(Rule::expr)?)? })
        })?;
        for (arg, before) in args.iter().skip(1).zip(&args) {
            if let (None, Some(named)) = (&arg.name, &before.name) {
                let message = "expected a named argument, got a positional one";
                return Err(Problem::new(Code::Syntax, arg.value.span, message)
                    .label("has no name")
                    .related(named.span, "named arguments start before it")
                    .help("Positional arguments come first: `conv(64, k = 1)`.")
                    .into());
            }
        }
        Ok(args)
    }

    pub(super) fn expr(&mut self, pair: Pair<'_, Rule>) -> Built<Expr> {
        let span = self.span(&pair);
        let operations: Vec<_> = Nodes::new(pair).rest().collect();
        self.deeper(operations.len() / 2, span, |b| b.conditional(operations))
    }

    /// `then cond then cond .. otherwise`
    fn conditional(&mut self, operations: Vec<Pair<'_, Rule>>) -> Built<Expr> {
        let values: Built<Vec<Expr>> =
            operations.into_iter().map(|operation| self.operation(operation)).collect();
        let mut values = values?.into_iter().rev();
        let none = || Problem::new(Code::Syntax, None, "expected a value, got nothing");
        let mut value = values.next().ok_or_else(none)?;
        while let (Some(cond), Some(then)) = (values.next(), values.next()) {
            let [cond, then] = [cond, then].map(Box::new);
            let span = then.span.to(value.span);
            let node = ExprKind::Conditional { cond, then, otherwise: Box::new(value) };
            value = Spanned { node, span };
        }
        Ok(value)
    }

    fn operation(&mut self, pair: Pair<'_, Rule>) -> Built<Expr> {
        let span = self.span(&pair);
        let mut nodes = Nodes::new(pair);
        let operators = nodes.0.clone().filter(|p| p.as_rule() != Rule::operand).count();
        self.deeper(operators, span, |b| b.binary(&mut nodes, 1))
    }

    /// Precedence climbing over operators that bind at least as tightly as `least`.
    fn binary(&mut self, nodes: &mut Nodes<'_>, least: u8) -> Built<Expr> {
        let mut left = self.prefix(nodes)?;
        let mut compared = false;
        while let Some(op) = nodes.0.peek().and_then(|p| operator(p.as_str())) {
            if op.precedence() < least {
                break;
            }
            let sign = nodes.need(Rule::infix)?;
            if op.is_comparison() && std::mem::replace(&mut compared, true) {
                return Err(Problem::new(
                    Code::Syntax,
                    self.span(&sign),
                    "expected one comparison, got two in a row",
                )
                .label("second comparison")
                .help("Join them: `a < b and b < c`.")
                .into());
            }
            let right = self.binary(nodes, op.precedence() + 1)?;
            let span = left.span.to(right.span);
            left = Spanned { node: ExprKind::Binary(op, Box::new(left), Box::new(right)), span };
        }
        Ok(left)
    }

    fn prefix(&mut self, nodes: &mut Nodes<'_>) -> Built<Expr> {
        let Some(sign) = nodes.take(Rule::prefix) else {
            let operand = nodes.need(Rule::operand)?;
            return self.operand(operand);
        };
        let (op, of) = match sign.as_str().trim_end() {
            "not" => (UnaryOp::Not, self.binary(nodes, UnaryOp::Not.precedence())?),
            _ => (UnaryOp::Neg, self.prefix(nodes)?),
        };
        let span = self.span(&sign).to(of.span);
        Ok(Spanned { node: ExprKind::Unary(op, Box::new(of)), span })
    }

    fn operand(&mut self, pair: Pair<'_, Rule>) -> Built<Expr> {
        let whole = self.span(&pair);
        let mut nodes = Nodes::new(pair);
        let Some(value) = nodes.any() else {
            return Err(Problem::new(Code::Syntax, whole, "expected a value").into());
        };
        let indices: Vec<_> = nodes.rest().collect();
        self.deeper(indices.len(), whole, |b| {
            let mut value = b.primary(value)?;
            for index in indices {
                let span = value.span.to(b.span(&index));
                let inner = Nodes::new(index).need(Rule::expr)?;
                let at = b.deeper(1, span, |b| b.expr(inner))?;
                value = Spanned { node: ExprKind::Index(Box::new(value), Box::new(at)), span };
            }
            Ok(value)
        })
    }

    /// Values within brackets, of which the last closes at `end`.
    pub(super) fn exprs(&mut self, nodes: Nodes<'_>, end: usize) -> Built<Vec<Expr>> {
        self.parts(nodes, end, |b, value| b.expr(value))
    }

    fn primary(&mut self, pair: Pair<'_, Rule>) -> Built<Expr> {
        let span = self.span(&pair);
        let text = pair.as_str().trim_end().to_owned();
        let node = match pair.as_rule() {
            Rule::int => int(text, span)?,
            Rule::float => float(text, span)?,
            Rule::string => ExprKind::Str(self.string(pair).node),
            Rule::truth => ExprKind::Bool(text == "true"),
            Rule::same => ExprKind::Same,
            Rule::name => ExprKind::Name(text),
            Rule::list => {
                ExprKind::List(self.deeper(1, span, |b| b.exprs(Nodes::new(pair), span.end))?)
            }
            Rule::function => {
                let mut nodes = Nodes::new(pair);
                let name: Name = self.name(nodes.need(Rule::ident)?);
                ExprKind::Call { name, args: self.deeper(1, span, |b| b.exprs(nodes, span.end))? }
            }
            _ => {
                let mut nodes = Nodes::new(pair);
                match nodes.0.len() {
                    1 => {
                        let only = nodes.need(Rule::expr)?;
                        self.deeper(1, span, |b| b.expr(only))?.node
                    }
                    _ => ExprKind::Tuple(self.deeper(1, span, |b| b.exprs(nodes, span.end))?),
                }
            }
        };
        Ok(Spanned { node, span })
    }
}

fn int(text: String, span: Span) -> Built<ExprKind> {
    match text.replace('_', "").parse() {
        Ok(value) => Ok(ExprKind::Int { value, text }),
        Err(_) => {
            let message = format!("expected an integer of at most {}, got a larger one", i64::MAX);
            Err(Problem::new(Code::Limit, span, message).label("too large").into())
        }
    }
}

fn float(text: String, span: Span) -> Built<ExprKind> {
    match text.replace('_', "").parse::<f64>() {
        Ok(0.0) if vanishes(&text) => {
            let message = "this number is nearer to 0 than a number can be";
            Err(Problem::new(Code::Limit, span, message).label("too small").into())
        }
        Ok(value) if value.is_finite() => Ok(ExprKind::Float { value, text }),
        _ => {
            let message = format!("expected a number of at most {:e}, got a larger one", f64::MAX);
            Err(Problem::new(Code::Limit, span, message).label("too large").into())
        }
    }
}

/// Whether a number that is not 0 is nearer to it than an fp64 number can be.
pub fn vanishes(text: &str) -> bool {
    let mantissa = text.split_once(['e', 'E']).map_or(text, |(mantissa, _)| mantissa);
    mantissa.contains(|c: char| ('1'..='9').contains(&c))
        && text.replace('_', "").parse() == Ok(0f64)
}

fn operator(text: &str) -> Option<BinaryOp> {
    BinaryOp::ALL.into_iter().find(|op| op.as_str() == text)
}
