//! What concerns a file as a whole: its form, its outline, the shapes of its stages.

use lsp_types::{DocumentSymbol, InlayHint, InlayHintLabel, Range, SymbolKind, TextEdit};

use super::paths::PathIndex;
use super::place;
use super::server::Server;
use crate::diag::{Sources, Span};
use crate::graph::names::Names;
use crate::syntax::ast::{Body, ItemKind, Name, Stmt, StmtKind};
use crate::syntax::{self, Project};

impl Server {
    /// The canonical form; none while the file does not parse.
    pub(super) fn format(&self, path: &str) -> Option<Vec<TextEdit>> {
        let text = self.texts.get(path)?;
        let mut sources = Sources::default();
        let id = sources.add(path, text.as_str());
        let new = syntax::print(&syntax::parse(&sources, id).ok()?);
        Some(if new == *text {
            Vec::new()
        } else {
            vec![TextEdit::new(place::whole(sources.get(id)), new)]
        })
    }

    pub(super) fn symbols(&self, path: &str) -> Vec<DocumentSymbol> {
        let Some(project) = self.project(path) else { return Vec::new() };
        let items = project.file(project.root).items.iter();
        items
            .filter_map(|item| match &item.kind {
                ItemKind::Import(_) => None,
                ItemKind::Block(b) => {
                    Some(with_body(&project, &b.name, SymbolKind::FUNCTION, &b.body))
                }
                ItemKind::Net(net) => {
                    Some(with_body(&project, &net.name, SymbolKind::CLASS, &net.body))
                }
            })
            .collect()
    }

    /// The shape of each stage, branch, repeat and edit, at its end. In a block, where all of its
    /// calls agree.
    pub(super) fn inlay_hints(&self, path: &str, range: Range) -> Vec<InlayHint> {
        let Some(net) = self.compiled(path).net else { return Vec::new() };
        let Some(project) = self.project(path) else { return Vec::new() };
        let names = Names::of(&project);
        let ends = PathIndex::of(&project, &names).ends(&net);
        let mut stmts = Vec::new();
        for item in &project.file(project.root).items {
            match &item.kind {
                ItemKind::Import(_) => {}
                ItemKind::Block(block) => silent(&block.body, &mut stmts),
                ItemKind::Net(net) => silent(&net.body, &mut stmts),
            }
        }
        let hints = stmts.into_iter().filter_map(|span| {
            let mut shapes = ends.get(&(span.file, span.start))?.values().map(|&id| net.shape(id));
            let shape = shapes.next().filter(|first| shapes.all(|shape| shape == *first))?;
            let at = place::range(&project.sources, span).end;
            (range.start <= at && at <= range.end).then(|| hint(at, format!(":: {shape}")))
        });
        hints.collect()
    }
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

fn hint(position: lsp_types::Position, label: String) -> InlayHint {
    InlayHint {
        position,
        label: InlayHintLabel::String(label),
        kind: None,
        text_edits: None,
        tooltip: None,
        padding_left: Some(true),
        padding_right: None,
        data: None,
    }
}

fn with_body(project: &Project, name: &Name, kind: SymbolKind, body: &Body) -> DocumentSymbol {
    let children = body.stmts.iter().filter_map(|stmt| inner(project, stmt)).collect();
    symbol(project, name, kind, name.span.to(body.place.span), children)
}

fn inner(project: &Project, stmt: &Stmt) -> Option<DocumentSymbol> {
    let (name, kind) = match &stmt.kind {
        StmtKind::Input { name, .. } | StmtKind::Output { name, .. } => {
            (name, SymbolKind::INTERFACE)
        }
        StmtKind::Stage { label: Some(name), .. } => (name, SymbolKind::FIELD),
        StmtKind::Branch { name, .. } => (name, SymbolKind::VARIABLE),
        StmtKind::Repeat { label: Some(name), body, .. } => {
            return Some(with_body(project, name, SymbolKind::ARRAY, body));
        }
        StmtKind::Block(block) => {
            return Some(with_body(project, &block.name, SymbolKind::FUNCTION, &block.body));
        }
        _ => return None,
    };
    Some(symbol(project, name, kind, name.span.to(stmt.place.span), Vec::new()))
}

// The protocol's type has a field that is deprecated but has no default.
#[allow(deprecated)]
fn symbol(
    project: &Project,
    name: &Name,
    kind: SymbolKind,
    whole: Span,
    children: Vec<DocumentSymbol>,
) -> DocumentSymbol {
    DocumentSymbol {
        name: name.node.clone(),
        detail: None,
        kind,
        tags: None,
        deprecated: None,
        range: place::range(&project.sources, whole),
        selection_range: place::range(&project.sources, name.span),
        children: Some(children),
    }
}
