//! The domains of parameters.

use crate::diag::{Code, Nearest, Problem, Span, did_you_mean};
use crate::graph::eval::Fault;
use crate::graph::{Callee, Scope, Value, number};
use crate::syntax::ast::{Expr, ExprKind, Param, ParamType};
use crate::syntax::print_expr;

/// Larger domains are not sampled.
const MAX_MEMBERS: usize = 256;
const CHOOSE: &str = "choose one of its values, or widen the domain";

/// Checks that a value is in a parameter's domain; the error says what is allowed.
pub(super) fn admit(param: &Param, value: &Value, at: Span, scope: &Scope) -> Result<(), Fault> {
    let Some(ty) = &param.ty else { return Ok(()) };
    if contains(&ty.node, value, scope)? {
        return Ok(());
    }
    let name = &param.name.node;
    if let Some(problem) = reversed(name, &ty.node, scope)? {
        return Err(Some(Box::new(problem)));
    }
    let message = format!("expected {} for `{name}`, got {value}", describe(&ty.node, scope)?);
    let problem = Problem::new(Code::Domain, at, message)
        .label("outside the domain")
        .related(ty.span, format!("the domain of `{name}`"));
    if let (ParamType::OneOf(options), Value::Str(word)) = (&ty.node, value) {
        let near = near_string(options, word);
        let help = near.question().unwrap_or_else(|| CHOOSE.to_owned());
        return Err(Some(Box::new(problem.help(help).respell(&near))));
    }
    Err(Some(Box::new(match near(&ty.node, value, scope) {
        Some(near) => {
            let help = match value {
                Value::Callee(_) => format!("a string stands in quotes: `{near}`"),
                _ if near.starts_with('[') => format!("a list stands in brackets: `{near}`"),
                _ => format!("write `{near}`, or widen the domain"),
            };
            let (title, edits) = (format!("write `{near}`"), [(at, near)]);
            match (&ty.node, value) {
                // The domain may be what is wrong.
                (ParamType::Int(_) | ParamType::Float(_), _) => {
                    problem.help(help).offer(title, edits)
                }
                _ => problem.help(help).fix(title, edits),
            }
        }
        None => match (&ty.node, value.whole()) {
            (ParamType::Float(_), Some(parts)) => {
                let percent = match parts {
                    2..=100 => format!(", {parts} percent `{parts}/100`"),
                    _ => String::new(),
                };
                problem.help(format!("a share of 1 in {parts} is written `1/{parts}`{percent}"))
            }
            _ => problem.help(CHOOSE),
        },
    })))
}

/// The problem of a range that ends before it begins, which no value is in.
fn reversed(name: &str, ty: &ParamType, scope: &Scope) -> Result<Option<Problem>, Fault> {
    let (ParamType::Int(Some((low, high))) | ParamType::Float(Some((low, high)))) = ty else {
        return Ok(None);
    };
    if ![low, high].into_iter().all(|bound| bound.names().is_empty()) {
        return Ok(None);
    }
    let order = number::compare(&scope.eval(low)?, &scope.eval(high)?);
    Ok(order.filter(|order| order.is_gt()).map(|_| {
        let (first, last) = (print_expr(low), print_expr(high));
        let message = format!("no value is in the domain of `{name}`: {first} is above {last}");
        Problem::new(Code::Domain, low.span.to(high.span), message)
            .label("ends before it begins")
            .help(format!("the smaller bound stands first: `{last}..{first}`"))
            .fix("exchange the bounds", [(low.span, last), (high.span, first)])
    }))
}

/// The strings of a domain that are most like another one, in their quotes.
fn near_string(options: &[Expr], word: &str) -> Nearest {
    let strings = options.iter().filter_map(|option| match &option.node {
        ExprKind::Str(text) => Some(text.as_str()),
        _ => None,
    });
    did_you_mean(word, strings).map(|near| format!("\"{near}\""))
}

