//! Guards with the same result for all parameters.

use std::collections::BTreeMap;

use super::expand::members;
use super::names::{Def, NameKind, Names};
use super::{Scope, Value};
use crate::diag::{Code, Problem, Problems, Span};
use crate::syntax::ast::{Body, Element, ElementKind, Expr, File, Guard, Param};

/// Domains with more combinations than this are not enumerated.
const MAX_CASES: usize = 4096;

/// Warns of each guard of a file that mentions only parameters with finite declared domains, and is
/// true, or false, for all of their values.
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
            let message = format!("this guard is {what} for every value of its parameters");
            let domains = params.values().filter_map(|p| {
                Some((p.ty.as_ref()?.span, format!("the domain of `{}`", p.name.node)))
            });
            let problem = Problem::new(Code::ConstantGuard, cond.span, message)
                .label(format!("always {what}"));
            let problem =
                domains.fold(problem, |problem, (span, label)| problem.related(span, label));
            self.problems.push(problem.help(help));
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
        cond.names().into_iter().map(param).collect()
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
