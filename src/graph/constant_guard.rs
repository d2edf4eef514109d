//! Guards with the same result for all parameters.

use super::resolve::members;
use super::{Scope, Value};
use crate::diag::{Code, Problem, Problems};
use crate::syntax::ast::{
    Block, Body, Element, ElementKind, Expr, ExprKind, File, Guard, ItemKind, Param, StmtKind,
};

/// Domains with more combinations than this are not enumerated.
const MAX_CASES: usize = 4096;

/// Warns of each guard of a file that mentions only parameters with finite declared domains, and is
/// true, or false, for all of their values.
pub(super) fn constant_guards(file: &File, problems: &mut Problems) {
    let mut guards = Guards { scope: Scope::default(), problems };
    for item in &file.items {
        match &item.kind {
            ItemKind::Import(_) => {}
            ItemKind::Block(block) => guards.in_block(block, &[]),
            ItemKind::Net(net) => guards.in_body(&net.body, &net.params.iter().collect::<Vec<_>>()),
        }
    }
}

struct Guards<'p> {
    /// An empty scope; it counts the steps of all guards, so that checking stops for a file with
    /// too many combinations.
    scope: Scope,
    problems: &'p mut Problems,
}

impl Guards<'_> {
    fn in_block(&mut self, block: &Block, outer: &[&Param]) {
        let params: Vec<&Param> = block.params.iter().chain(outer.iter().copied()).collect();
        self.in_body(&block.body, &params);
    }

    fn in_body(&mut self, body: &Body, params: &[&Param]) {
        for stmt in &body.stmts {
            match &stmt.kind {
                StmtKind::Stage { chain, .. } | StmtKind::Branch { chain, .. } => {
                    chain.iter().for_each(|e| self.in_element(e, params));
                }
                StmtKind::Edit(edit) => edit.chain.iter().for_each(|e| self.in_element(e, params)),
                StmtKind::Repeat { body, .. } => self.in_body(body, params),
                StmtKind::Block(block) => self.in_block(block, params),
                StmtKind::Input { .. }
                | StmtKind::Output { .. }
                | StmtKind::Default(_)
                | StmtKind::Expect(_)
                | StmtKind::Recipe { .. } => {}
            }
        }
    }

    fn in_element(&mut self, element: &Element, params: &[&Param]) {
        if let ElementKind::Group(chain) = &element.kind {
            chain.iter().for_each(|e| self.in_element(e, params));
        }
        let Some(Guard { cond, otherwise }) = &element.guard else { return };
        if let Some(always) = self.constant(cond, params) {
            let (what, help) = match always {
                true => ("true", "remove the guard, or correct it"),
                false => ("false", "remove the element, or correct its guard"),
            };
            let message = format!("this guard is {what} for every value of its parameters");
            let domains = params
                .iter()
                .filter(|p| mentions(cond, &p.name.node))
                .filter_map(|p| Some((p.ty.as_ref()?.span, format!("the domain of `{}`", p.name.node))));
            let problem =
                Problem::new(Code::ConstantGuard, cond.span, message).label(format!("always {what}"));
            let problem = domains.fold(problem, |problem, (span, label)| problem.related(span, label));
            self.problems.push(problem.help(help));
        }
        otherwise.iter().for_each(|other| self.in_element(other, params));
    }

    /// The constant value of a condition; `None` if it varies or is unknown.
    fn constant(&self, cond: &Expr, params: &[&Param]) -> Option<bool> {
        let mut names = Vec::new();
        collect(cond, &mut names);
        names.sort_unstable();
        names.dedup();
        let mut scopes = vec![self.scope.clone()];
        for name in names {
            self.scope.spend(params.len(), cond.span).ok()?;
            let param = params.iter().find(|p| p.name.node == name)?;
            let values = members(&param.ty.as_ref()?.node, MAX_CASES / scopes.len())?;
            let with = |scope: &Scope, value: &Value| {
                let mut scope = scope.clone();
                scope.set(name, value.clone());
                scope
            };
            scopes = scopes.iter().flat_map(|scope| values.iter().map(|v| with(scope, v))).collect();
        }
        let mut results = scopes.iter().map(|scope| match scope.eval(cond) {
            Ok(Value::Bool(holds)) => Some(holds),
            _ => None,
        });
        let first = results.next()??;
        results.all(|result| result == Some(first)).then_some(first)
    }
}

fn mentions(expr: &Expr, name: &str) -> bool {
    let mut names = Vec::new();
    collect(expr, &mut names);
    names.contains(&name)
}

fn collect<'a>(expr: &'a Expr, names: &mut Vec<&'a str>) {
    match &expr.node {
        ExprKind::Name(name) => names.push(name),
        // Its value is that of the place, which no parameter gives.
        ExprKind::Same => names.push("same"),
        ExprKind::List(items) | ExprKind::Call { args: items, .. } => {
            items.iter().for_each(|item| collect(item, names));
        }
        ExprKind::Unary(_, operand) => collect(operand, names),
        ExprKind::Binary(_, left, right) | ExprKind::Index(left, right) => {
            collect(left, names);
            collect(right, names);
        }
        ExprKind::Int { .. } | ExprKind::Float { .. } | ExprKind::Bool(_) | ExprKind::Str(_) => {}
    }
}
