use std::collections::HashMap;

use crate::syntax::ast::{Body, Element, ElementKind, StmtKind};

/// Hands out the path segments of the unlabelled elements of one scope: the name of the op or block,
/// numbered if it stands there more than once. They are counted in the text, guarded ones too, so
/// that a parameter's value renames nothing.
pub(super) struct Names {
    total: HashMap<String, usize>,
    given: HashMap<String, usize>,
}

/// The segment of an unlabelled `repeat`.
pub(super) const REPEAT: &str = "rep";

impl Names {
    /// For a chain that is a scope of its own.
    pub fn of_chain(chain: &[Element]) -> Names {
        let mut names = Names { total: HashMap::new(), given: HashMap::new() };
        chain.iter().for_each(|e| names.count(e));
        names
    }

    /// For the unlabelled stages of a body.
    pub fn of_body(body: &Body) -> Names {
        let mut names = Names { total: HashMap::new(), given: HashMap::new() };
        for stmt in &body.stmts {
            match &stmt.kind {
                StmtKind::Stage { label: None, chain, .. } => chain.iter().for_each(|e| names.count(e)),
                StmtKind::Repeat { label: None, .. } => {
                    *names.total.entry(REPEAT.into()).or_default() += 1;
                }
                _ => {}
            }
        }
        names
    }

    /// The segment of the next element of this name.
    pub fn next(&mut self, name: &str) -> String {
        let given = self.given.entry(name.into()).or_default();
        *given += 1;
        match self.total.get(name) {
            Some(total) if *total > 1 => format!("{name}_{given}"),
            _ => name.into(),
        }
    }

    /// Passes over an element that is not there.
    pub fn skip(&mut self, element: &Element) {
        calls(element, &mut |name| {
            *self.given.entry(name.into()).or_default() += 1;
        });
    }

    fn count(&mut self, element: &Element) {
        calls(element, &mut |name| {
            *self.total.entry(name.into()).or_default() += 1;
        });
    }
}

/// How many calls a chain has, those in guards and groups included.
pub(super) fn call_count(chain: &[Element]) -> usize {
    let mut count = 0;
    chain.iter().for_each(|e| calls(e, &mut |_| count += 1));
    count
}

fn calls(element: &Element, visit: &mut dyn FnMut(&str)) {
    match &element.kind {
        ElementKind::Call(call) => visit(&call.name.node),
        ElementKind::Group(chain) => chain.iter().for_each(|e| calls(e, visit)),
    }
    if let Some(otherwise) = element.guard.as_ref().and_then(|g| g.otherwise.as_ref()) {
        calls(otherwise, visit);
    }
}
