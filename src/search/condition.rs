//! Expressions in the spec of a search: conditions, and lists of values.

use super::SearchError;
use crate::check::Checked;
use crate::diag::{Problems, Sources};
use crate::graph::{Scope, Value};
use crate::syntax;
use crate::syntax::ast::{Expr, ExprKind};

/// An expression from the command line, with its text for error messages.
pub(super) struct Condition {
    expr: Expr,
    sources: Sources,
}

impl Condition {
    /// The condition that a text is.
    ///
    /// # Errors
    /// A text that is no expression.
    pub(super) fn parse(text: &str) -> Result<Condition, SearchError> {
        let mut sources = Sources::default();
        let file = sources.add("the search", text);
        match syntax::parse_expr(&sources, file) {
            Ok(expr) => Ok(Condition { expr, sources }),
            Err(problems) => Err(SearchError::Net(sources, problems)),
        }
    }

    fn value(&self, scope: &Scope) -> Option<Value> {
        scope.eval(&self.expr).ok().filter(|_| !matches!(self.expr.node, ExprKind::Name(_)))
    }

    /// The op or block that it compares with its name in quotes.
    pub(super) fn in_quotes(&self, net: &Checked) -> Option<&str> {
        Self::scope(net).in_quotes(&self.expr)
    }

    pub(super) fn holds(&self, net: &Checked) -> Result<bool, SearchError> {
        Self::scope(net).condition(&self.expr).map_err(|fault| {
            let problems: Problems = fault.into_iter().map(|problem| *problem).collect();
            SearchError::Net(self.sources.clone(), problems)
        })
    }

    fn scope(net: &Checked) -> Scope {
        let mut scope = Scope::default();
        for (name, value) in &net.graph().params {
            scope.set(name.clone(), value.clone());
        }
        for (name, count) in [("params", net.params()), ("macs", net.macs())] {
            scope.set(name, Value::Int(i64::try_from(count).unwrap_or(i64::MAX)));
        }
        scope
    }
}

/// Whether the values that `over` names, if any, can be read.
pub(super) fn well_formed(over: &str) -> Result<(), SearchError> {
    match over.split_once('=') {
        Some((name, values)) => listed(name.trim(), values).map(|_| ()),
        None => Ok(()),
    }
}

/// `[64, 128]` as values.
pub(super) fn listed(name: &str, text: &str) -> Result<Vec<Value>, SearchError> {
    let wrong = || {
        SearchError::new(format!("expected a list of values for `{name}`, got `{text}`"))
            .help(format!("write `--over {name}=[64,128]`"))
    };
    match Condition::parse(text)?.value(&Scope::default()) {
        Some(Value::List(values)) if !values.is_empty() => Ok(values),
        _ => Err(wrong()),
    }
}