/// The value of a domain that is most like another one, as the language writes it.
fn near(ty: &ParamType, value: &Value, scope: &Scope) -> Option<String> {
    match (ty, value) {
        (ParamType::OneOf(options), Value::Callee(Callee { name, .. })) => {
            let string =
                |option: &&Expr| matches!(&option.node, ExprKind::Str(text) if text == name);
            options.iter().find(string).map(|_| format!("\"{name}\""))
        }
        (ParamType::Subset(options), value) => {
            let options = values(options, scope).ok()?;
            holds(&options, value).then(|| format!("[{value}]"))
        }
        (ParamType::List(of), value) => {
            contains(&of.node, value, scope).ok()?.then(|| format!("[{value}]"))
        }
        (ParamType::Bool, value) => match value.whole()? {
            0 => Some("false".into()),
            1 => Some("true".into()),
            _ => None,
        },
        (ParamType::Int(Some((low, high))) | ParamType::Float(Some((low, high))), value) => {
            let whole = matches!(ty, ParamType::Int(_));
            let (low, high) = (scope.eval(low).ok()?, scope.eval(high).ok()?);
            let above = number::compare(&high, value)?.is_lt();
            let below = number::compare(value, &low)?.is_lt();
            // A number of parts or of percent is no share that is too large.
            let parts = above && !whole && high.whole() == Some(1) && value.whole().is_some();
            (!parts && (above || below)).then(|| if above { high } else { low }.to_string())
        }
        _ => None,
    }
}

/// Checks that a value given from outside has the type of the default, for a parameter without a
/// declared domain.
pub(super) fn admit_like(
    param: &Param,
    default: &Value,
    value: &Value,
    at: Span,
) -> Result<(), Fault> {
    let fits = match (default, value) {
        (Value::Int(_), Value::Int(_)) => true,
        (Value::Fraction(_) | Value::Float(_), other) => other.number().is_some(),
        _ => std::mem::discriminant(default) == std::mem::discriminant(value),
    };
    if fits || param.ty.is_some() {
        return Ok(());
    }
    let name = &param.name.node;
    Err(Some(Box::new(
        Problem::new(
            Code::Domain,
            at,
            format!("expected {} for `{name}`, got {value}", default.kind()),
        )
        .label("of another kind than the default")
        .related(param.name.span, format!("`{name}` is {default} by default"))
        .help(format!("declare its type if it may be more: `{name}: float = {default}`")),
    )))
}

fn contains(ty: &ParamType, value: &Value, scope: &Scope) -> Result<bool, Fault> {
    Ok(match ty {
        ParamType::Int(range) => matches!(value, Value::Int(_)) && in_range(range, value, scope)?,
        ParamType::Float(range) => value.number().is_some() && in_range(range, value, scope)?,
        ParamType::Bool => matches!(value, Value::Bool(_)),
        ParamType::OneOf(options) => holds(&values(options, scope)?, value),
        ParamType::Subset(options) => match value {
            Value::List(items) => {
                if let Some(first) = options.first() {
                    scope.spend(items.len() * (items.len() + options.len()), first.span)?;
                }
                let options = values(options, scope)?;
                let once = items.iter().enumerate().all(|(i, item)| !holds(&items[..i], item));
                once && items.iter().all(|item| holds(&options, item))
            }
            _ => false,
        },
        ParamType::List(of) => match value {
            Value::List(items) => {
                for item in items {
                    if !contains(&of.node, item, scope)? {
                        return Ok(false);
                    }
                }
                true
            }
            _ => false,
        },
    })
}

fn in_range(range: &Option<(Expr, Expr)>, value: &Value, scope: &Scope) -> Result<bool, Fault> {
    let Some((low, high)) = range else { return Ok(true) };
    let (low, high) = (scope.eval(low)?, scope.eval(high)?);
    let ordered = |a, b| number::compare(a, b).is_some_and(|order| order.is_le());
    Ok(ordered(&low, value) && ordered(value, &high))
}

fn holds(items: &[Value], value: &Value) -> bool {
    items.iter().any(|item| item.equals(value))
}

