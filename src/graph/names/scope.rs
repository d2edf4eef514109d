//! The names in scope at a place in the text.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::{Def, Kind, Names, key};
use crate::diag::FileId;
use crate::syntax::Project;
use crate::syntax::ast::{Body, Name, Param, StmtKind};

/// The names that a body and the parameters before it define.
#[derive(Debug)]
pub(super) struct Scope<'p> {
    pub file: FileId,
    pub body: &'p Body,
    values: HashMap<&'p str, Def<'p>>,
    blocks: HashMap<&'p str, Def<'p>>,
    /// The scope of the enclosing body, or of the net that is extended.
    pub outer: Option<Rc<Scope<'p>>>,
}

impl<'p> Scope<'p> {
    pub(super) fn new(
        file: FileId,
        params: &'p [Param],
        body: &'p Body,
        outer: Option<Rc<Scope<'p>>>,
    ) -> Scope<'p> {
        let mut scope = Scope { file, body, values: HashMap::new(), blocks: HashMap::new(), outer };
        // Of two parameters with the same name the last one has the value; otherwise the first
        // definition counts, and the second is reported.
        for param in params {
            let def = Def { kind: Kind::Param(param), span: param.name.span };
            scope.values.insert(&param.name.node, def);
        }
        for stmt in &body.stmts {
            if let StmtKind::Block(block) = &stmt.kind {
                let def = Def { kind: Kind::Block(block, Some(body)), span: block.name.span };
                scope.blocks.entry(&block.name.node).or_insert(def);
            } else if let Some(name) = label(&stmt.kind) {
                let def = Def { kind: Kind::Value, span: name.span };
                scope.values.entry(&name.node).or_insert(def);
            }
        }
        scope
    }

    /// The parameter with this name, declared before the body.
    pub(super) fn param(&self, name: &str) -> Option<Def<'p>> {
        self.values.get(name).filter(|def| matches!(def.kind, Kind::Param(_))).copied()
    }

    /// The scope and the enclosing ones, innermost first.
    pub(super) fn chain(&self) -> impl Iterator<Item = &Scope<'p>> {
        std::iter::successors(Some(self), |scope| scope.outer.as_deref())
    }
}

/// The name that a statement gives to its value.
pub(super) fn label(stmt: &StmtKind) -> Option<&Name> {
    match stmt {
        StmtKind::Input { name, .. }
        | StmtKind::Output { name, .. }
        | StmtKind::Branch { name, .. } => Some(name),
        StmtKind::Stage { label, .. } | StmtKind::Repeat { label, .. } => label.as_ref(),
        StmtKind::Block(_)
        | StmtKind::Default(_)
        | StmtKind::Expect(_)
        | StmtKind::Recipe { .. }
        | StmtKind::Edit(_) => None,
    }
}

/// The blocks visible in each file: its own, or imported ones with their original definitions.
pub(super) fn blocks(project: &Project) -> HashMap<(FileId, &str), Def<'_>> {
    let mut own = HashMap::new();
    for (&file, tree) in &project.files {
        for block in tree.blocks() {
            let def = Def { kind: Kind::Block(block, None), span: block.name.span };
            own.entry((file, block.name.node.as_str())).or_insert(def);
        }
    }
    let mut all = own.clone();
    for (&file, tree) in &project.files {
        for import in tree.imports() {
            let Some(from) = project.linked(file, &import.path.node) else { continue };
            for name in import.names.iter().map(|name| name.node.as_str()) {
                if let Some(def) = own.get(&(from, name)) {
                    all.entry((file, name)).or_insert(*def);
                }
            }
        }
    }
    all
}

/// The names that each file imports from files that could not be read.
pub(super) fn unread(project: &Project) -> HashMap<(FileId, &str), Def<'_>> {
    let mut found = HashMap::new();
    for (&file, tree) in &project.files {
        let unread =
            tree.imports().filter(|import| project.linked(file, &import.path.node).is_none());
        for name in unread.flat_map(|import| &import.names) {
            found.insert((file, name.node.as_str()), Def { kind: Kind::Unread, span: name.span });
        }
    }
    found
}

impl<'p> Names<'p> {
    /// The block with this name: the innermost local one, else one of the file, else an imported
    /// one.
    pub(super) fn block(&self, scope: &Scope<'p>, name: &str) -> Option<Def<'p>> {
        let local = scope.chain().find_map(|scope| scope.blocks.get(name));
        local.copied().or_else(|| self.block_of_file(scope, name))
    }

    /// The parameter or value with this name, else a block, else a name from an unread file.
    pub(super) fn value(&self, scope: &Scope<'p>, name: &str) -> Option<Def<'p>> {
        let mut local =
            scope.chain().filter_map(|s| s.values.get(name).or_else(|| s.blocks.get(name)));
        let unread =
            || scope.chain().find_map(|scope| self.unread.get(&(scope.file, name)).copied());
        local.next().copied().or_else(|| self.block_of_file(scope, name)).or_else(unread)
    }

    fn block_of_file(&self, scope: &Scope<'p>, name: &str) -> Option<Def<'p>> {
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
