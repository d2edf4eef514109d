//! `default op(...)` lines.

use std::rc::Rc;

use super::bind::bind;
use super::env::Env;
use super::expander::{DefaultArg, Expander};
use super::quotes::{self, Strings};
use super::steps::ValueName;
use crate::diag::{Code, Problem, did_you_mean};
use crate::graph::op::{self, Args, Signature};
use crate::graph::{Cause, Scope};
use crate::syntax::ast::Call;

impl<'a> Expander<'a> {
    /// `default bn(gamma = 0.5)`
    pub(super) fn default_line(&mut self, call: &'a Call, env: &Rc<Env<'a>>) {
        let found = match op::signature(&call.name.node) {
            Some(signature) => self.default_of_op(call, signature, &env.scope),
            None => self.default_of_none(call, env),
        };
        if found.is_none() {
            // What its calls make is not known.
            self.undecided.insert(call.name.node.clone());
        }
    }

    /// A `default` line of what is no op.
    fn default_of_none(&mut self, call: &'a Call, env: &Rc<Env<'a>>) -> Option<()> {
        let name = &call.name;
        let problem = |message: String| {
            Problem::new(Code::UnknownName, name.span, message).label("`default` is for ops")
        };
        self.problems.push(match self.names.is_block(env.body, &name.node) {
            true => {
                let text = self.project.sources.text(call.place.span);
                problem(format!("expected an op, got the block `{}`", name.node))
                    .help(format!("write it where the block is defined: `block {text} {{ ... }}`"))
            }
            false => {
                let near = did_you_mean(&name.node, op::signatures().map(|s| s.name));
                self.undecided.extend(near.names().iter().cloned());
                problem(format!("unknown op `{}`", name.node))
                    .help_if(near.question())
                    .respell(&near)
            }
        });
        None
    }

    /// A `default` line of an op; `None` if something in it is refused.
    fn default_of_op(
        &mut self,
        call: &'a Call,
        signature: &'static Signature,
        scope: &Scope,
    ) -> Option<()> {
        let names: Vec<&'static str> = signature.args.iter().map(|p| p.name).collect();
        let (positional, takes) = (signature.positional(), || signature.text());
        let bound = bind(call, call.args.iter(), &names, positional, &takes, &mut self.problems)?;
        let mut sound = true;
        for (name, expr) in bound {
            let strings = Strings::of_argument(signature, name);
            let value = scope.eval(expr).map_err(|fault| quotes::missing(fault, expr, &strings));
            let Some(value) = self.report(value) else {
                sound = false;
                continue;
            };
            let args = Args::new(signature, [(name, value.clone())], signature.operands.0);
            match op::build(signature.name, &args) {
                Err(error) if error.arg == Some(name) => {
                    self.wrong_call(call, signature, Code::Argument, expr.span, error.message);
                    sound = false;
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
        sound.then_some(())
    }

    /// The `default` line that gives an argument: the last, if there are several.
    pub(super) fn default_of(&self, op: &str, arg: &str) -> Option<&DefaultArg<'a>> {
        self.defaults.iter().find(|line| line.op == op && line.arg == arg)
    }
}
