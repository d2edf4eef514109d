//! Where the values of a node come from.

use std::sync::Arc;

use super::Value;
use crate::diag::Span;
use crate::syntax::ast::EditVerb;

/// Where everything about one node comes from, as [`trace`](fn@super::trace) finds out.
#[derive(Debug, Clone, PartialEq)]
pub struct Provenance {
    /// Every argument of its op, in the order of the signature.
    pub arguments: Vec<Argument>,
    /// The edits of extending nets that added it, outermost first.
    pub edits: Vec<Placement>,
    /// The conditions under which it is there, outermost first; one that is false has it behind
    /// `else`.
    pub guards: Vec<Arc<TraceStep>>,
}

/// One argument of an op.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// Its value in the graph.
    pub value: Value,
    /// What gave it this value.
    pub from: Arc<TraceStep>,
}

/// An edit that added a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    /// What it does.
    pub verb: EditVerb,
    /// The path that it names.
    pub target: String,
    /// Where it names it.
    pub span: Span,
}

/// One step in the derivation of a value: what gave it, and what that in turn depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceStep {
    /// What gave the value.
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

/// A derivation may be deeper than the stack allows.
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

/// What gives a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It is written at the call of the op.
    Written,
    /// A `default` line gives it.
    DefaultLine,
    /// The op has it by default.
    OpDefault,
    /// The op computes it from other arguments.
    Rule,
    /// The call of a block gives its parameter.
    BlockArgument,
    /// The block's parameter has it by default.
    BlockDefault,
    /// A parameter of a net declares it.
    Parameter,
    /// A net that extends gives a parameter of its parent.
    Extends,
    /// The command line gives a parameter.
    Override,
    /// A condition decides whether a node is there.
    Guard,
    /// `same`: the channels of a node.
    Same,
    /// A size that a block's signature takes from a node.
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
            Cause::Guard => "guard",
            Cause::Same => "same",
            Cause::Size => "size",
        }
    }
}
