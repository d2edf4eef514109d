//! What names mean: each definition of a project, and each place that mentions it.
//!
//! Names are resolved once, from the text alone, so that it does not matter what is evaluated: a
//! guard that is off hides no use. The evaluation asks here which block a call means, and which
//! part of a path an element gives; it keeps the values of parameters and nodes itself.

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

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
pub enum Kind<'p> {
    /// A block, and the body that it is local to.
    Block(&'p Block, Option<&'p Body>),
    /// A parameter of a block or a net.
    Param(&'p Param),
    /// An input, an output, a stage or a branch.
    Value,
    /// An op. No text defines it: its place is that of the mention.
    Op(&'static op::Signature),
    /// A file.
    File,
    /// What is imported from a file that could not be read.
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

/// In what way a definition is mentioned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// By the definition itself.
    Definition,
    /// By a call, or by an expression that reads its value.
    Use,
    /// By an import, the name of an argument, or a part of a path.
    Mention,
}

/// One mention of a definition.
#[derive(Debug, Clone, Copy)]
pub struct Reference<'p> {
    /// The name.
    pub span: Span,
    /// What it means.
    pub def: Def<'p>,
    /// In what way it is mentioned.
    pub role: Role,
}

/// The first byte of something, which tells it from all else of its kind in the project.
type Key = (FileId, usize);

fn key(span: Span) -> Key {
    (span.file, span.start)
}

/// The names of a project.
#[derive(Debug)]
pub struct Names<'p> {
    project: &'p Project,
    references: BTreeMap<Key, Reference<'p>>,
    /// What names mean in each body.
    scopes: HashMap<Key, Rc<Scope<'p>>>,
    /// The blocks that each file defines or imports.
    blocks: HashMap<(FileId, &'p str), Def<'p>>,
    /// What each file imports from files that could not be read.
    unread: HashMap<(FileId, &'p str), Def<'p>>,
    /// The parts that unlabelled elements and repeats give to the paths of their nodes.
    segments: HashMap<Key, String>,
}

impl<'p> Names<'p> {
    /// What the name that stands at `span` means.
    pub fn definition(&self, span: Span) -> Option<Def<'p>> {
        self.references.get(&key(span)).map(|reference| reference.def)
    }

    /// The references in a file, in the order of the text.
    pub fn in_file(&self, file: FileId) -> impl Iterator<Item = &Reference<'p>> {
        self.references.range((file, 0)..=(file, usize::MAX)).map(|(_, reference)| reference)
    }

    /// The reference that holds a byte of a file, or ends there.
    pub fn at(&self, file: FileId, offset: usize) -> Option<&Reference<'p>> {
        let (_, reference) = self.references.range((file, 0)..=(file, offset)).next_back()?;
        (offset <= reference.span.end).then_some(reference)
    }

    /// The part that an unlabelled call or `repeat` gives to the paths of its nodes; `None` for a
    /// call that takes the label before it as its name.
    pub fn segment(&self, place: Span) -> Option<&str> {
        self.segments.get(&key(place)).map(String::as_str)
    }
}
