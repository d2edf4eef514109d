//! What concerns a file as a whole: its form and its outline.

use std::collections::BTreeSet;

use gen_lsp_types::{BaseSymbolInformation, DocumentSymbol, SymbolKind, TextEdit, WorkspaceSymbol};

use super::place;
use super::server::Server;
use crate::diag::{Sources, Span};
use crate::syntax::ast::{Body, ItemKind, Name, Stmt, StmtKind};
use crate::syntax::{self, Project};

/// How many symbols of the workspace are listed.
const MAX_FOUND: usize = 200;

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
                    Some(with_body(&project, &b.name, SymbolKind::Function, &b.body))
                }
                ItemKind::Net(net) => {
                    Some(with_body(&project, &net.name, SymbolKind::Class, &net.body))
                }
            })
            .collect()
    }

    /// The blocks and nets of all projects that the editor works on whose names hold the letters of
    /// a query in its order.
    pub(super) fn find_symbols(&self, query: &str) -> Vec<WorkspaceSymbol> {
        let mut found = Vec::new();
        for file in self.project_files() {
            let Some(project) = self.project(&file) else { continue };
            for item in &project.file(project.root).items {
                let (name, kind) = match &item.kind {
                    ItemKind::Import(_) => continue,
                    ItemKind::Block(block) => (&block.name, SymbolKind::Function),
                    ItemKind::Net(net) => (&net.name, SymbolKind::Class),
                };
                let Some(location) = place::location(&project.sources, name.span) else { continue };
                if holds(&name.node, query) {
                    found.push(WorkspaceSymbol {
                        location: location.into(),
                        data: None,
                        base_symbol_information: BaseSymbolInformation {
                            name: name.node.clone(),
                            kind,
                            tags: None,
                            container_name: None,
                        },
                    });
                }
            }
            if found.len() >= MAX_FOUND {
                break;
            }
        }
        found.truncate(MAX_FOUND);
        found
    }

    /// The open files and those of the folders and projects that the editor works on.
    fn project_files(&self) -> BTreeSet<String> {
        let projects = self.texts.keys().filter_map(|path| syntax::project_folder(path));
        let folders: BTreeSet<String> = projects.chain(self.folders.iter().cloned()).collect();
        let below = folders.iter().flat_map(|folder| syntax::nets_below(folder).paths);
        below.chain(self.texts.keys().cloned()).collect()
    }
}

fn holds(name: &str, query: &str) -> bool {
    let mut letters = name.chars().map(|c| c.to_ascii_lowercase());
    query.chars().all(|wanted| letters.any(|letter| letter == wanted.to_ascii_lowercase()))
}

fn with_body(project: &Project, name: &Name, kind: SymbolKind, body: &Body) -> DocumentSymbol {
    let children = body.stmts.iter().filter_map(|stmt| inner(project, stmt)).collect();
    symbol(project, name, kind, name.span.to(body.place.span), children)
}

fn inner(project: &Project, stmt: &Stmt) -> Option<DocumentSymbol> {
    let (name, kind) = match &stmt.kind {
        StmtKind::Input { name, .. } | StmtKind::Output { name, .. } => {
            (name, SymbolKind::Interface)
        }
        StmtKind::Stage { label: Some(name), .. } => (name, SymbolKind::Field),
        StmtKind::Branch { name, .. } => (name, SymbolKind::Variable),
        StmtKind::Repeat { label: Some(name), body, .. } => {
            return Some(with_body(project, name, SymbolKind::Array, body));
        }
        StmtKind::Block(block) => {
            return Some(with_body(project, &block.name, SymbolKind::Function, &block.body));
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
