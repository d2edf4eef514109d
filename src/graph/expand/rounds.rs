//! What is repeated, and the names that a body gives to numbers.

use std::rc::Rc;

use super::env::Env;
use super::expander::{Expander, Frame};
use super::steps::ValueName;
use super::trace::Noted;
use super::values::{Flow, Values};
use crate::diag::{Code, Problem, Span};
use crate::graph::{Cause, Scope, Value};
use crate::limits::MAX_ROUNDS;
use crate::syntax::ast::{Body, Expr, ExprKind, Name, Net, Over, Param, Rounds, StmtKind};
use crate::syntax::print_expr;

impl<'a> Expander<'a> {
    /// Repeats a body from `flow`; the paths of round N are below `prefix.N`, from 0.
    pub(super) fn repeat(
        &mut self,
        frame: &mut Frame<'a>,
        prefix: &str,
        rounds: &'a Rounds,
        body: &'a Body,
        flow: Flow,
    ) -> Flow {
        rounds.names.iter().for_each(|param| self.check_new(frame, &param.name));
        let scope = self.scope_at(&frame.env.scope, flow);
        let values = self.round_values(rounds, &scope)?;
        let outer = Rc::new(std::mem::take(&mut frame.values));
        let mut flow = flow;
        for (round, value) in values.into_iter().enumerate() {
            let names = if rounds.names.is_empty() { 0 } else { frame.env.scope.len() };
            let span = rounds.over.span();
            if !self.may_place(span) || !self.may_go_on(names, span) {
                flow = None;
                break;
            }
            let scope = self.round_scope(frame, rounds, value, round);
            let env = Rc::new(Env { scope, body, outer: Some(frame.env.clone()) });
            let path = format!("{prefix}.{round}");
            let (values, prefix) = (Values::inside(&outer), path.clone());
            let mut inner = Frame { env, values, prefix, cursor: flow };
            flow = self.edited(&mut inner, &path, None, flow, |this, inner, flow| {
                inner.cursor = flow;
                this.body(inner, body);
                inner.cursor
            });
        }
        // All iterations have dropped their references.
        frame.values = Rc::into_inner(outer).unwrap_or_default();
        flow
    }

    /// The value of each round; it has no name in a plain `repeat`.
    fn round_values(&mut self, rounds: &Rounds, scope: &Scope) -> Option<Vec<Value>> {
        let (from, to, at) = match &rounds.over {
            Over::Times(times) => (0, self.whole(scope, times, "rounds")?, times),
            Over::Range(from, to) => {
                let (low, high) =
                    (self.whole(scope, from, "the range")?, self.whole(scope, to, "the range")?);
                let literal = |end: &Expr| matches!(end.node, ExprKind::Int { .. });
                // A range to 0 is meant to count down, wherever it begins.
                let down = literal(to) && (literal(from) || high == 0);
                if down && low > high {
                    self.problems.push(backwards(from, to));
                    return None;
                }
                (low, high, to)
            }
            Over::Items(items) => return self.items(scope, items),
        };
        let negative = matches!(rounds.over, Over::Times(_)) && to < 0;
        if negative || to.saturating_sub(from) > MAX_ROUNDS {
            let got = to.saturating_sub(from);
            let message =
                format!("expected a whole number of rounds from 0 to {MAX_ROUNDS}, got {got}");
            self.problems.push(Problem::new(Code::Argument, at.span, message));
            return None;
        }
        Some((from..to).map(Value::Int).collect())
    }

    fn whole(&mut self, scope: &Scope, expr: &Expr, of: &str) -> Option<i64> {
        let value = self.report(scope.eval(expr))?;
        if value.whole().is_none() {
            let message = match of {
                "rounds" => {
                    format!("expected a whole number of rounds from 0 to {MAX_ROUNDS}, got {value}")
                }
                of => format!("expected a whole number at the end of {of}, got {value}"),
            };
            self.problems.push(Problem::new(Code::Argument, expr.span, message));
        }
        value.whole()
    }

    fn items(&mut self, scope: &Scope, items: &Expr) -> Option<Vec<Value>> {
        match self.report(scope.eval(items))? {
            Value::List(items) => Some(items),
            other => {
                let message = format!("expected a list after `in`, got {} {other}", other.kind());
                self.problems.push(
                    Problem::new(Code::Argument, items.span, message)
                        .help("for whole numbers, write a range: `for i in 0..3`"),
                );
                None
            }
        }
    }

    /// The scope of a round, with the names of its value.
    fn round_scope(
        &mut self,
        frame: &Frame<'a>,
        rounds: &Rounds,
        value: Value,
        round: usize,
    ) -> Scope {
        let mut scope = frame.env.scope.clone();
        let values = match value {
            Value::List(parts) if rounds.parts && parts.len() == rounds.names.len() => parts,
            value if rounds.parts => {
                self.wrong_parts(rounds, &value, round);
                rounds.names.iter().for_each(|name| scope.set_unknown(name.name.node.clone()));
                return scope;
            }
            value => vec![value],
        };
        for (param, value) in rounds.names.iter().zip(values) {
            let name = &param.name.node;
            scope.note(name, self.round_step(name, &rounds.over, &value));
            scope.set(name.clone(), value);
        }
        scope
    }

