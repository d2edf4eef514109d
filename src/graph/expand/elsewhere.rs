//! Calls in the words of other frameworks.

use crate::diag::elsewhere::{self, Elsewhere};
use crate::diag::{Code, Problem, Span};
use crate::graph::Scope;
use crate::graph::op::{self, Signature};
use crate::syntax::ast::{Arg, Call, Expr, ExprKind};
use crate::syntax::print_expr;

const SIDES_DIFFER: &str = "a `pad` is that of both sides, and here they differ";

/// Says what an unknown op of another framework is here; `None` if it is of none.
pub(super) fn op(problem: &Problem, call: &Call) -> Option<Problem> {
    let word = &call.name.node;
    if let Some(name) = activation(call) {
        let problem = problem.clone().label("not an op of netc").help(format!("write `{name}`"));
        return Some(problem.fix(format!("write `{name}`"), [(call.place.span, name)]));
    }
    let name = match elsewhere::op(word) {
        Some(Elsewhere::Named(name)) => name.to_owned(),
        Some(Elsewhere::LeftOut(why) | Elsewhere::Otherwise(why)) => {
            return Some(problem.clone().label("not an op of netc").help(why));
        }
        None => elsewhere::op_name(word),
    };
    let signature = op::signature(&name).filter(|signature| signature.operands.0 > 0)?;
    Some(match translated(call, signature) {
        Ok(text) => problem
            .clone()
            .label("not an op of netc")
            .help(format!("write `{text}`{}", differs(&text)))
            .fix(format!("write `{text}`"), [(call.place.span, text)]),
        Err(why) => {
            let help = format!("`{word}` is `{name}` here; {why}");
            problem.clone().label("not an op of netc").help(help)
        }
    })
}

/// Keras's `Activation("relu")`
fn activation(call: &Call) -> Option<String> {
    let is_activation = call.name.node.rsplit('.').next() == Some("Activation");
    match call.args.as_slice() {
        [Arg { value: Expr { node: ExprKind::Str(word), .. }, .. }] if is_activation => {
            let name = elsewhere::op_name(word);
            op::signature(&name).map(|_| name)
        }
        _ => None,
    }
}

/// What differs between a call and the same one elsewhere.
fn differs(call: &str) -> &'static str {
    match call.starts_with("conv") && !call.contains("pad = ") {
        true => "; without `pad`, an odd `k` keeps the size",
        false => "",
    }
}

/// Says what an unknown argument of another framework is here; `None` if it is of none.
pub(super) fn argument(
    problem: &Problem,
    call: &Call,
    arg: &Arg,
    params: &[&str],
) -> Option<Problem> {
    let name = arg.name.as_ref()?;
    let positional = call.args.iter().filter(|arg| arg.name.is_none()).count();
    let given = |n: &str| {
        params.iter().take(positional).any(|param| *param == n)
            || call.args.iter().any(|a| a.name.as_ref().is_some_and(|a| a.node == n))
    };
    let problem = problem.clone();
    let leave_out = |problem: Problem, why: &str| {
        problem
            .help(format!("leave it out: {why}"))
            .fix(format!("remove `{}`", name.node), [(removed(call, arg), String::new())])
    };
    match elsewhere::argument(&name.node)? {
        Elsewhere::Named(n) if params.contains(&n) && given(n) => {
            let all = format!("`{}` is `{n}` here, which is given already", name.node);
            Some(problem.help(all))
        }
        Elsewhere::Named(n) if params.contains(&n) => Some(match &arg.value.node {
            ExprKind::Str(word) if word.eq_ignore_ascii_case("same") => {
                leave_out(problem, "an odd `k` keeps the size")
            }
            ExprKind::Str(word) if word.eq_ignore_ascii_case("valid") => {
                let all = name.span.to(arg.value.span);
                let help = format!("`{} = \"valid\"` is `{n} = 0` here", name.node);
                problem.help(help).fix(format!("write `{n} = 0`"), [(all, format!("{n} = 0"))])
            }
            ExprKind::List(sides) if n == "pad" && sides.len() == 4 => match both_sides(sides) {
                Some(pad) => {
                    let (all, text) = (name.span.to(arg.value.span), format!("pad = {pad}"));
                    let help = format!("a `pad` is that of both sides: `{text}`");
                    problem.help(help).fix(format!("write `{text}`"), [(all, text)])
                }
                None => problem.help(SIDES_DIFFER),
            },
            _ => problem.help(format!("`{}` is `{n}` here", name.node)).respell(Some(n)),
        }),
        Elsewhere::LeftOut(why) if op::signature(&call.name.node).is_some() => {
            Some(leave_out(problem, why))
        }
        Elsewhere::Otherwise(how) => Some(problem.help(how)),
        Elsewhere::Named(_) | Elsewhere::LeftOut(_) => None,
    }
}

