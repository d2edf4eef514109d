//! Values of arguments, as other frameworks write them and as netc does.

use crate::diag::elsewhere;
use crate::graph::op::ArgKind;
use crate::syntax::ast::{Arg, Expr, ExprKind, UnaryOp};
use crate::syntax::print_expr;

pub(in crate::graph::expand) const SIDES_DIFFER: &str =
    "a `pad` is that of both sides, and here they differ";
pub(in crate::graph::expand) const SAME_OF_POOL: &str =
    "a pool pads both sides alike, by a number: `maxpool(3, stride = 2, pad = 1)`";
pub(super) const OTHERS: &str = "it takes other arguments";

/// A padding of another framework; empty if it is the default.
pub(super) fn padding(value: &Expr, op: &str) -> Result<String, String> {
    match &value.node {
        ExprKind::Str(word) if word.eq_ignore_ascii_case("same") && op == "conv" => {
            Ok(String::new())
        }
        ExprKind::Str(word) if word.eq_ignore_ascii_case("same") => Err(SAME_OF_POOL.to_owned()),
        ExprKind::Str(word) if word.eq_ignore_ascii_case("valid") => Ok("0".to_owned()),
        ExprKind::Str(_) => Err(OTHERS.to_owned()),
        ExprKind::List(sides) | ExprKind::Tuple(sides) if sides.len() == 4 => {
            onnx_sides(sides).ok_or_else(|| SIDES_DIFFER.to_owned())
        }
        _ => Ok(written_value(value)),
    }
}

/// The padding of both sides, `3` or `[1, 3]`, of ONNX's four: top, left, bottom, right.
pub(in crate::graph::expand) fn onnx_sides(sides: &[Expr]) -> Option<String> {
    if let [top, left, bottom, right] = sides {
        both_sides([top, left, bottom, right])
    } else {
        None
    }
}

pub(super) fn both_sides(sides: [&Expr; 4]) -> Option<String> {
    let [top, left, bottom, right] = sides.map(print_expr);
    ((&top, &left) == (&bottom, &right)).then(|| match top == left {
        true => top,
        false => format!("[{top}, {left}]"),
    })
}

/// Whether a value may be one of a kind, as far as its text tells.
pub(super) fn fits(kind: ArgKind, value: &Expr) -> bool {
    match &value.node {
        ExprKind::Str(word) => kind.words().contains(&word.as_str()),
        ExprKind::Int { .. } | ExprKind::Float { .. } | ExprKind::List(_) | ExprKind::Tuple(_) => {
            kind != ArgKind::Bool
        }
        _ => truth(value).is_none() || kind == ArgKind::Bool,
    }
}

pub(super) fn name_of(value: &Expr) -> Option<&str> {
    if let ExprKind::Name(name) = &value.node { Some(name) } else { None }
}

pub(super) fn truth(value: &Expr) -> Option<bool> {
    match &value.node {
        ExprKind::Bool(truth) => Some(*truth),
        ExprKind::Name(word) => elsewhere::value(word).map(|word| word == "true"),
        _ => None,
    }
}

pub(super) fn number(value: &Expr) -> Option<()> {
    matches!(value.node, ExprKind::Int { .. } | ExprKind::Float { .. }).then_some(())
}

pub(in crate::graph::expand) fn is_int(value: &Expr, of: &[i64]) -> bool {
    match &value.node {
        ExprKind::Int { value, .. } => of.contains(value),
        ExprKind::Unary(UnaryOp::Neg, positive) => of.iter().any(|int| is_int(positive, &[-int])),
        _ => false,
    }
}

pub(super) fn is_one(size: &Expr) -> bool {
    match &size.node {
        ExprKind::Tuple(sizes) | ExprKind::List(sizes) => sizes.iter().all(is_one),
        _ => is_int(size, &[1]),
    }
}

/// A call as it is written.
pub(in crate::graph::expand) fn step(name: &str, args: Vec<String>) -> String {
    if args.is_empty() { name.to_owned() } else { format!("{name}({})", args.join(", ")) }
}

/// An argument as it is written.
pub(in crate::graph::expand) fn written(arg: &Arg) -> String {
    match &arg.name {
        Some(name) => format!("{} = {}", name.node, written_value(&arg.value)),
        None => written_value(&arg.value),
    }
}

/// A value as it is written.
pub(in crate::graph::expand) fn written_value(value: &Expr) -> String {
    match truth(value) {
        Some(truth) => truth.to_string(),
        None => print_expr(value),
    }
}
