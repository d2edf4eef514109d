//! Where the values of a node come from.

use std::sync::Arc;

use super::Value;
use crate::diag::Span;
use crate::syntax::ast::EditVerb;

/// Where everything about one node comes from, as determined by [`trace`](fn@super::trace).
#[derive(Debug, Clone, PartialEq)]
pub struct Provenance {
    /// Every argument of its op, in the order of the signature.
    pub arguments: Vec<Argument>,
    /// The edits of extending nets that added it, outermost first.
    pub edits: Vec<Placement>,
    /// The conditions under which it exists, outermost first; for a false one it is in the `else`.
    pub guards: Vec<Arc<TraceStep>>,
}

/// One argument of an op.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// Its value in the graph.
    pub value: Value,
    /// The derivation of its value.
    pub from: Arc<TraceStep>,
}

/// An edit that added a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    /// Its verb.
    pub verb: EditVerb,
    /// The path of its target.
    pub target: String,
    /// The span of its target.
    pub span: Span,
}

/// One step in the derivation of a value: its cause, and the steps that it depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceStep {
    /// The cause.
    pub cause: Cause,
    /// The name that has the value: of an argument, a parameter, a size.
    pub name: String,
    /// Whose name it is: an op, a block, a net, or the node that a size is taken from.
    pub of: String,
    /// The expression, as the language writes it; empty if there is none.
    pub text: String,
    /// The value of the expression.
    pub value: Value,
    /// Where it is written; for a size, the node that it is taken from.
    pub span: Option<Span>,
    /// The names that the expression mentions; for an overridden parameter of a net, what
    /// overrides it, the last one being effective.
    pub from: Vec<Arc<TraceStep>>,
}

/// Iterative: a derivation may be too deep for recursive drops.
impl Drop for TraceStep {
    fn drop(&mut self) {
        let mut rest = std::mem::take(&mut self.from);
        while let Some(step) = rest.pop() {
            if let Some(mut step) = Arc::into_inner(step) {
                rest.append(&mut step.from);
            }
        }
    }
}

/// What determines a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It is given in the call of the op.
    Written,
    /// It comes from a `default` line.
    DefaultLine,
    /// It is the op's default.
    OpDefault,
    /// The op derives it from other arguments.
    Rule,
    /// It is an argument of a block call.
    BlockArgument,
    /// It is the default of a block parameter.
    BlockDefault,
    /// It is the default of a net parameter.
    Parameter,
    /// An extending net sets a parameter of its parent.
    Extends,
    /// The command line sets a parameter.
    Override,
    /// A `let` names it.
    Let,
    /// A round of a `for` has it.
    Round,
    /// A condition decides whether a node exists.
    Guard,
    /// `same`: the channels of a node.
    Same,
    /// A size that a block's signature binds to that of a node.
    Size,
}

impl Cause {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Written => "written",
            Cause::DefaultLine => "default-line",
            Cause::OpDefault => "op-default",
            Cause::Rule => "rule",
            Cause::BlockArgument => "block-argument",
            Cause::BlockDefault => "block-default",
            Cause::Parameter => "parameter",
            Cause::Extends => "extends",
            Cause::Override => "override",
            Cause::Let => "let",
            Cause::Round => "round",
            Cause::Guard => "guard",
            Cause::Same => "same",
            Cause::Size => "size",
        }
    }
}
