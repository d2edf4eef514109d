//! The parameters of a net and of its ancestors: defaults, what a child gives, and the command
//! line.

use std::collections::HashMap;

use super::domain;
use super::expander::Expander;
use super::quotes::{self, Strings};
use super::trace::Noted;
use crate::diag::{Code, FileId, Problem, Span, did_you_mean, listed};
use crate::graph::{Scope, Value};
use crate::syntax::ast::{Arg, Expr, Name, Net};

/// A parameter's value from the command line.
#[derive(Debug, Clone)]
pub struct Override {
    /// The parameter.
    pub name: Name,
    /// Its value.
    pub value: Expr,
}

/// A net of the lineage, with the values of its parameters.
pub(super) struct Level<'a> {
    pub file: FileId,
    pub net: &'a Net,
    pub scope: Scope,
}

impl<'a> Expander<'a> {
    pub(super) fn parameters(&mut self, levels: &mut [Level<'a>], overrides: &[Override]) {
        let mut unused = self.each_once(overrides);
        let mut given: HashMap<String, (Option<Value>, &Arg, Noted)> = HashMap::new();
        for level in levels.iter_mut() {
            for param in &level.net.params {
                let name = &param.name.node;
                let default = match &param.default {
                    Some(expr) => {
                        let strings = Strings::of(param);
                        let value = level.scope.eval(expr);
                        self.report(value.map_err(|fault| quotes::missing(fault, expr, &strings)))
                            .and_then(|value| self.own_value(expr, value))
                    }
                    None => None,
                };
                let from_line =
                    unused.iter().position(|o| o.name.node == *name).map(|i| unused.remove(i));
                let given = given.remove(name);
                let extends = given.as_ref().and_then(|(_, _, step)| step.clone());
                let (value, at) = match (from_line, given) {
                    (Some(o), _) => {
                        let value = self.report(self.scope.emptied().eval(&o.value));
                        let body = &level.net.body;
                        (
                            value.map(|value| self.callee_given(body, param, &default, value)),
                            o.value.span,
                        )
                    }
                    (None, Some((value, arg, _))) => (value, arg.value.span),
                    (None, None) => {
                        if param.default.is_none() {
                            self.no_value(&param.name);
                        }
                        (
                            default.clone(),
                            param.default.as_ref().map_or(param.name.span, |d| d.span),
                        )
                    }
                };
                let admitted = value.filter(|value| {
                    let mut in_domain = domain::admit(param, value, at, &level.scope);
                    if let (Err(Some(problem)), Some(_)) = (&mut in_domain, from_line) {
                        // It is no text of a file.
                        problem.fixes.clear();
                    }
                    let alike = match &default {
                        Some(default) => domain::admit_like(param, default, value, at),
                        None => Ok(()),
                    };
                    self.report(in_domain).is_some() & self.report(alike).is_some()
                });
                let samples = domain::samples(param, default.as_ref());
                let samples =
                    samples.into_iter().filter(|sample| Some(sample) != admitted.as_ref());
                self.samples.extend(samples.map(|value| (name.clone(), value.to_string())));
                match admitted {
                    Some(value) => {
                        if !self.graph.params.iter().any(|(n, _)| n == name) {
                            self.graph.params.push((name.clone(), value.clone()));
                        }
                        let net = level.net;
                        let step = self.parameter_step(
                            net,
                            param,
                            &value,
                            extends,
                            from_line,
                            &level.scope,
                        );
                        level.scope.note(name, step);
                        level.scope.set(name.clone(), value);
                    }
                    None => level.scope.set_unknown(name.clone()),
                }
            }
            for (name, (_, arg, _)) in given.drain() {
                let at = arg.name.as_ref().map_or(arg.value.span, |n| n.span);
                self.unknown_parameter(&name, at, level.net);
            }
            for arg in level.net.extends.iter().flat_map(|e| &e.args) {
                match &arg.name {
                    Some(name) => {
                        let value = self.report(level.scope.eval(&arg.value));
                        let step = self.extends_step(level.net, arg, value.as_ref(), &level.scope);
                        given.insert(name.node.clone(), (value, arg, step));
                    }
                    None => self.problems.push(
                        Problem::new(
                            Code::Arity,
                            arg.value.span,
                            "a parent's parameters are given by name",
                        )
                        .help("write `(width = 128)`"),
                    ),
                }
            }
        }
        for o in unused {
            self.unknown_override(o, levels);
        }
    }

    /// The overrides, the first of each parameter; the others are reported.
    fn each_once<'o>(&mut self, overrides: &'o [Override]) -> Vec<&'o Override> {
        let mut once: Vec<&Override> = Vec::new();
        for o in overrides {
            let Some(first) = once.iter().find(|first| first.name.node == o.name.node) else {
                once.push(o);
                continue;
            };
            let message = format!("`{}` is set twice", o.name.node);
            self.problems.push(
                Problem::new(Code::Arity, o.name.span, message)
                    .label("the second time")
                    .related(first.name.span, "the first time")
                    .help("set it once"),
            );
        }
        once
    }

    fn no_value(&mut self, name: &Name) {
        self.problems.push(
            Problem::new(
                Code::Arity,
                name.span,
                format!("the parameter `{}` has no value", name.node),
            )
            .help(format!(
                "give it a default, `{0} = ...`, or a value with `--set {0}=...`",
                name.node
            )),
        );
    }

    fn unknown_parameter(&mut self, name: &str, at: Span, net: &Net) {
        let names: Vec<&str> = net.params.iter().map(|p| p.name.node.as_str()).collect();
        let message = format!("`{}` has no parameter `{name}`", net.name.node);
        self.problems.push(
            Problem::new(Code::UnknownArgument, at, message)
                .label("unknown parameter")
                .help(has_parameters(name, &names))
                .respell(&did_you_mean(name, names.iter().copied())),
        );
    }

    fn unknown_override(&mut self, o: &Override, levels: &[Level<'a>]) {
        let params = levels.iter().flat_map(|l| &l.net.params);
        let mut names: Vec<&str> = params.map(|p| p.name.node.as_str()).collect();
        names.dedup();
        let message = format!("`{}` has no parameter `{}`", self.graph.name, o.name.node);
        self.problems.push(
            Problem::new(Code::UnknownArgument, o.name.span, message)
                .label("unknown parameter")
                .help(has_parameters(&o.name.node, &names)),
        );
    }
}

fn has_parameters(name: &str, names: &[&str]) -> String {
    let near = did_you_mean(name, names.iter().copied());
    let meant = near.question().map_or(String::new(), |question| question + " ");
    match names {
        [] => "it has no parameters".into(),
        names => format!("{meant}it has {}", listed(names)),
    }
}
