use crate::diag::{FileId, Span};
use crate::graph::op;
use crate::syntax::ast::{Block, Body, Param};

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
pub enum NameKind<'p> {
    /// A block, and the body that it is local to.
    Block(&'p Block, Option<&'p Body>),
    /// A parameter of a block or a net, a `let`, or what a round of a `for` calls its value.
    Param(&'p Param),
    /// An input, an output, a stage or a branch.
    Value,
    /// An op. It is not defined in any text, so its span is that of the reference.
    Op(&'static op::Signature),
    /// A file.
    File,
    /// A name imported from a file that could not be read.
    Unread,
}

impl NameKind<'_> {
    /// Whether it is an input, an output, a stage or a branch.
    pub fn is_value(self) -> bool {
        matches!(self, NameKind::Value)
    }

    /// Whether it is an op.
    pub fn is_op(self) -> bool {
        matches!(self, NameKind::Op(_))
    }
}

/// A definition.
#[derive(Debug, Clone, Copy)]
pub struct Def<'p> {
    /// What is defined.
    pub kind: NameKind<'p>,
    /// The name where it is defined.
    pub span: Span,
}

/// How a reference refers to its definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceRole {
    /// By the definition itself.
    Definition,
    /// By a call, or by an expression that reads its value.
    Use,
    /// By an import, the name of an argument, or a part of a path.
    Mention,
}

/// One reference to a definition.
#[derive(Debug, Clone, Copy)]
pub struct Reference<'p> {
    /// The name.
    pub span: Span,
    /// What it means.
    pub def: Def<'p>,
    /// How it refers to it.
    pub role: ReferenceRole,
}

/// The first byte of an item, which identifies it among the items of its kind in the project.
pub(super) type Key = (FileId, usize);

pub(super) fn key(span: Span) -> Key {
    (span.file, span.start)
}
