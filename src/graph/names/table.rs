//! The names of a project, and what asks for them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::definition::{Def, Key, NameKind, Reference, key};
use super::scope::NameScope;
use crate::diag::{FileId, Span};
use crate::graph::{Callee, op};
use crate::syntax::Project;
use crate::syntax::ast::{Body, Call, Element, ElementKind, Name};

/// The names of a project.
#[derive(Debug)]
pub struct Names<'p> {
    pub(super) project: &'p Project,
    pub(super) references: BTreeMap<Key, Reference<'p>>,
    /// The scope of each body.
    pub(super) scopes: HashMap<Key, Rc<NameScope<'p>>>,
    /// The blocks that each file defines or imports.
    pub(super) blocks: HashMap<(FileId, &'p str), Def<'p>>,
    /// The names that each file imports from files that could not be read.
    pub(super) unread: HashMap<(FileId, &'p str), Def<'p>>,
    /// The first elements of stages that name the value to start from.
    pub(super) starts: HashSet<Key>,
    /// The segments that unlabelled elements and repeats add to the paths of their nodes.
    pub(super) segments: HashMap<Key, String>,
}

impl<'p> Names<'p> {
    /// The definition of the name at `span`.
    pub fn definition(&self, span: Span) -> Option<Def<'p>> {
        self.references.get(&key(span)).map(|reference| reference.def)
    }

    /// For each place that names a block, where the block is defined.
    pub(in crate::graph) fn block_uses(&self) -> HashMap<Key, Span> {
        let block = |def: &Def<'p>| matches!(def.kind, NameKind::Block(..)).then_some(def.span);
        let uses = self.references.iter();
        uses.filter_map(|(key, reference)| Some((*key, block(&reference.def)?))).collect()
    }

    /// The op, or the block visible in a body, with this name.
    pub(in crate::graph) fn callee(&self, body: &Body, name: &str) -> Option<Callee> {
        let scope = self.scopes.get(&key(body.place.span));
        let block = scope.and_then(|scope| self.block(scope, name)).map(|def| def.span);
        let known = block.is_some() || op::signature(name).is_some();
        known.then(|| Callee { name: name.to_owned(), block })
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

    /// The value that a stage starts from, if its first element names one, and the other elements.
    pub fn start<'c>(&self, chain: &'c [Element]) -> (Option<&'c Name>, &'c [Element]) {
        match chain.split_first() {
            Some((Element { kind: ElementKind::Call(call), .. }, rest))
                if self.starts.contains(&key(call.place.span)) =>
            {
                (Some(&call.name), rest)
            }
            _ => (None, chain),
        }
    }

    /// Whether the first element of a stage names a value: it takes no arguments, and its name is
    /// that of no op or block.
    pub(super) fn starts_from(&self, scope: &NameScope<'p>, call: &Call) -> bool {
        let name = call.name.node.as_str();
        let value = || self.value(scope, name).map(|def| def.kind);
        call.args.is_empty()
            && (name.contains('.') || name == "in" || matches!(value(), Some(NameKind::Value)))
    }

    /// The block with this name: the innermost local one, else one of the file, else an imported
    /// one.
    pub(super) fn block(&self, scope: &NameScope<'p>, name: &str) -> Option<Def<'p>> {
        let local = scope.chain().find_map(|scope| scope.blocks.get(name));
        local.copied().or_else(|| self.block_of_file(scope, name))
    }

    /// The parameter or value with this name, else a block, else a name from an unread file.
    pub(super) fn value(&self, scope: &NameScope<'p>, name: &str) -> Option<Def<'p>> {
        let mut local =
            scope.chain().filter_map(|s| s.values.get(name).or_else(|| s.blocks.get(name)));
        let unread =
            || scope.chain().find_map(|scope| self.unread.get(&(scope.file, name)).copied());
        local.next().copied().or_else(|| self.block_of_file(scope, name)).or_else(unread)
    }

    fn block_of_file(&self, scope: &NameScope<'p>, name: &str) -> Option<Def<'p>> {
        scope.chain().find_map(|scope| self.blocks.get(&(scope.file, name)).copied())
    }

    /// Whether a block of this name is visible in a body.
    pub(in crate::graph) fn is_block(&self, body: &Body, name: &str) -> bool {
        let scope = self.scopes.get(&key(body.place.span));
        scope.is_some_and(|scope| self.block(scope, name).is_some())
    }

    /// Every block name that is visible in a body, for suggestions.
    pub(in crate::graph) fn visible_blocks(&self, body: &Body) -> BTreeSet<&'p str> {
        let mut names = BTreeSet::new();
        for scope in self.scopes.get(&key(body.place.span)).iter().flat_map(|scope| scope.chain()) {
            let file = self.project.file(scope.file);
            names.extend(scope.blocks.keys());
            names.extend(file.blocks().map(|block| block.name.node.as_str()));
            names.extend(
                file.imports().flat_map(|import| &import.names).map(|name| name.node.as_str()),
            );
        }
        names
    }
}
