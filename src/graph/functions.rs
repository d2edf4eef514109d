//! The functions that an expression can call.

use super::eval::{Fault, fault};
use super::number::{self, Rounding, rounded};
use super::{Init, Value, op};
use crate::diag::{Code, Problem, Span, did_you_mean};
use crate::syntax::ast::Name;

/// Their names.
pub const FUNCTIONS: &[&str] =
    &["uniform", "normal", "min", "max", "round", "floor", "ceil", "len"];

/// The value of a function for these arguments.
pub(super) fn call(name: &Name, args: &[Value], span: Span) -> Result<Value, Fault> {
    match name.node.as_str() {
        "uniform" => match args {
            [low, high] if number::compare(low, high).is_some_and(|order| order.is_le()) => {
                distribution(Init::Uniform, low, high)
            }
            _ => fault(span, "expected uniform(low, high) with low <= high".into()),
        },
        "normal" => match args {
            [mean, std] if mean.number().is_some() && std.number().is_some_and(|x| x >= 0.0) => {
                distribution(Init::Normal, mean, std)
            }
            _ => fault(span, "expected normal(mean, std) with std >= 0".into()),
        },
        "min" => extreme(name, args, span, |order| order.is_lt()),
        "max" => extreme(name, args, span, |order| order.is_gt()),
        "round" => whole(name, args, span, Rounding::Nearest),
        "floor" => whole(name, args, span, Rounding::Floor),
        "ceil" => whole(name, args, span, Rounding::Ceil),
        "len" => match args {
            [Value::List(items)] => Ok(Value::Int(items.len() as i64)),
            _ => fault(span, "expected one list in `len`".into()),
        },
        other => Err(Some(Box::new(unknown(other, name.span)))),
    }
}

fn unknown(name: &str, span: Span) -> Problem {
    let problem = Problem::new(Code::UnknownName, span, format!("unknown function `{name}`"));
    if op::signature(name).is_some() {
        return problem
            .label("an op, which has no place in an expression")
            .help("ops follow one another: `conv(64) -> bn -> relu`");
    }
    let near = did_you_mean(name, FUNCTIONS.iter().copied());
    problem
        .label("an expression can call only functions of numbers")
        .help(match (name, near.question()) {
            ("range", _) => "a range is written `0..3`".to_owned(),
            (_, Some(question)) => question,
            (_, None) => format!("there are {}", FUNCTIONS.join(", ")),
        })
        .respell(&near)
}

fn distribution(of: fn(f64, f64) -> Init, a: &Value, b: &Value) -> Result<Value, Fault> {
    a.number().zip(b.number()).map(|(a, b)| Value::Dist(of(a, b))).ok_or(None)
}

/// The first of the arguments that no other beats.
fn extreme(
    name: &Name,
    args: &[Value],
    span: Span,
    beats: fn(std::cmp::Ordering) -> bool,
) -> Result<Value, Fault> {
    match args {
        [first, rest @ ..] if args.iter().all(|value| value.number().is_some()) => {
            let better = |a: &Value, b: &Value| number::compare(a, b).is_some_and(beats);
            Ok(rest.iter().fold(first, |best, v| if better(v, best) { v } else { best }).clone())
        }
        _ => fault(span, format!("expected numbers in `{}`", name.node)),
    }
}

fn whole(name: &Name, args: &[Value], span: Span, rounding: Rounding) -> Result<Value, Fault> {
    match args {
        [value] if value.number().is_some() => match rounded(value, rounding) {
            Some(value) => Ok(value),
            None => fault(span, format!("{value} is too large for `{}`", name.node)),
        },
        _ => fault(span, format!("expected one number in `{}`", name.node)),
    }
}
