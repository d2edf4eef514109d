//! The names in scope at a place in the text.

use std::collections::HashMap;
use std::rc::Rc;

use super::definition::{Def, NameKind};
use crate::diag::FileId;
use crate::syntax::Project;
use crate::syntax::ast::{Body, Name, Param, StmtKind};

/// The names that a body and the parameters before it define.
#[derive(Debug)]
pub(super) struct NameScope<'p> {
    pub file: FileId,
    pub params: &'p [Param],
    pub body: &'p Body,
    pub values: HashMap<&'p str, Def<'p>>,
    pub blocks: HashMap<&'p str, Def<'p>>,
    /// The scope of the enclosing body, or of the net that is extended.
    pub outer: Option<Rc<NameScope<'p>>>,
}

impl<'p> NameScope<'p> {
    pub(super) fn new(
        file: FileId,
        params: &'p [Param],
        body: &'p Body,
        outer: Option<Rc<NameScope<'p>>>,
    ) -> NameScope<'p> {
        let (values, blocks) = (HashMap::new(), HashMap::new());
        let mut scope = NameScope { file, params, body, values, blocks, outer };
        // Names that are defined twice are errors. Of two parameters the last one has the value;
        // otherwise the first definition counts.
        for param in params {
            let def = Def { kind: NameKind::Param(param), span: param.name.span };
            scope.values.insert(&param.name.node, def);
        }
        for stmt in &body.stmts {
            if let StmtKind::Block(block) = &stmt.kind {
                let def = Def { kind: NameKind::Block(block, Some(body)), span: block.name.span };
                scope.blocks.entry(&block.name.node).or_insert(def);
            } else if let StmtKind::Let(param) = &stmt.kind {
                let def = Def { kind: NameKind::Param(param), span: param.name.span };
                scope.values.entry(&param.name.node).or_insert(def);
            } else if let Some(name) = label(&stmt.kind) {
                let def = Def { kind: NameKind::Value, span: name.span };
                scope.values.entry(&name.node).or_insert(def);
            }
        }
        scope
    }

    /// The parameter with this name, declared before the body.
    pub(super) fn param(&self, name: &str) -> Option<Def<'p>> {
        self.values.get(name).filter(|def| matches!(def.kind, NameKind::Param(_))).copied()
    }

    /// The scope and the enclosing ones, innermost first.
    pub(super) fn chain(&self) -> impl Iterator<Item = &NameScope<'p>> {
        std::iter::successors(Some(self), |scope| scope.outer.as_deref())
    }
}

/// The name that a statement gives to its value.
pub(in crate::graph) fn label(stmt: &StmtKind) -> Option<&Name> {
    match stmt {
        StmtKind::Input { name, .. }
        | StmtKind::Output { name, .. }
        | StmtKind::Branch { name, .. } => Some(name),
        StmtKind::Stage { label, .. } | StmtKind::Repeat { label, .. } => label.as_ref(),
        StmtKind::Block(_)
        | StmtKind::Let(_)
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
            let def = Def { kind: NameKind::Block(block, None), span: block.name.span };
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
            found.insert(
                (file, name.node.as_str()),
                Def { kind: NameKind::Unread, span: name.span },
            );
        }
    }
    found
}
