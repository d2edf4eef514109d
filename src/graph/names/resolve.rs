//! The traversal of a project that resolves its names.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use super::definition::{Def, NameKind, Reference, ReferenceRole, key};
use super::path::PathLookup;
use super::scope::{NameScope, blocks, label, unread};
use super::table::Names;
use crate::diag::{FileId, Span};
use crate::graph::op;
use crate::syntax::Project;
use crate::syntax::ast::{
    Arg, Block, Body, Call, Element, ElementKind, Expr, ExprKind, Import, ItemKind, Name, Net,
    Param, Rounds, Stmt, StmtKind,
};

struct NameResolver<'p> {
    names: Names<'p>,
    file: FileId,
    /// The scope of the net that the current one extends.
    parent: Option<Rc<NameScope<'p>>>,
    /// Paths to look up once all calls are resolved.
    paths: Vec<Path<'p>>,
    arguments: Vec<(&'p Name, &'p Block)>,
}

/// The path of a node, from the body of its scope or an enclosing one.
struct Path<'p> {
    scope: Rc<NameScope<'p>>,
    text: &'p str,
    span: Span,
    /// The reference to its first name, if no node has this path.
    instead: Option<Reference<'p>>,
}

impl<'p> Names<'p> {
    /// Resolves the names of a project.
    pub fn of(project: &'p Project) -> Names<'p> {
        let names = Names {
            project,
            references: BTreeMap::new(),
            scopes: HashMap::new(),
            blocks: blocks(project),
            unread: unread(project),
            starts: HashSet::new(),
            segments: HashMap::new(),
        };
        let mut resolver = NameResolver {
            names,
            file: project.root,
            parent: None,
            paths: Vec::new(),
            arguments: Vec::new(),
        };
        for (&file, tree) in &project.files {
            resolver.file = file;
            for item in &tree.items {
                match &item.kind {
                    ItemKind::Import(import) => resolver.import(import),
                    ItemKind::Block(block) => resolver.block(block, None),
                    ItemKind::Net(net) => resolver.net(net),
                }
            }
        }
        resolver.arguments();
        let NameResolver { mut names, paths, .. } = resolver;
        let mut nodes = PathLookup::new(&names);
        let found: Vec<Reference<'p>> =
            paths.iter().flat_map(|path| path.parts(&mut nodes)).collect();
        names.references.extend(found.into_iter().map(|part| (key(part.span), part)));
        names
    }
}

impl<'p> Path<'p> {
    fn parts(&self, nodes: &mut PathLookup<'_, 'p>) -> Vec<Reference<'p>> {
        let bodies = self.scope.chain().map(|scope| scope.body);
        let mut found = bodies.map(|body| nodes.follow(body, self.text, self.span));
        let found = found.find(|parts| !parts.is_empty());
        found.unwrap_or_else(|| self.instead.into_iter().collect())
    }
}

impl<'p> NameResolver<'p> {
    fn refer(&mut self, span: Span, def: Def<'p>, role: ReferenceRole) {
        self.names.references.insert(key(span), Reference { span, def, role });
    }

    fn define(&mut self, name: &Name, kind: NameKind<'p>) {
        self.refer(name.span, Def { kind, span: name.span }, ReferenceRole::Definition);
    }

    fn linked(&mut self, path: &Name) -> Option<FileId> {
        let file = self.names.project.linked(self.file, &path.node)?;
        let def = Def { kind: NameKind::File, span: Span { file, start: 0, end: 0 } };
        self.refer(path.span, def, ReferenceRole::Mention);
        Some(file)
    }

    fn import(&mut self, import: &'p Import) {
        let from = self.linked(&import.path);
        for name in &import.names {
            let Some(from) = from else {
                self.define(name, NameKind::Unread);
                continue;
            };
            let def = self.names.blocks.get(&(from, name.node.as_str())).copied();
            if let Some(def) = def.filter(|def| def.span.file == from) {
                self.refer(name.span, def, ReferenceRole::Mention);
            }
        }
    }