/// A padding of another framework as an argument; `None` if it is the default.
fn padding(value: &Expr) -> Result<Option<String>, &'static str> {
    let written = written_value(value);
    match (&value.node, written.to_lowercase().as_str()) {
        (_, "\"same\"") => Ok(None),
        (_, "\"valid\"") => Ok(Some("pad = 0".to_owned())),
        (ExprKind::List(sides), _) if sides.len() == 4 => match both_sides(sides) {
            Some(pad) => Ok(Some(format!("pad = {pad}"))),
            None => Err(SIDES_DIFFER),
        },
        _ => Ok(Some(format!("pad = {written}"))),
    }
}

/// The padding of both sides, `3` or `[1, 3]`, of ONNX's four: top, left, bottom, right.
fn both_sides(sides: &[Expr]) -> Option<String> {
    let sides: Vec<String> = sides.iter().map(print_expr).collect();
    match &sides[..] {
        [top, left, bottom, right] if (top, left) == (bottom, right) => Some(match top == left {
            true => top.clone(),
            false => format!("[{top}, {left}]"),
        }),
        _ => None,
    }
}

/// Says that the size of what comes in is not given, if the first of several numbers seems to be it.
pub(super) fn inferred(
    problem: Problem,
    call: &Call,
    signature: &Signature,
    channels: Option<i64>,
) -> Problem {
    let mut positional = call.args.iter().filter(|arg| arg.name.is_none());
    let (first, second) = (positional.next(), positional.next());
    let size = match (first.map(|arg| &arg.value.node), second) {
        (Some(ExprKind::Int { value, .. }), Some(_)) => *value,
        _ => return problem,
    };
    if !["conv", "linear"].contains(&signature.name) || channels.is_some_and(|c| c != size) {
        return problem;
    }
    let arguments: Vec<String> = call.args[1..].iter().map(written).collect();
    let text = step(&call.name.node, arguments);
    problem
        .help(format!("the size of what comes in is not given: `{text}`"))
        .fix(format!("write `{text}`"), [(call.place.span, text)])
}

/// A call that gives the number of channels of what comes in, where an op takes names alone.
pub(super) fn channels(
    call: &Call,
    signature: &Signature,
    scope: &Scope,
    channels: Option<i64>,
) -> Option<Problem> {
    let names_alone = signature.positional() == 0 && !signature.args.is_empty();
    let first = call.args.first().filter(|arg| arg.name.is_none() && names_alone)?;
    let given = scope.eval(&first.value).ok().and_then(|value| value.whole());
    (given.is_some() && given == channels).then(|| {
        let message = format!("`{}` does not take the number of channels", call.name.node);
        let text = step(&call.name.node, call.args[1..].iter().map(written).collect());
        Problem::new(Code::Arity, first.value.span, message)
            .label("the channels of what comes in")
            .help(format!("it is inferred: `{text}`"))
            .fix(format!("write `{text}`"), [(call.place.span, text)])
    })
}

/// The text of an argument, with the commas that go with it.
fn removed(call: &Call, arg: &Arg) -> Span {
    let start = |arg: &Arg| arg.name.as_ref().map_or(arg.value.span.start, |name| name.span.start);
    let (end, all) = (arg.value.span.end, call.place.span);
    let before = call.args.iter().rfind(|other| other.value.span.end < end);
    let after = call.args.iter().find(|other| start(other) > end);
    match (before, after) {
        (Some(before), _) => Span { start: before.value.span.end, end, ..all },
        (None, Some(next)) => Span { start: start(arg), end: start(next), ..all },
        (None, None) => Span { start: call.name.span.end, ..all },
    }
}

