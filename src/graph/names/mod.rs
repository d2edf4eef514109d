//! Name resolution: each definition in a project, and each reference to it.
//!
//! Names are resolved once, from the text alone, independently of evaluation: a use behind a guard
//! that is off still counts. Evaluation looks up here which block a call refers to, and which
//! segment an element adds to a path; it keeps the values of parameters and nodes itself.

mod path;
mod scope;
mod segments;
mod walk;

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::op;
use crate::diag::{FileId, Span};
use crate::syntax::Project;
use crate::syntax::ast::{Block, Body, Param};

use scope::Scope;

/// What a name refers to.
#[derive(Debug, Clone, Copy)]
pub enum Kind<'p> {
    /// A block, and the body that it is local to.
    Block(&'p Block, Option<&'p Body>),
    /// A parameter of a block or a net.
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

/// A definition.
#[derive(Debug, Clone, Copy)]
pub struct Def<'p> {
    /// What is defined.
    pub kind: Kind<'p>,
    /// The name where it is defined.
    pub span: Span,
}

/// How a reference refers to its definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
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
    /// The definition.
    pub def: Def<'p>,
    /// How it refers to it.
    pub role: Role,
}

/// The first byte of an item, which identifies it among the items of its kind in the project.
type Key = (FileId, usize);

fn key(span: Span) -> Key {
    (span.file, span.start)
}

/// The names of a project.
#[derive(Debug)]
pub struct Names<'p> {
    project: &'p Project,
    references: BTreeMap<Key, Reference<'p>>,
    /// The scope of each body.
    scopes: HashMap<Key, Rc<Scope<'p>>>,
    /// The blocks that each file defines or imports.
    blocks: HashMap<(FileId, &'p str), Def<'p>>,
    /// The names that each file imports from files that could not be read.
    unread: HashMap<(FileId, &'p str), Def<'p>>,
    /// The segments that unlabelled elements and repeats add to the paths of their nodes.
    segments: HashMap<Key, String>,
}

impl<'p> Names<'p> {
    /// The definition of the name at `span`.
    pub fn definition(&self, span: Span) -> Option<Def<'p>> {
        self.references.get(&key(span)).map(|reference| reference.def)
    }

    /// The references in a file, in source order.
    pub fn in_file(&self, file: FileId) -> impl Iterator<Item = &Reference<'p>> {
        self.references.range((file, 0)..=(file, usize::MAX)).map(|(_, reference)| reference)
    }

    /// The reference that contains this offset or ends at it.
    pub fn at(&self, file: FileId, offset: usize) -> Option<&Reference<'p>> {
        let (_, reference) = self.references.range((file, 0)..=(file, offset)).next_back()?;
        (offset <= reference.span.end).then_some(reference)
    }

    /// The segment that an unlabelled call or `repeat` adds to the paths of its nodes; `None` for a
    /// call that takes the label before it as its name.
    pub fn segment(&self, place: Span) -> Option<&str> {
        self.segments.get(&key(place)).map(String::as_str)
    }
}