    fn block(&mut self, block: &'p Block, outer: Option<&Rc<NameScope<'p>>>) {
        self.define(&block.name, NameKind::Block(block, outer.map(|scope| scope.body)));
        let scope = self.scope(self.file, &block.params, &block.body, outer.cloned());
        self.params(&scope, &block.params);
        for shape in block.signature.iter().flat_map(|s| [&s.input, &s.output]) {
            self.exprs(&scope, &shape.node);
        }
        self.body(&scope);
    }

    fn net(&mut self, net: &'p Net) {
        self.parent = self.parent_of(net);
        let scope = self.scope(self.file, &net.params, &net.body, self.parent.clone());
        self.params(&scope, &net.params);
        if let Some(extends) = &net.extends {
            self.linked(&extends.path);
            for Arg { name, value } in &extends.args {
                if let (Some(name), Some(parent)) = (name, &self.parent)
                    && let Some(def) = self.names.value(parent, &name.node)
                {
                    self.refer(name.span, def, ReferenceRole::Mention);
                }
                self.exprs(&scope, [value]);
            }
        }
        self.body(&scope);
        self.parent = None;
    }

    /// The scope of the net that a net of this file extends.
    fn parent_of(&mut self, net: &'p Net) -> Option<Rc<NameScope<'p>>> {
        let project = self.names.project;
        let parent = |(file, net): (FileId, &'p Net)| {
            let file = project.linked(file, &net.extends.as_ref()?.path.node)?;
            Some((file, project.file(file).nets().next()?))
        };
        let mut line = vec![(self.file, net)];
        while let Some(next) = line.last().copied().and_then(parent)
            && line.iter().all(|(file, _)| *file != next.0)
        {
            line.push(next);
        }
        line.drain(..1);
        line.into_iter()
            .rev()
            .fold(None, |outer, (file, net)| Some(self.scope(file, &net.params, &net.body, outer)))
    }

    fn scope(
        &mut self,
        file: FileId,
        params: &'p [Param],
        body: &'p Body,
        outer: Option<Rc<NameScope<'p>>>,
    ) -> Rc<NameScope<'p>> {
        let known = self.names.scopes.entry(key(body.place.span));
        known.or_insert_with(|| Rc::new(NameScope::new(file, params, body, outer))).clone()
    }

    fn params(&mut self, scope: &Rc<NameScope<'p>>, params: &'p [Param]) {
        for param in params {
            self.define(&param.name, NameKind::Param(param));
            self.exprs(scope, &param.default);
            self.exprs(scope, param.ty.iter().flat_map(|ty| ty.node.exprs()));
        }
    }

    fn body(&mut self, scope: &Rc<NameScope<'p>>) {
        self.starts(scope);
        self.names.number_body(scope.body);
        for stmt in &scope.body.stmts {
            if let Some(name) = label(&stmt.kind) {
                self.define(name, NameKind::Value);
            }
            self.stmt(scope, stmt);
        }
    }

    /// Finds the stages that start from a value.
    fn starts(&mut self, scope: &Rc<NameScope<'p>>) {
        for stmt in &scope.body.stmts {
            if let StmtKind::Stage { chain, .. } = &stmt.kind
                && let Some(Element { kind: ElementKind::Call(call), .. }) = chain.first()
                && self.names.starts_from(scope, call)
            {
                self.names.starts.insert(key(call.place.span));
            }
        }
    }

    fn stmt(&mut self, scope: &Rc<NameScope<'p>>, stmt: &'p Stmt) {
        match &stmt.kind {
            StmtKind::Input { shape, .. } | StmtKind::Output { shape, .. } => {
                self.exprs(scope, &shape.node)
            }
            StmtKind::Stage { label, chain, shape } => {
                if label.is_some() {
                    self.names.number_chain(chain);
                }
                let (start, chain) = self.names.start(chain);
                if let Some(start) = start {
                    self.value(scope, &start.node, start.span);
                }
                self.chain(scope, chain);
                self.exprs(scope, shape.iter().flat_map(|s| &s.node));
            }
            StmtKind::Branch { source, chain, shape, .. } => {
                self.value(scope, &source.node, source.span);
                self.names.number_chain(chain);
                self.chain(scope, chain);
                self.exprs(scope, shape.iter().flat_map(|s| &s.node));
            }
            StmtKind::Repeat { rounds, body, .. } => self.repeat(scope, rounds, body),
            StmtKind::Let(param) => {
                self.define(&param.name, NameKind::Param(param));
                self.exprs(scope, &param.default);
            }
            StmtKind::Block(block) => self.block(block, Some(scope)),
            StmtKind::Default(call) => self.call(scope, call),
            StmtKind::Expect(condition) => self.exprs(scope, [condition]),
            StmtKind::Recipe { settings, .. } => {
                self.exprs(scope, settings.iter().map(|s| &s.value))
            }
            StmtKind::Edit(edit) => {
                if let Some(scope) = self.parent.clone().filter(|_| !edit.is_pattern()) {
                    let (text, span) = (&edit.target.node, edit.target.span);
                    self.paths.push(Path { scope, text, span, instead: None });
                }
                self.names.number_chain(&edit.chain);
                self.chain(scope, &edit.chain);
            }
        }
    }

