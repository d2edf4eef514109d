//! Guards at the end of a chain, which people read as guards of the whole chain.

use super::names::Names;
use crate::diag::{Code, Problem, Problems, Span};
use crate::syntax::ast::{Body, Call, Element, ElementKind, File, Guard, StmtKind};
use crate::syntax::{print_call, print_expr};

/// Warns about each guard without `else` that follows a chain of several elements and no
/// parentheses.
pub(super) fn guard_scopes(file: &File, names: &Names<'_>, problems: &mut Problems) {
    let mut guards = GuardScopes { names, problems };
    file.blocks().for_each(|block| guards.in_body(&block.body));
    file.nets().for_each(|net| guards.in_body(&net.body));
}

struct GuardScopes<'n, 'p> {
    names: &'n Names<'p>,
    problems: &'n mut Problems,
}

impl GuardScopes<'_, '_> {
    fn in_body(&mut self, body: &Body) {
        for stmt in body.all_stmts() {
            match &stmt.kind {
                StmtKind::Stage { chain, .. } => self.in_chain(self.names.start(chain).1),
                other => self.in_chain(other.chain()),
            }
        }
    }

    fn in_chain(&mut self, chain: &[Element]) {
        for element in chain {
            match &element.kind {
                ElementKind::Group(inner) => self.in_chain(inner),
                ElementKind::Repeat(repeat) => self.in_body(&repeat.body),
                ElementKind::Call(_) => {}
            }
        }
        let [first, .., last] = chain else { return };
        if let (ElementKind::Call(call), Some(guard)) = (&last.kind, &last.guard)
            && guard.otherwise.is_none()
        {
            self.problems.push(problem(first, last, call, guard));
        }
    }
}

fn problem(first: &Element, last: &Element, call: &Call, guard: &Guard) -> Problem {
    let (whole, end) = (last.place.span, call.place.span.end);
    let insert = |at: usize, mark: &str| (Span { start: at, end: at, ..whole }, mark.to_owned());
    let before = Span { end: whole.start, ..first.place.span };
    let (name, cond) = (&call.name.node, print_expr(&guard.cond));
    let message = format!("the guard is that of `{name}` alone, not of the chain before it");
    let help = format!(
        "write parentheses: `({} if {cond})` for `{name}` alone, or `(... -> {name}) if {cond}`",
        print_call(call)
    );
    Problem::new(Code::GuardScope, call.place.span, message)
        .label("guarded")
        .related(before, "always there")
        .help(help)
        .fix(
            format!("guard `{name}` alone, as it is"),
            [insert(whole.start, "("), insert(whole.end, ")")],
        )
        .fix("guard the chain", [insert(first.place.span.start, "("), insert(end, ")")])
}