    fn wrong_parts(&mut self, rounds: &Rounds, value: &Value, round: usize) {
        let names: Vec<&str> = rounds.names.iter().map(|param| param.name.node.as_str()).collect();
        let count = names.len();
        let message = format!("expected {count} values for ({}), got {value}", names.join(", "));
        let problem = Problem::new(Code::Argument, place_of(&rounds.over, round), message);
        let (first, last) = (rounds.names.first(), rounds.names.last());
        let names = first.zip(last).map(|(a, b)| a.name.span.to(b.name.span));
        self.problems.push(problem.related(names, "their names"));
    }

    /// The `let`s of a net, which its claims and its `recipe` may use as well.
    pub(super) fn lets(&mut self, net: &'a Net, scope: &mut Scope) {
        for stmt in &net.body.stmts {
            let StmtKind::Let(param) = &stmt.kind else { continue };
            if scope.contains(&param.name.node) {
                self.shadows(&param.name, "a parameter");
            }
            let value = self.let_value(param, scope, None);
            set(scope, &param.name.node, value);
        }
    }

    /// `let name = value`
    pub(super) fn bind_let(&mut self, frame: &mut Frame<'a>, param: &'a Param) {
        self.check_new(frame, &param.name);
        let value =
            self.let_value(param, &self.scope_at(&frame.env.scope, frame.cursor), frame.cursor);
        let name = &param.name.node;
        // Nothing else sees a body's environment between its calls, so that it is changed in place.
        if let Some(env) = Rc::get_mut(&mut frame.env) {
            return set(&mut env.scope, name, value);
        }
        if self.may_go_on(frame.env.scope.len(), param.name.span) {
            let mut scope = frame.env.scope.clone();
            set(&mut scope, name, value);
            let Env { body, outer, .. } = &*frame.env;
            frame.env = Rc::new(Env { scope, body, outer: outer.clone() });
        }
    }

    /// The value of a `let`, with where it comes from.
    fn let_value(&mut self, param: &Param, scope: &Scope, flow: Flow) -> Option<(Value, Noted)> {
        let expr = param.default.as_ref()?;
        let value = self.report(scope.eval(expr))?;
        let value = self.own_value(expr, value)?;
        let whose = ValueName { name: &param.name.node, of: "" };
        let step = self.step(Cause::Let, whose, expr, &value, scope, flow);
        Some((value, step))
    }

    /// The value of a `let` or of a net's parameter, which is none if it is `same` where no value
    /// comes in.
    pub(super) fn own_value(&mut self, expr: &Expr, value: Value) -> Option<Value> {
        if !holds_same(&value) {
            return Some(value);
        }
        let same = expr.names().into_iter().find(|name| matches!(name.node, ExprKind::Same));
        let at = same.map_or(expr.span, |same| same.span);
        self.problems.push(
            Problem::new(Code::Expression, at, "`same` has no value here")
                .label("no value comes in")
                .help("write `same` where it is used, as in `conv(same)`"),
        );
        None
    }

    /// Reports a name that hides another.
    fn check_new(&mut self, frame: &Frame<'a>, name: &Name) {
        if frame.values.contains(&name.node) {
            self.shadows(name, "a value");
        } else if frame.env.scope.contains(&name.node) {
            self.shadows(name, "a parameter or a `let`");
        } else {
            self.check_parameter_name(name, &frame.env);
        }
    }
}

fn set(scope: &mut Scope, name: &str, value: Option<(Value, Noted)>) {
    match value {
        Some((value, step)) => {
            scope.note(name, step);
            scope.set(name, value);
        }
        None => scope.set_unknown(name),
    }
}

/// Where the value of a round is written.
fn place_of(over: &Over, round: usize) -> Span {
    match over {
        Over::Items(Expr { node: ExprKind::List(items), .. }) => {
            items.get(round).map_or(over.span(), |item| item.span)
        }
        over => over.span(),
    }
}

/// The problem of a range that ends below its start, which has no round.
fn backwards(from: &Expr, to: &Expr) -> Problem {
    let [first, last] = [from, to].map(print_expr);
    let message = format!("no number is in `{first}..{last}`: a range counts up");
    Problem::new(Code::Argument, from.span.to(to.span), message)
        .label("ends before it begins")
        .help(match last.as_str() {
            "0" => format!("write `0..{first}`, where `{first} - i` counts down"),
            _ => format!("write `{last}..{first}`"),
        })
}

/// Whether `same` is in a value, without the number that it stands for.
fn holds_same(value: &Value) -> bool {
    match value {
        Value::Same => true,
        Value::List(items) => items.iter().any(holds_same),
        _ => false,
    }
}
