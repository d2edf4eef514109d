use crate::syntax::ast::{
    Arg, BinaryOp, Body, Call, Element, ElementKind, Expr, ExprKind, Over, Rounds, UnaryOp,
};

/// Binds tighter than every operator.
const PRIMARY: u8 = 8;
/// Binds less tightly than every operator.
const CONDITIONAL: u8 = 0;

/// An expression on one line, with no more parentheses than it needs.
pub fn print_expr(expr: &Expr) -> String {
    let mut out = String::new();
    write(&mut out, expr);
    out
}

/// An op or block with its arguments.
pub fn print_call(call: &Call) -> String {
    format!("{}{}", call.name.node, arguments(&call.args))
}

/// An element with its guard, on one line; what is repeated is left out.
pub fn print_element(element: &Element) -> String {
    let text = |piece| match piece {
        Piece::Text(text) => text,
        Piece::Body(_) => "{ ... }".to_owned(),
    };
    pieces(element).into_iter().map(text).collect()
}

/// A part of an element.
pub(super) enum Piece<'e> {
    Text(String),
    /// What a `repeat` repeats.
    Body(&'e Body),
}

pub(super) fn pieces(element: &Element) -> Vec<Piece<'_>> {
    let (mut pieces, mut out) = (Vec::new(), String::new());
    let mut next = Some(element);
    while let Some(element) = next.take() {
        match &element.kind {
            ElementKind::Call(call) => out += &print_call(call),
            ElementKind::Group(chain) => out += &format!("({})", self::chain(chain).join(" -> ")),
            ElementKind::Repeat(repeat) => {
                out += &rounds(&repeat.rounds);
                pieces.push(Piece::Text(std::mem::take(&mut out)));
                pieces.push(Piece::Body(&repeat.body));
            }
        }
        if let Some(guard) = &element.guard {
            out += &format!(" if {}", print_expr(&guard.cond));
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
pub(super) fn rounds(rounds: &Rounds) -> String {
    let names: Vec<&str> = rounds.names.iter().map(|param| param.name.node.as_str()).collect();
    let names = names.join(", ");
    let names = if rounds.parts { format!("({names})") } else { names };
    match &rounds.over {
        Over::Times(times) => format!("repeat {} ", print_expr(times)),
        Over::Range(from, to) => {
            format!("for {names} in {}..{} ", print_expr(from), print_expr(to))
        }
        Over::Items(items) => format!("for {names} in {} ", print_expr(items)),
    }
}

pub(super) fn chain(chain: &[Element]) -> Vec<String> {
    chain.iter().map(print_element).collect()
}

/// `(a, k = b)`, or nothing.
pub(super) fn arguments(args: &[Arg]) -> String {
    if args.is_empty() {
        return String::new();
    }
    format!("({})", args.iter().map(argument).collect::<Vec<_>>().join(", "))
}

pub(super) fn argument(arg: &Arg) -> String {
    match &arg.name {
        Some(name) => format!("{} = {}", name.node, print_expr(&arg.value)),
        None => print_expr(&arg.value),
    }
}

/// `a, b, c`
pub(super) fn list(exprs: &[Expr]) -> String {
    exprs.iter().map(print_expr).collect::<Vec<_>>().join(", ")
}

fn write(out: &mut String, expr: &Expr) {
    match &expr.node {
        ExprKind::Int { text, .. } | ExprKind::Float { text, .. } => out.push_str(text),
        ExprKind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        ExprKind::Str(text) => *out += &format!("\"{text}\""),
        ExprKind::List(items) => *out += &format!("[{}]", list(items)),
        ExprKind::Tuple(items) => *out += &format!("({})", list(items)),
        ExprKind::Name(name) => out.push_str(name),
        ExprKind::Same => out.push_str("same"),
        ExprKind::Call { name, args } => *out += &format!("{}({})", name.node, list(args)),
        ExprKind::Unary(op, of) => {
            out.push_str(match op {
                UnaryOp::Neg => "-",
                UnaryOp::Not => "not ",
            });
            operand(out, of, op.precedence());
        }
        ExprKind::Binary(op, left, right) => {
            // Comparisons do not chain, so that one needs parentheses on either side of another.
            operand(out, left, op.precedence() + u8::from(op.is_comparison()));
            match op {
                BinaryOp::Mul | BinaryOp::Div | BinaryOp::FloorDiv | BinaryOp::Rem => {
                    out.push_str(op.as_str())
                }
                _ => *out += &format!(" {} ", op.as_str()),
            }
            operand(out, right, op.precedence() + 1);
        }
        ExprKind::Index(of, at) => {
            operand(out, of, PRIMARY);
            *out += &format!("[{}]", print_expr(at));
        }
        ExprKind::Conditional { cond, then, otherwise } => {
            operand(out, then, CONDITIONAL + 1);
            out.push_str(" if ");
            operand(out, cond, CONDITIONAL + 1);
            out.push_str(" else ");
            write(out, otherwise);
        }
    }
}

/// Parenthesised if it binds less tightly than `least`.
fn operand(out: &mut String, expr: &Expr, least: u8) {
    let binds = match &expr.node {
        ExprKind::Unary(op, _) => op.precedence(),
        ExprKind::Binary(op, ..) => op.precedence(),
        ExprKind::Conditional { .. } => CONDITIONAL,
        _ => PRIMARY,
    };
    if binds < least {
        *out += &format!("({})", print_expr(expr));
    } else {
        write(out, expr);
    }
}
