//! Binds the arguments of a call to parameters.

use super::elsewhere;
use crate::diag::{Code, Problem, Problems, did_you_mean};
use crate::syntax::ast::{Arg, Call, Expr};

/// The arguments written at a call, by parameter.
pub(super) type Bound<'p, 'a> = [(&'p str, &'a Expr)];

/// The arguments of a call by parameter, in the order of the call. The first parameters are
/// `positional`, the rest is given by name alone. `takes` is the callee as shown to the user, with
/// defaults.
pub(super) fn bind<'a, 'p>(
    call: &'a Call,
    args: impl Iterator<Item = &'a Arg>,
    params: &[&'p str],
    positional: usize,
    takes: &dyn Fn() -> String,
    problems: &mut Problems,
) -> Option<Vec<(&'p str, &'a Expr)>> {
    let args: Vec<&Arg> = args.collect();
    let unnamed = args.iter().filter(|arg| arg.name.is_none()).count();
    let is_given = |param: &str| {
        params[..positional].iter().take(unnamed).any(|given| *given == param)
            || args.iter().any(|arg| arg.name.as_ref().is_some_and(|name| name.node == param))
    };
    let mut bound: Vec<(&str, &Expr)> = Vec::new();
    let mut sound = true;
    let mut position = 0;
    for arg in args.iter().copied() {
        let param = match &arg.name {
            Some(name) => params.iter().copied().find(|p| *p == name.node),
            None => {
                position += 1;
                params[..positional].get(position - 1).copied()
            }
        };
        // A parameter that is declared twice is reported where it is.
        let once = |param: &str| params.iter().filter(|p| **p == param).count() == 1;
        let problem = match (param, &arg.name) {
            (Some(param), _) if once(param) && bound.iter().any(|(p, _)| *p == param) => {
                let at = arg.name.as_ref().map_or(arg.value.span, |n| n.span);
                Problem::new(Code::Arity, at, format!("`{param}` is given twice"))
            }
            (Some(param), _) => {
                bound.push((param, &arg.value));
                continue;
            }
            (None, Some(name)) => {
                let open = params.iter().copied().filter(|param| !is_given(param));
                let near = did_you_mean(&name.node, open);
                let meant = near.question().map_or(String::new(), |question| question + " ");
                let message = format!("`{}` has no argument `{}`", call.name.node, name.node);
                let problem = Problem::new(Code::UnknownArgument, name.span, message)
                    .label("unknown argument")
                    .help(format!("{meant}it takes {}", takes()));
                elsewhere::argument(&problem, call, arg, params, &is_given)
                    .unwrap_or_else(|| problem.respell(&near))
            }
            (None, None) => {
                let callee = &call.name.node;
                let (message, label) = match params.len() {
                    most if positional < most => {
                        (format!("`{callee}` takes its arguments by name"), "without a name")
                    }
                    0 => (format!("`{callee}` takes no arguments"), "one too many"),
                    1 => (format!("`{callee}` takes at most 1 argument"), "one too many"),
                    most => (format!("`{callee}` takes at most {most} arguments"), "one too many"),
                };
                Problem::new(Code::Arity, arg.value.span, message)
                    .label(label)
                    .help(format!("it takes {}", takes()))
            }
        };
        problems.push(problem);
        sound = false;
    }
    sound.then_some(bound)
}
