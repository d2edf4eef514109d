//! What each name of a file means: its definitions and uses.

use std::collections::BTreeMap;

use crate::diag::{FileId, Span};
use crate::graph::op;
use crate::syntax::Project;
use crate::syntax::ast::*;

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

/// All mentions in one file.
pub(super) struct Index<'a> {
    project: &'a Project,
    file: FileId,
    scopes: Vec<Names<'a>>,
    pub mentions: Vec<Mention<'a>>,
}

impl<'a> Index<'a> {
    pub(super) fn of(project: &'a Project, file: FileId) -> Index<'a> {
        let mut index = Index { project, file, scopes: Vec::new(), mentions: Vec::new() };
        index.scopes.push(index.top(file));
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
        self.project.file(file).items.iter().find_map(|item| match &item.kind {
            ItemKind::Block(b) if b.name.node == name => {
                Some(Def { kind: Kind::Block(b), span: b.name.span })
            }
            _ => None,
        })
    }

    fn mention(&mut self, span: Span, def: Def<'a>) {
        self.mentions.push(Mention { span, def });
    }

    fn path(&mut self, path: &'a Name) {
        if let Some(file) = self.project.linked(self.file, &path.node) {
            self.mention(path.span, Def { kind: Kind::File, span: Span { file, start: 0, end: 0 } });
        }
    }

    fn import(&mut self, import: &'a Import) {
        self.path(&import.path);
        for name in &import.names {
            if let Some(def) = self.imported(self.file, &import.path.node, &name.node) {
                self.mention(name.span, def);
            }
        }
    }

    /// A use of a name; of a dotted one, its first word.
    fn usage(&mut self, name: &'a Name) {
        let word = name.node.split('.').next().unwrap_or(&name.node);
        if let Some(def) = self.scopes.iter().rev().find_map(|names| names.get(word)).copied() {
            self.mention(Span { end: name.span.start + word.len(), ..name.span }, def);
        }
    }

    fn params(&mut self, params: &'a [Param]) -> Names<'a> {
        let mut names = Names::new();
        for param in params {
            let def = Def { kind: Kind::Param(param), span: param.name.span };
            self.mention(param.name.span, def);
            names.insert(&param.name.node, def);
        }
        names
    }

    fn in_head(&mut self, params: &'a [Param]) {
        for param in params {
            self.exprs(param.default.iter());
        }
    }

    fn block(&mut self, block: &'a Block) {
        self.mention(block.name.span, Def { kind: Kind::Block(block), span: block.name.span });
        let params = self.params(&block.params);
        self.scopes.push(params);
        self.in_head(&block.params);
        for shape in block.signature.iter().flat_map(|s| [&s.input, &s.output]) {
            self.exprs(&shape.node);
        }
        self.body(&block.body);
        self.scopes.pop();
    }

    fn net(&mut self, net: &'a Net) {
        let depth = self.scopes.len();
        let parent = net.extends.as_ref().and_then(|e| self.project.linked(self.file, &e.path.node));
        let inherited = self.inherited(parent);
        let params = self.params(&net.params);
        self.scopes.push(params);
        self.in_head(&net.params);
        for arg in net.extends.iter().flat_map(|e| &e.args) {
            if let Some(name) = &arg.name
                && let Some(def) = inherited.get(name.node.as_str())
            {
                self.mention(name.span, *def);
            }
            self.expr(&arg.value);
        }
        if let Some(extends) = &net.extends {
            self.path(&extends.path);
        }
        // What the net says itself hides what it inherits.
        self.scopes.insert(depth, inherited);
        self.body(&net.body);
        self.scopes.truncate(depth);
    }

    /// The names that the nets above a net give it.
    fn inherited(&self, mut parent: Option<FileId>) -> Names<'a> {
        let (mut names, mut seen) = (Names::new(), vec![self.file]);
        while let Some(file) = parent.filter(|file| !seen.contains(file)) {
            seen.push(file);
            parent = None;
            for item in &self.project.file(file).items {
                let ItemKind::Net(net) = &item.kind else { continue };
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
        names
    }

    fn body(&mut self, body: &'a Body) {
        let names = names_of(body);
        for def in names.values().filter(|d| matches!(d.kind, Kind::Value)) {
            self.mention(def.span, *def);
        }
        self.scopes.push(names);
        for stmt in &body.stmts {
            self.stmt(stmt);
        }
        self.scopes.pop();
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Input { shape, .. } | StmtKind::Output { shape, .. } => self.exprs(&shape.node),
            StmtKind::Stage { chain, shape, .. } => {
                self.chain(chain);
                self.exprs(shape.iter().flat_map(|s| &s.node));
            }
            StmtKind::Branch { source, chain, shape, .. } => {
                self.usage(source);
                self.chain(chain);
                self.exprs(shape.iter().flat_map(|s| &s.node));
            }
            StmtKind::Repeat { times, body, .. } => {
                self.expr(times);
                self.body(body);
            }
            StmtKind::Block(block) => self.block(block),
            StmtKind::Default(call) => self.call(call),
            StmtKind::Expect(condition) => self.expr(condition),
            StmtKind::Recipe { settings, .. } => self.exprs(settings.iter().map(|s| &s.value)),
            StmtKind::Edit(edit) => {
                self.usage(&edit.target);
                self.chain(&edit.chain);
            }
        }
    }

    fn chain(&mut self, chain: &'a [Element]) {
        chain.iter().for_each(|element| self.element(element));
    }

    fn element(&mut self, element: &'a Element) {
        match &element.kind {
            ElementKind::Call(call) => self.call(call),
            ElementKind::Group(chain) => self.chain(chain),
        }
        if let Some(guard) = &element.guard {
            self.expr(&guard.cond);
            if let Some(otherwise) = &guard.otherwise {
                self.element(otherwise);
            }
        }
    }

    fn call(&mut self, call: &'a Call) {
        let known = self.scopes.iter().rev().find_map(|names| names.get(call.name.node.as_str())).copied();
        if known.is_some() {
            self.usage(&call.name);
        } else if let Some(signature) = op::signature(&call.name.node) {
            let def = Def { kind: Kind::Op(signature), span: call.name.span };
            self.mention(call.name.span, def);
        }
        for arg in &call.args {
            if let (Some(name), Some(Def { kind: Kind::Block(block), .. })) = (&arg.name, known)
                && let Some(param) = block.params.iter().find(|p| p.name.node == name.node)
            {
                self.mention(name.span, Def { kind: Kind::Param(param), span: param.name.span });
            }
            self.expr(&arg.value);
        }
    }

    fn exprs(&mut self, exprs: impl IntoIterator<Item = &'a Expr>) {
        exprs.into_iter().for_each(|expr| self.expr(expr));
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &expr.node {
            ExprKind::Name(name) => {
                let word = name.split('.').next().unwrap_or(name);
                if let Some(def) = self.scopes.iter().rev().find_map(|names| names.get(word)).copied() {
                    self.mention(Span { end: expr.span.start + word.len(), ..expr.span }, def);
                }
            }
            ExprKind::List(items) | ExprKind::Call { args: items, .. } => self.exprs(items),
            ExprKind::Unary(_, x) => self.expr(x),
            ExprKind::Binary(_, x, y) | ExprKind::Index(x, y) => {
                self.expr(x);
                self.expr(y);
            }
            ExprKind::Int { .. }
            | ExprKind::Float { .. }
            | ExprKind::Bool(_)
            | ExprKind::Str(_)
            | ExprKind::Same => {}
        }
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
