use std::collections::HashMap;
use std::rc::Rc;

use crate::diag::FileId;
use crate::graph::Scope;
use crate::syntax::Project;
use crate::syntax::ast::{Block, Body, ItemKind, StmtKind};

/// What names mean at some place of the text: parameters, local blocks, the file's blocks.
pub(super) struct Env<'a> {
    /// Parameters and shape symbols, those of enclosing bodies included.
    pub scope: Scope,
    /// The file whose blocks and imports are visible.
    pub file: FileId,
    /// The blocks that are local to the body.
    blocks: HashMap<&'a str, &'a Block>,
    /// The body around this one.
    outer: Option<Rc<Env<'a>>>,
}

impl<'a> Env<'a> {
    /// What names mean in `body`, which stands in `outer`.
    pub fn new(scope: Scope, file: FileId, body: &'a Body, outer: Option<Rc<Env<'a>>>) -> Env<'a> {
        // Of two blocks of one name the first counts; the second is reported where it stands.
        let mut blocks = HashMap::new();
        for block in locals(body) {
            blocks.entry(block.name.node.as_str()).or_insert(block);
        }
        Env { scope, file, blocks, outer }
    }
}

/// A block, and where it was written.
#[derive(Clone)]
pub(super) struct Callable<'a> {
    pub block: &'a Block,
    pub file: FileId,
    /// The body that it is local to.
    pub home: Option<Rc<Env<'a>>>,
}

/// The block of a name: the nearest local one, else one of the file, else an imported one.
pub(super) fn block<'a>(project: &'a Project, env: &Rc<Env<'a>>, name: &str) -> Option<Callable<'a>> {
    let mut at = Some(env);
    while let Some(here) = at {
        if let Some(block) = here.blocks.get(name) {
            return Some(Callable { block, file: here.file, home: Some(here.clone()) });
        }
        at = here.outer.as_ref();
    }
    let mut at = Some(env);
    while let Some(here) = at {
        if let Some(callable) = file_block(project, here.file, name) {
            return Some(callable);
        }
        at = here.outer.as_ref();
    }
    None
}

/// A block that a file defines or imports.
pub(super) fn file_block<'a>(project: &'a Project, file: FileId, name: &str) -> Option<Callable<'a>> {
    project.block(file, name).map(|(block, file)| Callable { block, file, home: None })
}

/// The blocks that a file defines.
pub(super) fn own_blocks(project: &Project, file: FileId) -> impl Iterator<Item = &Block> {
    project.file(file).items.iter().filter_map(|item| match &item.kind {
        ItemKind::Block(block) => Some(block),
        ItemKind::Import(_) | ItemKind::Net(_) => None,
    })
}

/// The blocks that are local to a body.
pub(super) fn locals(body: &Body) -> impl Iterator<Item = &Block> {
    body.stmts
        .iter()
        .filter_map(|stmt| if let StmtKind::Block(block) = &stmt.kind { Some(block) } else { None })
}

/// Every block name that is visible, for suggestions.
pub(super) fn block_names<'a>(project: &'a Project, env: &Rc<Env<'a>>) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    let mut at = Some(env);
    while let Some(here) = at {
        names.extend(here.blocks.keys());
        names.extend(own_blocks(project, here.file).map(|b| b.name.node.as_str()));
        for item in &project.file(here.file).items {
            if let ItemKind::Import(import) = &item.kind {
                names.extend(import.names.iter().map(|n| n.node.as_str()));
            }
        }
        at = here.outer.as_ref();
    }
    names.sort_unstable();
    names.dedup();
    names
}