/// All values of a type, if there are at most `most`, in source order; subsets by size. `None` for
/// a larger type, or if its bounds are not literals.
pub fn members(ty: &ParamType, most: usize) -> Option<Vec<Value>> {
    let scope = Scope::default();
    let members: Vec<Value> = match ty {
        ParamType::Bool => vec![Value::Bool(false), Value::Bool(true)],
        ParamType::OneOf(options) => values(options, &scope).ok()?,
        ParamType::Subset(options) => {
            let options = values(options, &scope).ok()?;
            let count =
                1usize.checked_shl(u32::try_from(options.len()).ok()?).filter(|n| *n <= most)?;
            let chosen = |bits: usize| (0..options.len()).filter(move |i| bits >> i & 1 == 1);
            let mut subsets: Vec<Vec<usize>> =
                (0..count).map(|bits| chosen(bits).collect()).collect();
            subsets.sort_by_key(|subset| (subset.len(), subset.clone()));
            let list = |subset: &Vec<usize>| {
                Value::List(subset.iter().map(|&i| options[i].clone()).collect())
            };
            subsets.iter().map(list).collect()
        }
        ParamType::Int(Some((low, high))) => {
            match (scope.eval(low).ok()?, scope.eval(high).ok()?) {
                (Value::Int(low), Value::Int(high)) => {
                    let count = usize::try_from(high.checked_sub(low)?.checked_add(1)?).ok()?;
                    (count <= most).then(|| (low..=high).map(Value::Int).collect())?
                }
                _ => return None,
            }
        }
        ParamType::Int(None) | ParamType::Float(_) | ParamType::List(_) => return None,
    };
    (members.len() <= most).then_some(members)
}

/// A few values of a parameter, as the language writes them: the ends and the middle of its domain,
/// or another one like its default.
pub(super) fn samples(param: &Param, default: Option<&Value>) -> Vec<Value> {
    let scope = Scope::default();
    let whole = |bound: &Expr| scope.eval(bound).ok().and_then(|value| value.whole());
    match (param.ty.as_ref().map(|ty| &ty.node), default) {
        (Some(ParamType::Int(Some((low, high)))), _) => match (whole(low), whole(high)) {
            (Some(low), Some(high)) => {
                vec![Value::Int(low), Value::Int(high), Value::Int(low.midpoint(high))]
            }
            _ => Vec::new(),
        },
        (Some(ParamType::Int(None)) | None, Some(Value::Int(default))) => {
            default.checked_mul(2).map(Value::Int).into_iter().collect()
        }
        (None, Some(Value::Bool(default))) => vec![Value::Bool(!default)],
        (Some(ty), _) => {
            let all = members(ty, MAX_MEMBERS).unwrap_or_default();
            let ends = [all.first(), all.last(), all.get(all.len() / 2)];
            ends.into_iter().flatten().cloned().collect()
        }
        (None, _) => Vec::new(),
    }
}

fn values(options: &[Expr], scope: &Scope) -> Result<Vec<Value>, Fault> {
    options.iter().map(|o| scope.eval(o)).collect()
}

fn describe(ty: &ParamType, scope: &Scope) -> Result<String, Fault> {
    let list = |options: &[Expr]| -> Result<String, Fault> {
        Ok(values(options, scope)?.iter().map(Value::to_string).collect::<Vec<_>>().join(", "))
    };
    let range = |range: &Option<(Expr, Expr)>| -> Result<String, Fault> {
        match range {
            Some((low, high)) => Ok(format!(" from {} to {}", scope.eval(low)?, scope.eval(high)?)),
            None => Ok(String::new()),
        }
    };
    Ok(match ty {
        ParamType::Int(r) => format!("an integer{}", range(r)?),
        ParamType::Float(r) => format!("a number{}", range(r)?),
        ParamType::Bool => "true or false".into(),
        ParamType::OneOf(options) => format!("one of {}", list(options)?),
        ParamType::Subset(options) => {
            format!("a list of some of {}, each at most once", list(options)?)
        }
        ParamType::List(of) => format!("a list, each item {}", describe(&of.node, scope)?),
    })
}
