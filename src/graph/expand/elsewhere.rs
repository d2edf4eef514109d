//! Calls in the words of other frameworks.

use super::translate::{
    SAME_OF_POOL, SIDES_DIFFER, Translated, is_axis, is_int, onnx_sides, step, translated, written,
    written_value,
};
use crate::diag::elsewhere::{self, Elsewhere};
use crate::diag::{Code, Nearest, Problem, Span};
use crate::graph::Scope;
use crate::graph::op::{self, Signature};
use crate::syntax::ast::{Arg, Call, Expr, ExprKind};
use crate::syntax::print_expr;

/// Says what an unknown op of another framework is here; `None` if it is of none. `value` says of a
/// name whether it is a value, and the current one.
pub(super) fn op(
    problem: &Problem,
    call: &Call,
    value: &dyn Fn(&str) -> Option<bool>,
) -> Option<Problem> {
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
    let problem = problem.clone().label("not an op of netc");
    Some(match translated(call, signature, value) {
        Ok(Translated { text, sure }) => {
            let problem = problem.help(format!("write `{text}`{}", differs(&text)));
            let (title, edits) = (format!("write `{text}`"), [(call.place.span, text)]);
            if sure { problem.fix(title, edits) } else { problem.offer(title, edits) }
        }
        Err(why) => problem.help(format!("`{word}` is `{name}` here; {why}")),
    })
}

/// Keras's `Activation("relu")`
fn activation(call: &Call) -> Option<String> {
    let is_activation = call.name.node.rsplit('.').next() == Some("Activation");
    match call.args.as_slice() {
        [Arg { value: Expr { node: ExprKind::Str(word), .. }, .. }] if is_activation => {
            match elsewhere::op_name(word).as_str() {
                "linear" => Some("identity".to_owned()),
                "leakyrelu" => Some("leakyrelu(slope = 0.2)".to_owned()),
                name => op::signature(name).map(|_| name.to_owned()),
            }
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
    is_given: &dyn Fn(&str) -> bool,
) -> Option<Problem> {
    let name = arg.name.as_ref()?;
    let problem = problem.clone();
    let leave_out = |problem: Problem, why: &str| {
        problem
            .help(format!("leave it out: {why}"))
            .fix(format!("remove `{}`", name.node), [(removed(call, arg), String::new())])
    };
    match elsewhere::argument(&name.node)? {
        Elsewhere::Named(n) if params.contains(&n) && is_given(n) => {
            let all = format!("`{}` is `{n}` here, which is given already", name.node);
            Some(problem.help(all))
        }
        Elsewhere::Named(n) if params.contains(&n) => Some(match &arg.value.node {
            ExprKind::Str(word) if word.eq_ignore_ascii_case("same") => {
                match call.name.node.ends_with("pool") {
                    true => problem.help(SAME_OF_POOL),
                    false => leave_out(problem, "an odd `k` keeps the size"),
                }
            }
            ExprKind::Str(word) if word.eq_ignore_ascii_case("valid") => {
                let all = name.span.to(arg.value.span);
                let help = format!("`{} = \"valid\"` is `{n} = 0` here", name.node);
                problem.help(help).fix(format!("write `{n} = 0`"), [(all, format!("{n} = 0"))])
            }
            ExprKind::List(sides) if n == "pad" && sides.len() == 4 => match onnx_sides(sides) {
                Some(pad) => {
                    let (all, text) = (name.span.to(arg.value.span), format!("pad = {pad}"));
                    let help = format!("a `pad` is that of both sides: `{text}`");
                    problem.help(help).fix(format!("write `{text}`"), [(all, text)])
                }
                None => problem.help(SIDES_DIFFER),
            },
            _ => problem.help(format!("`{}` is `{n}` here", name.node)).respell(&Nearest::one(n)),
        }),
        Elsewhere::LeftOut(why) if is_axis(&name.node) && !is_int(&arg.value, &[1]) => {
            Some(problem.help(format!("{why}, `dim = 1`")))
        }
        Elsewhere::LeftOut(why) if op::signature(&call.name.node).is_some() => {
            Some(leave_out(problem, why))
        }
        Elsewhere::Otherwise(how) => Some(problem.help(how)),
        Elsewhere::Named(_) | Elsewhere::LeftOut(_) => None,
    }
}

/// Says that the size of what comes in is not given, if the first of several numbers seems to be
/// it.
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
    let kernel = |arg: &Arg| matches!(arg.value.node, ExprKind::Int { value: ..=11, .. });
    if signature.name == "conv" && second.is_some_and(kernel) {
        // As many channels as come in, and a kernel.
        return problem.offer(format!("write `{text}`"), [(call.place.span, text)]);
    }
    problem
        .help(format!("the size of what comes in is not given: `{text}`"))
        .fix(format!("write `{text}`"), [(call.place.span, text)])
}

/// A call that gives the number of channels of what comes in, where an op takes names alone.
pub(super) fn channels(
    call: &Call,
    signature: &'static Signature,
    scope: &Scope,
    channels: Option<i64>,
) -> Option<Problem> {
    let names_alone = signature.positional() == 0 && !signature.args.is_empty();
    let first = call.args.first().filter(|arg| arg.name.is_none() && names_alone)?;
    let given = scope.eval(&first.value).ok().and_then(|value| value.whole());
    (given.is_some() && given == channels).then(|| {
        let message = format!("`{}` does not take the number of channels", call.name.node);
        let problem = Problem::new(Code::Arity, first.value.span, message)
            .label("the channels of what comes in");
        match translated(call, signature, &|_| None) {
            Ok(Translated { text, .. }) => problem
                .help(format!("it is inferred: `{text}`"))
                .fix(format!("write `{text}`"), [(call.place.span, text)]),
            Err(why) => problem.help(format!("it is inferred; {why}")),
        }
    })
}

/// The text of an argument, with the commas that go with it.
pub(super) fn removed(call: &Call, arg: &Arg) -> Span {
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
    let in_a_row = call.args.iter().all(|arg| arg.name.is_none());
    if in_a_row && elsewhere::is_sequence(&call.name.node) {
        steps = call.args.iter().map(|arg| print_expr(&arg.value)).collect();
    }
    let text = steps.join(" -> ");
    let message = format!("expected a chain, got `{}` around another op", call.name.node);
    Some(
        Problem::new(Code::Structure, call.place.span, message)
            .label("ops inside one another")
            .help(format!("ops follow one another: `{text}`"))
            .fix(format!("write `{text}`"), [(call.place.span, text)]),
    )
}
