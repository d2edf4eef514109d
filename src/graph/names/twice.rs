//! Blocks, imports and parameters that share a name where only one of them can count.

use std::collections::{BTreeMap, HashSet};

use super::definition::NameKind;
use super::table::Names;
use crate::syntax::ast::{Block, Body, File, Name, StmtKind};

/// A name that is given several times.
pub(in crate::graph) struct Twice<'p> {
    /// What is done twice: `defined`, `imported`, `declared` or `given`.
    pub verb: &'static str,
    /// The places, in the order of the text: at least two.
    pub places: Vec<&'p Name>,
}

impl<'p> Names<'p> {
    /// The names of blocks, imports and parameters that are given several times, in the order of
    /// the text. A block of a file may have the name of one that the file imports.
    pub(in crate::graph) fn twice(&self) -> Vec<Twice<'p>> {
        let mut found = Vec::new();
        for file in self.project.files.values() {
            found.extend(among("defined", file.blocks().map(name_of)));
            found.extend(among("imported", self.imported(file)));
            for extends in file.nets().filter_map(|net| net.extends.as_ref()) {
                found.extend(among("given", extends.args.iter().filter_map(|a| a.name.as_ref())));
            }
        }
        for scope in self.scopes.values() {
            found.extend(among("declared", scope.params.iter().map(|param| &param.name)));
            found.extend(among("defined", local_blocks(scope.body).map(name_of)));
        }
        found.sort_by_key(|twice| twice.places.iter().map(|name| name.span).min());
        found
    }

    /// The names that a file imports, each block once.
    fn imported(&self, file: &'p File) -> impl Iterator<Item = &'p Name> {
        let mut known = HashSet::new();
        file.imports().flat_map(|import| &import.names).filter(move |name| {
            let block = self.definition(name.span);
            let block = block.filter(|def| matches!(def.kind, NameKind::Block(..)));
            block.is_some_and(|def| known.insert(def.span))
        })
    }
}

/// The names that occur more than once.
fn among<'p>(verb: &'static str, names: impl Iterator<Item = &'p Name>) -> Vec<Twice<'p>> {
    let mut by_name: BTreeMap<&str, Vec<&Name>> = BTreeMap::new();
    names.for_each(|name| by_name.entry(&name.node).or_default().push(name));
    let several = by_name.into_values().filter(|places| places.len() > 1);
    several.map(|places| Twice { verb, places }).collect()
}

fn local_blocks(body: &Body) -> impl Iterator<Item = &Block> {
    body.stmts.iter().filter_map(|stmt| match &stmt.kind {
        StmtKind::Block(block) => Some(block),
        _ => None,
    })
}

fn name_of(block: &Block) -> &Name {
    &block.name
}
