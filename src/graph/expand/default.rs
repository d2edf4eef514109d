//! `default op(...)` lines.

use super::bind::bind;
use super::expander::{DefaultArg, Expander};
use super::quotes::{self, Strings};
use super::steps::ValueName;
use crate::diag::{Code, Problem, did_you_mean};
use crate::graph::op::{self, Args};
use crate::graph::{Cause, Scope};
use crate::syntax::ast::Call;

impl<'a> Expander<'a> {
    /// `default bn(gamma = 0.5)`
    pub(super) fn default_line(&mut self, call: &'a Call, scope: &Scope) {
        let Some(signature) = op::signature(&call.name.node) else {
            let near = did_you_mean(&call.name.node, op::signatures().map(|s| s.name));
            self.problems.push(
                Problem::new(
                    Code::UnknownName,
                    call.name.span,
                    format!("unknown op `{}`", call.name.node),
                )
                .label("`default` is for ops")
                .help_if(near.map(|n| format!("did you mean `{n}`?")))
                .respell(near),
            );
            return;
        };
        let names: Vec<&'static str> = signature.args.iter().map(|p| p.name).collect();
        let (positional, takes) = (signature.positional(), || signature.text());
        let Some(bound) =
            bind(call, call.args.iter(), &names, positional, &takes, &mut self.problems)
        else {
            return;
        };
        for (name, expr) in bound {
            let strings = Strings::of_argument(signature, name);
            let value = scope.eval(expr).map_err(|fault| quotes::missing(fault, expr, &strings));
            let Some(value) = self.report(value) else { continue };
            let args = Args::new(signature, [(name, value.clone())], signature.operands.0);
            match op::build(signature.name, &args) {
                Err(error) if error.arg == Some(name) => {
                    self.wrong_call(call, signature, Code::Argument, expr.span, error.message);
                }
                _ => {
                    let op = signature.name;
                    let whose = ValueName { name, of: op };
                    let from = self.step(Cause::DefaultLine, whose, expr, &value, scope, None);
                    self.defaults.retain(|line| (line.op, line.arg) != (op, name));
                    self.defaults.push(DefaultArg { op, arg: name, expr, value, from });
                }
            }
        }
    }

    /// The `default` line that gives an argument: the last, if there are several.
    pub(super) fn default_of(&self, op: &str, arg: &str) -> Option<&DefaultArg<'a>> {
        self.defaults.iter().find(|line| line.op == op && line.arg == arg)
    }
}
