use std::collections::HashMap;
use std::rc::Rc;

use super::expander::Frame;
use crate::diag::{Problem, Span};
use crate::graph::NodeId;
use crate::graph::eval::Fault;
use crate::syntax::ast::{Expr, ExprKind};

/// A value of the graph under construction. `None`: unknown because of an earlier error.
pub(super) type Flow = Option<NodeId>;

/// Values by name, with the spans of their definitions: those of a body and of the enclosing ones.
#[derive(Default)]
pub(super) struct Values {
    own: HashMap<String, (Flow, Span)>,
    outer: Option<Rc<Values>>,
}

impl Values {
    /// A single value.
    pub fn one(name: &str, flow: Flow, span: Span) -> Values {
        Values { own: HashMap::from([(name.to_owned(), (flow, span))]), outer: None }
    }

    /// An empty inner scope.
    pub fn inside(outer: &Rc<Values>) -> Values {
        Values { own: HashMap::new(), outer: Some(outer.clone()) }
    }

    pub fn get(&self, name: &str) -> Option<(Flow, Span)> {
        let mut at = Some(self);
        while let Some(here) = at {
            if let Some(found) = here.own.get(name) {
                return Some(*found);
            }
            at = here.outer.as_deref();
        }
        None
    }

    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether a statement of this body gives a value this name.
    pub fn is_own(&self, name: &str) -> bool {
        self.own.contains_key(name) && name != "in"
    }

    pub fn insert(&mut self, name: &str, flow: Flow, span: Span) {
        self.own.insert(name.to_owned(), (flow, span));
    }

    /// The name of a known value: the last that was given to it.
    pub fn named(&self, flow: Flow) -> Option<&str> {
        let own = self.own.iter().filter(|(_, (of, _))| flow.is_some() && *of == flow);
        let last = own.max_by_key(|(name, (_, span))| (*span, *name));
        last.map(|(name, _)| name.as_str()).or_else(|| self.outer.as_ref()?.named(flow))
    }

    /// All names, including those of enclosing scopes.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        let mut at = Some(self);
        while let Some(here) = at {
            names.extend(here.own.keys().map(String::as_str));
            at = here.outer.as_deref();
        }
        names
    }
}

/// The fault of an argument of a block, which says so if the argument is a value.
pub(super) fn not_a_value(fault: Fault, frame: &Frame<'_>, expr: &Expr) -> Fault {
    let problem = fault?;
    let ExprKind::Name(name) = &expr.node else { return Some(problem) };
    if !frame.values.contains(name) {
        return Some(problem);
    }
    let message = format!("`{name}` is a value, and blocks take numbers, ops and blocks");
    Some(Box::new(
        Problem::new(problem.code, expr.span, message)
            .label("a value")
            .help(format!("join it outside of the block: `... -> concat({name}) -> ...`")),
    ))
}
