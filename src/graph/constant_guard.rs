//! Guards with the same result for all parameters.

use std::collections::BTreeMap;

use super::expand::members;
use super::names::{Def, NameKind, Names};
use super::{Scope, Value};
use crate::diag::{Code, Nearest, Problem, Problems, Span, did_you_mean};
use crate::syntax::ast::{
    BinaryOp, Body, Element, ElementKind, Expr, ExprKind, File, Guard, Param,
};

/// Domains with more combinations than this are not enumerated.
const MAX_CASES: usize = 4096;

/// Warns about each guard of a file that mentions only parameters with finite declared domains, and
/// is true, or false, for all of their values.
pub(super) fn constant_guards(file: &File, names: &Names<'_>, problems: &mut Problems) {
    let mut guards = Guards { names, scope: Scope::default(), problems };
    file.blocks().for_each(|block| guards.in_body(&block.body));
    file.nets().for_each(|net| guards.in_body(&net.body));
}

struct Guards<'n, 'p> {
    names: &'n Names<'p>,
    /// Empty; it counts the steps of all guards, so that evaluation stops on a file that needs too
    /// many.
    scope: Scope,
    problems: &'n mut Problems,
}

impl<'p> Guards<'_, 'p> {
    fn in_body(&mut self, body: &Body) {
        body.all_stmts().into_iter().for_each(|stmt| self.in_chain(stmt.kind.chain()));
    }

    fn in_chain(&mut self, chain: &[Element]) {
        chain.iter().for_each(|element| self.in_element(element));
    }

    fn in_element(&mut self, element: &Element) {
        match &element.kind {
            ElementKind::Group(chain) => self.in_chain(chain),
            ElementKind::Repeat(repeat) => self.in_body(&repeat.body),
            ElementKind::Call(_) => {}
        }
        let Some(Guard { cond, otherwise }) = &element.guard else { return };
        if let Some(params) = self.params(cond)
            && let Some(always) = self.constant(cond, &params)
        {
            let (what, help) = match always {
                true => ("true", "remove the guard, or correct it"),
                false => ("false", "remove the element, or correct its guard"),
            };
            let meant = self.meant(cond);
            let message = format!("this guard is {what} for every value of its parameters");
            let domains = params.values().filter_map(|p| {
                Some((p.ty.as_ref()?.span, format!("the domain of `{}`", p.name.node)))
            });
            let problem = Problem::new(Code::ConstantGuard, cond.span, message)
                .label(format!("always {what}"));
            let problem =
                domains.fold(problem, |problem, (span, label)| problem.related(span, label));
            let problem = problem.help(help);
            self.problems.push(match meant {
                Some((at, near)) => problem.help_if(near.question()).respell_at(at, &near),
                None => problem,
            });
        }
        otherwise.iter().for_each(|other| self.in_element(other));
    }

    /// The parameters that a condition mentions, if it mentions only parameters of this file.
    fn params(&self, cond: &Expr) -> Option<BTreeMap<Span, &'p Param>> {
        let param = |mention: &Expr| match self.names.definition(mention.span)? {
            Def { kind: NameKind::Param(param), span } if span.file == cond.span.file => {
                Some((span, param))
            }
            _ => None,
        };
        let definition = |mention: &&Expr| self.names.definition(mention.span);
        let is_op = |mention: &&Expr| definition(mention).is_some_and(|def| def.kind.is_op());
        cond.names().into_iter().filter(|mention| !is_op(mention)).map(param).collect()
    }

    /// What a comparison that holds for no value of a parameter, or for all, should compare with:
    /// the place, and the values that the parameter can have.
    fn meant(&self, cond: &Expr) -> Option<(Span, Nearest)> {
        match &cond.node {
            ExprKind::Binary(BinaryOp::Eq | BinaryOp::Ne, left, right) => {
                self.compared(left, right).or_else(|| self.compared(right, left))
            }
            ExprKind::Binary(BinaryOp::And | BinaryOp::Or, left, right) => {
                self.meant(left).or_else(|| self.meant(right))
            }
            ExprKind::Unary(_, operand) => self.meant(operand),
            _ => None,
        }
    }

    fn compared(&self, param: &Expr, other: &Expr) -> Option<(Span, Nearest)> {
        let NameKind::Param(param) = self.names.definition(param.span)?.kind else { return None };
        let values = members(&param.ty.as_ref()?.node, MAX_CASES)?;
        let written = match &other.node {
            ExprKind::Name(word) | ExprKind::Str(word) => word,
            _ => return None,
        };
        if values.iter().any(|value| self.scope.eval(other).is_ok_and(|it| it.equals(value))) {
            return None;
        }
        let bare = |value: &Value| value.to_string().trim_matches('"').to_owned();
        let names: Vec<String> = values.iter().map(bare).collect();
        let meant = match names.contains(written) {
            true => Nearest::one(written),
            false => did_you_mean(written, names.iter().map(String::as_str)),
        };
        let value = |name: &str| values.iter().find(|value| bare(value) == name);
        let meant = meant.map(|name| value(name).map_or(name.to_owned(), Value::to_string));
        (!meant.is_empty()).then_some((other.span, meant))
    }

    /// The constant value of a condition; `None` if it varies or cannot be determined.
    fn constant(&self, cond: &Expr, params: &BTreeMap<Span, &Param>) -> Option<bool> {
        let mut scopes = vec![self.scope.clone()];
        for param in params.values() {
            let values = members(&param.ty.as_ref()?.node, MAX_CASES / scopes.len())?;
            self.scope.spend(scopes.len() * values.len(), cond.span).ok()?;
            let with = |scope: &Scope, value: &Value| {
                let mut scope = scope.clone();
                scope.set(&param.name.node, value.clone());
                scope
            };
            scopes =
                scopes.iter().flat_map(|scope| values.iter().map(|v| with(scope, v))).collect();
        }
        let mut results = scopes.iter().map(|scope| match scope.eval(cond) {
            Ok(Value::Bool(holds)) => Some(holds),
            _ => None,
        });
        let first = results.next()??;
        results.all(|result| result == Some(first)).then_some(first)
    }
}
