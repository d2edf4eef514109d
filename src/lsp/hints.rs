//! The shapes beside the stages.

use std::collections::BTreeMap;

use gen_lsp_types::{InlayHint, InlayHintKind, Position, Range};

use super::known::{self, ShownShapes};
use super::paths::PathIndex;
use super::place;
use super::server::Server;
use super::symbolic;
use crate::diag::{FileId, Span};
use crate::graph::names::Names;
use crate::limits::MAX_PROBED_NODES;
use crate::syntax::Project;
use crate::syntax::ast::{Block, Body, ItemKind, StmtKind};

/// The shape at the end of each statement, by its first byte, where all places of the statement
/// agree.
type Ends = BTreeMap<(FileId, usize), String>;

impl Server {
    /// The shape of each stage, branch, repeat and edit, at its end: in a block that nothing calls,
    /// in terms of its parameters.
    pub(super) fn inlay_hints(&self, path: &str, range: Range) -> Vec<InlayHint> {
        let Some(project) = self.project(path) else { return Vec::new() };
        let mut shapes = match known::net(&project) {
            Some(known) => {
                let mut ends = ends(&project, &ShownShapes::of(&known.net));
                ends.retain(|stmt, _| !known.unfinished.contains(stmt));
                ends
            }
            None => Ends::new(),
        };
        let mut stmts = Vec::new();
        let shown = |span: Span| {
            let place = place::range(&project.sources, span);
            range.start <= place.end && place.start <= range.end
        };
        let mut budget = MAX_PROBED_NODES;
        for item in &project.file(project.root).items {
            match &item.kind {
                ItemKind::Import(_) => {}
                ItemKind::Net(net) => silent(&net.body, &mut stmts),
                ItemKind::Block(block) => {
                    let inside = stmts.len();
                    silent(&block.body, &mut stmts);
                    let called = stmts[inside..].iter().any(|s| shapes.contains_key(&key(*s)));
                    if !called && shown(block.body.place.span) {
                        shapes.extend(symbolic_ends(&project, block, &mut budget));
                    }
                }
            }
        }
        let hint = |span: Span| {
            let at = place::range(&project.sources, span).end;
            let shape = shapes.get(&key(span)).filter(|_| range.start <= at && at <= range.end)?;
            Some(hint(at, format!(":: {shape}")))
        };
        stmts.into_iter().filter_map(hint).collect()
    }
}

/// The shapes in the body of a block. What the blocks that it calls have inside is theirs to say,
/// in terms of their own parameters.
fn symbolic_ends(project: &Project, block: &Block, budget: &mut usize) -> Ends {
    let inside = symbolic::of(project, block.name.span, budget);
    let mut found = inside.iter().map(|inside| ends(&inside.project, &inside.known));
    let mut first = found.next().unwrap_or_default();
    let body = block.body.place.span;
    first.retain(|(file, at), _| *file == body.file && (body.start..body.end).contains(at));
    found.for_each(|other| first.retain(|stmt, shape| other.get(stmt) == Some(shape)));
    first
}

fn key(span: Span) -> (FileId, usize) {
    (span.file, span.start)
}

fn ends(project: &Project, known: &ShownShapes) -> Ends {
    let names = Names::of(project);
    let ends = PathIndex::of(project, &names).ends(&known.graph);
    let agreed = |places: BTreeMap<&str, _>| {
        let mut shapes = places.values().map(|id| known.shapes.get(id));
        let first = shapes.next()??;
        shapes.all(|shape| shape == Some(first)).then(|| first.clone())
    };
    ends.into_iter().filter_map(|(stmt, places)| Some((stmt, agreed(places)?))).collect()
}

/// The statements that do not say their shapes themselves.
fn silent(body: &Body, found: &mut Vec<Span>) {
    for stmt in &body.stmts {
        match &stmt.kind {
            StmtKind::Stage { shape: None, .. }
            | StmtKind::Branch { shape: None, .. }
            | StmtKind::Edit(_) => found.push(stmt.place.span),
            StmtKind::Repeat { body, .. } => {
                silent(body, found);
                found.push(stmt.place.span);
            }
            StmtKind::Block(block) => silent(&block.body, found),
            _ => {}
        }
    }
}

fn hint(position: Position, label: String) -> InlayHint {
    InlayHint {
        position,
        label: label.into(),
        kind: Some(InlayHintKind::Type),
        text_edits: None,
        tooltip: None,
        padding_left: Some(true),
        padding_right: None,
        data: None,
    }
}