    fn repeat(&mut self, scope: &Rc<NameScope<'p>>, rounds: &'p Rounds, body: &'p Body) {
        self.exprs(scope, rounds.over.exprs());
        let inner = self.scope(self.file, &rounds.names, body, Some(scope.clone()));
        self.params(&inner, &rounds.names);
        self.body(&inner);
    }

    fn chain(&mut self, scope: &Rc<NameScope<'p>>, chain: &'p [Element]) {
        chain.iter().for_each(|element| self.element(scope, element));
    }

    fn element(&mut self, scope: &Rc<NameScope<'p>>, element: &'p Element) {
        match &element.kind {
            ElementKind::Call(call) => self.call(scope, call),
            ElementKind::Group(chain) => self.chain(scope, chain),
            ElementKind::Repeat(repeat) => self.repeat(scope, &repeat.rounds, &repeat.body),
        }
        if let Some(guard) = &element.guard {
            self.exprs(scope, [&guard.cond]);
            guard.otherwise.iter().for_each(|otherwise| self.element(scope, otherwise));
        }
    }

    fn call(&mut self, scope: &Rc<NameScope<'p>>, call: &'p Call) {
        let Name { node: name, span } = &call.name;
        let op = || {
            op::signature(name).map(|signature| Def { kind: NameKind::Op(signature), span: *span })
        };
        let def =
            self.names.block(scope, name).or_else(op).or_else(|| self.names.value(scope, name));
        if let Some(def) = def {
            self.refer(*span, def, ReferenceRole::Use);
        }
        for Arg { name, value } in &call.args {
            if let (Some(name), Some(Def { kind: NameKind::Block(block, _), .. })) = (name, def) {
                self.arguments.push((name, block));
            }
            self.exprs(scope, [value]);
        }
    }

    fn arguments(&mut self) {
        for (name, block) in std::mem::take(&mut self.arguments) {
            let scope = self.names.scopes.get(&key(block.body.place.span));
            if let Some(param) = scope.and_then(|scope| scope.param(&name.node)) {
                self.refer(name.span, param, ReferenceRole::Mention);
            }
        }
    }

    fn exprs(&mut self, scope: &Rc<NameScope<'p>>, exprs: impl IntoIterator<Item = &'p Expr>) {
        for mention in exprs.into_iter().flat_map(|expr| expr.names()) {
            if let ExprKind::Name(name) = &mention.node {
                self.value(scope, name, mention.span);
            }
        }
    }

    /// A use of a parameter or value: a name in scope, or the path of a node from this scope or an
    /// enclosing one.
    fn value(&mut self, scope: &Rc<NameScope<'p>>, text: &'p str, span: Span) {
        let word = text.split('.').next().unwrap_or(text);
        let first = Span { end: span.start + word.len(), ..span };
        match self.names.value(scope, word) {
            Some(def) if word == text => self.refer(span, def, ReferenceRole::Use),
            def => {
                let op = || {
                    let signature = op::signature(text)?;
                    Some(Reference {
                        span,
                        def: Def { kind: NameKind::Op(signature), span },
                        role: ReferenceRole::Use,
                    })
                };
                let instead =
                    def.map(|def| Reference { span: first, def, role: ReferenceRole::Mention });
                let instead = instead.or_else(op);
                self.paths.push(Path { scope: scope.clone(), text, span, instead });
            }
        }
    }
}
