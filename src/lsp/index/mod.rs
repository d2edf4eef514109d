//! What each name of a file means: its definitions and uses.

mod segments;
mod walk;

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::diag::{FileId, Span};
use crate::graph::op;
use crate::syntax::Project;
use crate::syntax::ast::*;

pub(super) use segments::calls;
use segments::{Home, Segments};

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind<'a> {
    Block(&'a Block),
    Param(&'a Param),
    Value,
    Op(&'static op::Signature),
    File,
}

/// A definition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Def<'a> {
    pub kind: Kind<'a>,
    /// The name where it is defined.
    pub span: Span,
}

/// One mention of a name; a definition mentions itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mention<'a> {
    pub span: Span,
    pub def: Def<'a>,
}

type Names<'a> = BTreeMap<&'a str, Def<'a>>;

/// The names that the nets above a net give it, and the topmost of these nets.
type Legacy<'a> = (Rc<Names<'a>>, Option<Home<'a>>);

/// All mentions in one file.
pub(super) struct Index<'a> {
    project: &'a Project,
    file: FileId,
    /// What names mean, innermost last.
    scopes: Vec<Rc<Names<'a>>>,
    /// The bodies around the present place, innermost last.
    bodies: Vec<&'a Body>,
    /// The net without a parent that the file's net comes down to, whose paths edits name.
    base: Option<Home<'a>>,
    segments: Segments<'a>,
    /// What the nets that extend a file inherit.
    legacies: BTreeMap<FileId, Legacy<'a>>,
    pub mentions: Vec<Mention<'a>>,
}

impl<'a> Index<'a> {
    pub(super) fn of(project: &'a Project, file: FileId) -> Index<'a> {
        let mut index = Index {
            project,
            file,
            scopes: Vec::new(),
            bodies: Vec::new(),
            base: None,
            segments: Segments::new(project),
            legacies: BTreeMap::new(),
            mentions: Vec::new(),
        };
        index.scopes.push(Rc::new(index.top(file)));
        for item in &project.file(file).items {
            match &item.kind {
                ItemKind::Import(import) => index.import(import),
                ItemKind::Block(block) => index.block(block),
                ItemKind::Net(net) => index.net(net),
            }
        }
        index
    }

    pub(super) fn at(&self, offset: usize) -> Option<&Mention<'a>> {
        self.mentions.iter().find(|m| m.span.start <= offset && offset <= m.span.end)
    }

    /// A block of this name that the file mentions.
    pub(super) fn scope_block(&self, name: &str) -> Option<&'a Block> {
        self.mentions.iter().find_map(|m| match m.def.kind {
            Kind::Block(block) if block.name.node == name => Some(block),
            _ => None,
        })
    }

    fn top(&self, file: FileId) -> Names<'a> {
        let mut names = Names::new();
        for item in &self.project.file(file).items {
            match &item.kind {
                ItemKind::Block(block) => {
                    names.insert(&block.name.node, Def { kind: Kind::Block(block), span: block.name.span });
                }
                ItemKind::Import(import) => {
                    for name in &import.names {
                        if let Some(def) = self.imported(file, &import.path.node, &name.node) {
                            names.insert(&name.node, def);
                        }
                    }
                }
                ItemKind::Net(_) => {}
            }
        }
        names
    }

    fn imported(&self, from: FileId, path: &str, name: &str) -> Option<Def<'a>> {
        let file = self.project.linked(from, path)?;
        let (block, home) = self.project.block(file, name)?;
        (home == file).then_some(Def { kind: Kind::Block(block), span: block.name.span })
    }

    fn inherited(&mut self, parent: Option<FileId>) -> Legacy<'a> {
        let Some(parent) = parent else { return Legacy::default() };
        if let Some(known) = self.legacies.get(&parent) {
            return known.clone();
        }
        let legacy = self.legacy(Some(parent));
        self.legacies.insert(parent, legacy.clone());
        legacy
    }

    fn legacy(&self, mut parent: Option<FileId>) -> Legacy<'a> {
        let (mut names, mut base, mut seen) = (Names::new(), None, vec![self.file]);
        while let Some(file) = parent.filter(|file| !seen.contains(file)) {
            seen.push(file);
            parent = None;
            for item in &self.project.file(file).items {
                let ItemKind::Net(net) = &item.kind else { continue };
                base = Some(Home { file, bodies: vec![&net.body] });
                for param in &net.params {
                    let def = Def { kind: Kind::Param(param), span: param.name.span };
                    names.entry(&param.name.node).or_insert(def);
                }
                for (name, def) in names_of(&net.body) {
                    names.entry(name).or_insert(def);
                }
                parent = net.extends.as_ref().and_then(|e| self.project.linked(file, &e.path.node));
            }
            for (name, def) in self.top(file) {
                names.entry(name).or_insert(def);
            }
        }
        (Rc::new(names), base)
    }
}

/// The blocks and values that a body defines.
fn names_of(body: &Body) -> Names<'_> {
    let mut names = Names::new();
    for stmt in &body.stmts {
        let name = match &stmt.kind {
            StmtKind::Input { name, .. } | StmtKind::Output { name, .. } | StmtKind::Branch { name, .. } => {
                name
            }
            StmtKind::Stage { label: Some(name), .. } | StmtKind::Repeat { label: Some(name), .. } => name,
            StmtKind::Block(block) => {
                let def = Def { kind: Kind::Block(block), span: block.name.span };
                names.entry(block.name.node.as_str()).or_insert(def);
                continue;
            }
            _ => continue,
        };
        names.entry(name.node.as_str()).or_insert(Def { kind: Kind::Value, span: name.span });
    }
    names
}
