use super::parts::{List, Parts};
use super::width;
use crate::syntax::ast::{
    Arg, BinaryOp, Body, Call, Element, ElementKind, Expr, ExprKind, Over, Rounds, UnaryOp,
};

/// Binds tighter than every operator.
const PRIMARY: u8 = 8;
/// Binds less tightly than every operator.
const CONDITIONAL: u8 = 0;

/// An expression on one line, with no more parentheses than it needs.
pub fn print_expr(expr: &Expr) -> String {
    self::expr(expr, &mut Parts::on_one_line())
}

/// An op or block with its arguments.
pub fn print_call(call: &Call) -> String {
    self::call(call, &mut Parts::on_one_line())
}

fn element(element: &Element, parts: &mut Parts<'_>) -> String {
    let text = |piece| match piece {
        Piece::Text(text) => text,
        Piece::Body(_) => "{ ... }".to_owned(),
    };
    pieces(element, parts).into_iter().map(text).collect()
}

/// A part of an element.
pub(super) enum Piece<'e> {
    Text(String),
    /// What a `repeat` repeats.
    Body(&'e Body),
}

impl Piece<'_> {
    /// How wide it is up to the end of its first line.
    pub(super) fn first_line(&self) -> usize {
        match self {
            Piece::Text(text) => width(text.split('\n').next().unwrap_or_default()),
            Piece::Body(_) => 1,
        }
    }
}

pub(super) fn expr(expr: &Expr, parts: &mut Parts<'_>) -> String {
    let mut out = String::new();
    write(&mut out, expr, parts);
    out
}

pub(super) fn call(call: &Call, parts: &mut Parts<'_>) -> String {
    let args = List::new(&call.args, parts, argument);
    match args.is_empty() {
        true => call.name.node.clone(),
        false => args.text(&format!("{}(", call.name.node), ")", ","),
    }
}

pub(super) fn pieces<'e>(element: &'e Element, parts: &mut Parts<'_>) -> Vec<Piece<'e>> {
    let (mut pieces, mut out) = (Vec::new(), String::new());
    let mut next = Some(element);
    while let Some(element) = next.take() {
        match &element.kind {
            ElementKind::Call(call) => out += &self::call(call, parts),
            ElementKind::Group(chain) => out += &List::new(chain, parts, self::element).chain(),
            ElementKind::Repeat(repeat) => {
                out += &rounds(&repeat.rounds, parts);
                pieces.push(Piece::Text(std::mem::take(&mut out)));
                pieces.push(Piece::Body(&repeat.body));
            }
        }
        if let Some(guard) = &element.guard {
            out += &format!(" if {}", expr(&guard.cond, parts));
            if let Some(otherwise) = &guard.otherwise {
                out += " else ";
                next = Some(otherwise);
            }
        }
    }
    pieces.push(Piece::Text(out));
    pieces
}

/// `repeat 3 ` or `for i in 0..3 `, up to the brace.
pub(super) fn rounds(rounds: &Rounds, parts: &mut Parts<'_>) -> String {
    let names: Vec<&str> = rounds.names.iter().map(|param| param.name.node.as_str()).collect();
    let names = names.join(", ");
    let names = if rounds.parts { format!("({names})") } else { names };
    match &rounds.over {
        Over::Times(times) => format!("repeat {} ", expr(times, parts)),
        Over::Range(from, to) => {
            format!("for {names} in {}..{} ", expr(from, parts), expr(to, parts))
        }
        Over::Items(items) => format!("for {names} in {} ", expr(items, parts)),
    }
}

pub(super) fn argument(arg: &Arg, parts: &mut Parts<'_>) -> String {
    match &arg.name {
        Some(name) => format!("{} = {}", name.node, expr(&arg.value, parts)),
        None => expr(&arg.value, parts),
    }
}

fn write(out: &mut String, expr: &Expr, parts: &mut Parts<'_>) {
    match &expr.node {
        ExprKind::Int { text, .. } | ExprKind::Float { text, .. } => out.push_str(text),
        ExprKind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        ExprKind::Str(text) => *out += &format!("\"{text}\""),
        ExprKind::List(items) => {
            let rows = items.iter().any(|item| matches!(item.node, ExprKind::Tuple(_)));
            let list = List::new(items, parts, self::expr);
            *out += &if rows { list.table("[", "]", ",") } else { list.text("[", "]", ",") };
        }
        ExprKind::Tuple(items) => *out += &List::new(items, parts, self::expr).text("(", ")", ""),
        ExprKind::Name(name) => out.push_str(name),
        ExprKind::Same => out.push_str("same"),
        ExprKind::Call { name, args } => {
            let open = format!("{}(", name.node);
            *out += &List::new(args, parts, self::expr).text(&open, ")", ",");
        }
        ExprKind::Unary(op, of) => {
            out.push_str(match op {
                UnaryOp::Neg => "-",
                UnaryOp::Not => "not ",
            });
            operand(out, of, op.precedence(), parts);
        }
        ExprKind::Binary(op, left, right) => {
            // Comparisons do not chain, so that one needs parentheses on either side of another.
            operand(out, left, op.precedence() + u8::from(op.is_comparison()), parts);
            match op {
                BinaryOp::Mul | BinaryOp::Div | BinaryOp::FloorDiv | BinaryOp::Rem => {
                    out.push_str(op.as_str())
                }
                _ => *out += &format!(" {} ", op.as_str()),
            }
            operand(out, right, op.precedence() + 1, parts);
        }
        ExprKind::Index(of, at) => {
            operand(out, of, PRIMARY, parts);
            *out += &format!("[{}]", self::expr(at, parts));
        }
        ExprKind::Conditional { cond, then, otherwise } => {
            operand(out, then, CONDITIONAL + 1, parts);
            out.push_str(" if ");
            operand(out, cond, CONDITIONAL + 1, parts);
            out.push_str(" else ");
            write(out, otherwise, parts);
        }
    }
}

/// Parenthesised if it binds less tightly than `least`.
fn operand(out: &mut String, expr: &Expr, least: u8, parts: &mut Parts<'_>) {
    let binds = match &expr.node {
        ExprKind::Unary(op, _) => op.precedence(),
        ExprKind::Binary(op, ..) => op.precedence(),
        ExprKind::Conditional { .. } => CONDITIONAL,
        _ => PRIMARY,
    };
    if binds < least {
        *out += &format!("({})", self::expr(expr, parts));
    } else {
        write(out, expr, parts);
    }
}