/// A call of another framework's op as one of the op that is the same here.
fn translated(call: &Call, signature: &Signature) -> Result<String, &'static str> {
    let (named, mut positional): (Vec<&Arg>, Vec<&Arg>) =
        call.args.iter().partition(|arg| arg.name.is_some());
    let is_kernel = |arg: &&&Arg| {
        let name = arg.name.as_ref().map(|name| name.node.as_str());
        name.and_then(elsewhere::argument) == Some(Elsewhere::Named("k")) || name == Some("k")
    };
    let keras = ["Conv2D", "Dense"].iter().any(|name| call.name.node.ends_with(name));
    if keras && signature.name == "linear" && positional.len() > 1 {
        return Err("an activation is an op of its own: `linear(10) -> relu`");
    }
    // The size of what comes in, and what netc sees to.
    let dropped = match signature.name {
        "conv" | "linear" if keras => 0,
        "conv" if positional.len() + named.iter().filter(is_kernel).count() > 2 => 1,
        "linear" if positional.len() > 1 => 1,
        "bn" => 1,
        "relu" | "flatten" | "softmax" | "silu" | "sigmoid" | "tanh" => positional.len(),
        "globalavgpool" | "globalmaxpool" if positional.iter().all(|arg| is_one(&arg.value)) => {
            positional.len()
        }
        "globalavgpool" | "globalmaxpool" => return Err("it leaves one pixel, never more"),
        _ => 0,
    };
    positional.drain(..dropped.min(positional.len()));
    let mut args: Vec<String> = positional.into_iter().map(written).collect();
    if let (true, [Arg { value: Expr { node: ExprKind::List(items), .. }, .. }, ..]) =
        (signature.operands.1 > 1, call.args.as_slice())
    {
        args = items.iter().map(print_expr).collect();
    }
    if signature.operands.0 > 1 && args.is_empty() {
        return Err("it names the other values: `concat(short)`");
    }
    let takes = |name: &str| signature.args.iter().any(|param| param.name == name);
    for arg in named {
        let Some(name) = &arg.name else { continue };
        let value = written_value(&arg.value);
        match elsewhere::argument(&name.node) {
            // Keras and ONNX give the weight of what was before.
            _ if name.node == "momentum" && call.name.node.contains("Normalization") => {
                args.push(format!("momentum = 1 - {value}"))
            }
            _ if takes(&name.node) => args.push(format!("{} = {value}", name.node)),
            Some(Elsewhere::Named("pad")) if takes("pad") => args.extend(padding(&arg.value)?),
            Some(Elsewhere::Named(n)) if takes(n) => args.push(format!("{n} = {value}")),
            Some(Elsewhere::LeftOut(_)) => {}
            Some(Elsewhere::Otherwise(how)) => return Err(how),
            _ => return Err("it takes other arguments"),
        }
    }
    Ok(step(signature.name, args))
}

/// A call around another, `relu(bn(conv(16)))` or `relu(bn(x))`: what it is as a chain.
pub(super) fn nested(
    call: &Call,
    is_callee: impl Fn(&str) -> bool,
    is_value: impl Fn(&Expr) -> bool,
) -> Option<Problem> {
    let (first, rest) = call.args.split_first()?;
    let mut inner = &first.value;
    let mut steps = vec![step(&call.name.node, rest.iter().map(written).collect())];
    while let ExprKind::Call { name, args } = &inner.node
        && is_callee(&name.node)
    {
        let nested = args.first().filter(
            |arg| matches!(&arg.node, ExprKind::Call { name, .. } if is_callee(&name.node)),
        );
        let source = args.first().filter(|arg| is_value(arg));
        let own = &args[usize::from(nested.is_some() || source.is_some())..];
        steps.push(step(&name.node, own.iter().map(written_value).collect()));
        steps.extend(source.map(print_expr));
        let Some(next) = nested else { break };
        inner = next;
    }
    if steps.len() < 2 {
        return None;
    }
    steps.reverse();
    let text = steps.join(" -> ");
    let message = format!("expected a chain, got `{}` around another op", call.name.node);
    Some(
        Problem::new(Code::Structure, call.place.span, message)
            .label("ops inside one another")
            .help(format!("ops follow one another: `{text}`"))
            .fix(format!("write `{text}`"), [(call.place.span, text)]),
    )
}

fn step(name: &str, args: Vec<String>) -> String {
    if args.is_empty() { name.to_owned() } else { format!("{name}({})", args.join(", ")) }
}

fn is_one(size: &Expr) -> bool {
    match &size.node {
        ExprKind::Int { value, .. } => *value == 1,
        ExprKind::Tuple(sizes) | ExprKind::List(sizes) => sizes.iter().all(is_one),
        _ => false,
    }
}

fn written(arg: &Arg) -> String {
    match &arg.name {
        Some(name) => format!("{} = {}", name.node, written_value(&arg.value)),
        None => written_value(&arg.value),
    }
}

fn written_value(value: &Expr) -> String {
    let word = if let ExprKind::Name(word) = &value.node { elsewhere::value(word) } else { None };
    match word {
        Some(word) => word.to_owned(),
        None => print_expr(value),
    }
}
