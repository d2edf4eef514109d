//! The walk over a file that finds its mentions.

use std::ops::Range;
use std::rc::Rc;

use super::segments::Home;
use super::{Def, Index, Kind, Mention, Names, names_of};
use crate::diag::Span;
use crate::graph::op;
use crate::syntax::ast::*;

impl<'a> Index<'a> {
    fn mention(&mut self, span: Span, def: Def<'a>) {
        self.mentions.push(Mention { span, def });
    }

    fn path(&mut self, path: &'a Name) {
        if let Some(file) = self.project.linked(self.file, &path.node) {
            self.mention(path.span, Def { kind: Kind::File, span: Span { file, start: 0, end: 0 } });
        }
    }

    pub(super) fn import(&mut self, import: &'a Import) {
        self.path(&import.path);
        for name in &import.names {
            if let Some(def) = self.imported(self.file, &import.path.node, &name.node) {
                self.mention(name.span, def);
            }
        }
    }

    /// A use of a value: a name in scope, or the path of a node from here or from further out.
    fn usage(&mut self, name: &str, span: Span) {
        let word = name.split('.').next().unwrap_or(name);
        let known = self.scopes.iter().rev().find_map(|names| names.get(word)).copied();
        if word == name
            && let Some(def) = known
        {
            return self.mention(span, def);
        }
        let around = (1..=self.bodies.len()).rev();
        let homes = around.map(|n| Home { file: self.file, bodies: self.bodies[..n].to_vec() });
        let mut found = homes.chain(self.base.clone()).map(|home| self.segments.of(home, name));
        match (found.find(|segments| !segments.is_empty()), known) {
            (Some(segments), _) => self.path_parts(span, segments),
            (None, Some(def)) => self.mention(Span { end: span.start + word.len(), ..span }, def),
            (None, None) => {}
        }
    }

    /// What an edit names: a path of the net that is extended in the end.
    fn target(&mut self, target: &Name) {
        if let Some(base) = self.base.clone() {
            let segments = self.segments.of(base, &target.node);
            self.path_parts(target.span, segments);
        }
    }

    fn path_parts(&mut self, path: Span, segments: Vec<(Range<usize>, Def<'a>)>) {
        for (part, def) in segments {
            self.mention(Span { start: path.start + part.start, end: path.start + part.end, ..path }, def);
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

    pub(super) fn block(&mut self, block: &'a Block) {
        self.mention(block.name.span, Def { kind: Kind::Block(block), span: block.name.span });
        let params = self.params(&block.params);
        self.scopes.push(Rc::new(params));
        self.in_head(&block.params);
        for shape in block.signature.iter().flat_map(|s| [&s.input, &s.output]) {
            self.exprs(&shape.node);
        }
        self.body(&block.body);
        self.scopes.pop();
    }

    pub(super) fn net(&mut self, net: &'a Net) {
        let depth = self.scopes.len();
        let parent = net.extends.as_ref().and_then(|e| self.project.linked(self.file, &e.path.node));
        let (inherited, base) = self.inherited(parent);
        self.base = base;
        let params = self.params(&net.params);
        self.scopes.push(Rc::new(params));
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
        self.base = None;
    }

    fn body(&mut self, body: &'a Body) {
        let names = names_of(body);
        for def in names.values().filter(|d| matches!(d.kind, Kind::Value)) {
            self.mention(def.span, *def);
        }
        self.scopes.push(Rc::new(names));
        self.bodies.push(body);
        for stmt in &body.stmts {
            self.stmt(stmt);
        }
        self.bodies.pop();
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
                self.usage(&source.node, source.span);
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
                self.target(&edit.target);
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
        if let Some(def) = known {
            self.mention(call.name.span, def);
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
            ExprKind::Name(name) => self.usage(name, expr.span),
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
