//! The names that are known where the cursor stands.

use crate::diag::FileId;
use crate::syntax::Project;
use crate::syntax::ast::{Block, Body, ItemKind, Name, Param, StmtKind};

/// The names that are known at a place.
#[derive(Default)]
pub(in crate::lsp) struct Visible<'p> {
    pub params: Vec<&'p Param>,
    pub values: Vec<&'p Name>,
    pub blocks: Vec<&'p Block>,
    /// The sizes in the signature of a block.
    pub sizes: Vec<String>,
    /// Whether the place is in a block, which has an `in`.
    pub in_block: bool,
}

impl<'p> Visible<'p> {
    pub(in crate::lsp) fn at(project: &'p Project, offset: usize) -> Visible<'p> {
        let mut scope = Visible::default();
        scope.file(project, project.root);
        for item in &project.file(project.root).items {
            match &item.kind {
                ItemKind::Block(block) if holds(&block.name, &block.body, offset) => {
                    scope.block(block, offset);
                }
                ItemKind::Net(net) if holds(&net.name, &net.body, offset) => {
                    scope.params.extend(&net.params);
                    scope.body(&net.body, offset);
                    let path = net.extends.as_ref().map(|extends| extends.path.node.as_str());
                    let parent = path.and_then(|path| project.linked(project.root, path));
                    for parent in parent.iter().flat_map(|id| project.file(*id).nets()).take(1) {
                        scope.params.extend(&parent.params);
                        scope.body(&parent.body, usize::MAX);
                    }
                }
                _ => {}
            }
        }
        scope
    }

    /// The block of this name.
    pub(in crate::lsp) fn callee(&self, name: &str) -> Option<&'p Block> {
        self.blocks.iter().rev().find(|block| block.name.node == name).copied()
    }

    /// The blocks that a file defines and imports.
    fn file(&mut self, project: &'p Project, file: FileId) {
        let tree = project.file(file);
        for import in tree.imports() {
            let Some(from) = project.linked(file, &import.path.node) else { continue };
            let wanted = |block: &&Block| import.names.iter().any(|n| n.node == block.name.node);
            self.blocks.extend(project.file(from).blocks().filter(wanted));
        }
        self.blocks.extend(tree.blocks());
    }

    fn block(&mut self, block: &'p Block, offset: usize) {
        self.params.extend(&block.params);
        let sizes = block.signature.iter().flat_map(|signature| &signature.input.node);
        self.sizes.extend(sizes.flat_map(|size| size.names()).filter_map(
            |name| match &name.node {
                crate::syntax::ast::ExprKind::Name(name) => Some(name.clone()),
                _ => None,
            },
        ));
        self.in_block = true;
        self.body(&block.body, offset);
    }

    fn body(&mut self, body: &'p Body, offset: usize) {
        for stmt in &body.stmts {
            let (start, end) = (stmt.place.span.start, stmt.place.span.end);
            match &stmt.kind {
                StmtKind::Block(block) => {
                    self.blocks.push(block);
                    if start <= offset && offset <= end {
                        self.block(block, offset);
                    }
                }
                _ if end > offset && !matches!(stmt.kind, StmtKind::Repeat { .. }) => {}
                StmtKind::Input { name, .. } | StmtKind::Branch { name, .. } => {
                    self.values.push(name);
                }
                StmtKind::Let(param) => self.params.push(param),
                StmtKind::Stage { label, .. } => self.values.extend(label),
                StmtKind::Repeat { label, rounds, body } => {
                    if end <= offset {
                        self.values.extend(label);
                    } else if start <= offset {
                        self.params.extend(&rounds.names);
                        self.body(body, offset);
                    }
                }
                StmtKind::Output { .. }
                | StmtKind::Default(_)
                | StmtKind::Expect(_)
                | StmtKind::Recipe { .. }
                | StmtKind::Edit(_) => {}
            }
        }
    }
}

fn holds(name: &Name, body: &Body, offset: usize) -> bool {
    name.span.start <= offset && offset <= body.place.span.end
}
