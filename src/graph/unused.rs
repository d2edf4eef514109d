//! What a file declares and never mentions. Based on the text alone, so that a false guard hides
//! no use.

use std::collections::HashSet;

use crate::diag::{Code, Problem, Problems};
use crate::syntax::ast::{
    Arg, Block, Body, Call, Element, ElementKind, Expr, ExprKind, File, ItemKind, Name, Param, Signature,
    Stmt, StmtKind, Type,
};

/// Warns of imports, blocks and parameters of a file that nothing in it mentions. Blocks of a file
/// without a net are meant for other files.
pub(super) fn unused(file: &File, problems: &mut Problems) {
    let mut all = Mentions::default();
    for item in &file.items {
        match &item.kind {
            ItemKind::Import(_) => {}
            ItemKind::Block(block) => all.block(block),
            ItemKind::Net(net) => {
                all.params(&net.params);
                all.args(net.extends.iter().flat_map(|e| &e.args));
                all.body(&net.body);
            }
        }
    }
    let has_net = file.items.iter().any(|item| matches!(item.kind, ItemKind::Net(_)));
    for item in &file.items {
        match &item.kind {
            ItemKind::Import(import) => {
                let names = import.names.iter().filter(|name| !all.calls.contains(name.node.as_str()));
                names.for_each(|name| warn(Code::UnusedImport, name, "is imported and never used", problems));
            }
            ItemKind::Block(block) => {
                if has_net && !all.calls.contains(block.name.node.as_str()) {
                    warn(Code::UnusedBlock, &block.name, "is never used", problems);
                }
                in_block(block, problems);
            }
            ItemKind::Net(net) => {
                let mut own = Mentions::default();
                own.params(&net.params);
                own.args(net.extends.iter().flat_map(|e| &e.args));
                own.body(&net.body);
                params(&net.params, &own, problems);
                locals(&net.body, problems);
            }
        }
    }
}

fn in_block(block: &Block, problems: &mut Problems) {
    let mut own = Mentions::default();
    own.block(block);
    params(&block.params, &own, problems);
    locals(&block.body, problems);
}

fn params(params: &[Param], own: &Mentions<'_>, problems: &mut Problems) {
    let unused = params.iter().filter(|param| !own.names.contains(param.name.node.as_str()));
    unused.for_each(|param| warn(Code::UnusedParameter, &param.name, "is declared and never used", problems));
}

fn locals(body: &Body, problems: &mut Problems) {
    let mut here = Mentions::default();
    here.body(body);
    for stmt in &body.stmts {
        if let StmtKind::Block(block) = &stmt.kind {
            if !here.calls.contains(block.name.node.as_str()) {
                warn(Code::UnusedBlock, &block.name, "is never used", problems);
            }
            in_block(block, problems);
        }
    }
}

fn warn(code: Code, name: &Name, what: &str, problems: &mut Problems) {
    problems.push(
        Problem::new(code, name.span, format!("`{}` {what}", name.node))
            .label("nothing mentions it")
            .help("remove it, or use it"),
    );
}

/// The blocks and ops that a text calls, and the names that its expressions mention.
#[derive(Default)]
struct Mentions<'a> {
    calls: HashSet<&'a str>,
    names: HashSet<&'a str>,
}

impl<'a> Mentions<'a> {
    fn block(&mut self, block: &'a Block) {
        self.params(&block.params);
        if let Some(Signature { input, output }) = &block.signature {
            input.node.iter().chain(&output.node).for_each(|dim| self.expr(dim));
        }
        self.body(&block.body);
    }

    fn params(&mut self, params: &'a [Param]) {
        for param in params {
            param.default.iter().for_each(|default| self.expr(default));
            param.ty.iter().for_each(|ty| self.ty(&ty.node));
        }
    }

    fn ty(&mut self, ty: &'a Type) {
        match ty {
            Type::Int(range) | Type::Float(range) => {
                range.iter().for_each(|(low, high)| {
                    self.expr(low);
                    self.expr(high);
                });
            }
            Type::OneOf(options) | Type::Subset(options) => options.iter().for_each(|o| self.expr(o)),
            Type::List(of) => self.ty(&of.node),
            Type::Bool => {}
        }
    }

    fn body(&mut self, body: &'a Body) {
        body.stmts.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Input { shape, .. } | StmtKind::Output { shape, .. } => {
                shape.node.iter().for_each(|dim| self.expr(dim));
            }
            StmtKind::Stage { chain, shape, .. } | StmtKind::Branch { chain, shape, .. } => {
                self.chain(chain);
                shape.iter().flat_map(|s| &s.node).for_each(|dim| self.expr(dim));
            }
            StmtKind::Repeat { times, body, .. } => {
                self.expr(times);
                self.body(body);
            }
            StmtKind::Block(block) => self.block(block),
            StmtKind::Default(call) => self.call(call),
            StmtKind::Expect(condition) => self.expr(condition),
            StmtKind::Recipe { settings, .. } => settings.iter().for_each(|s| self.expr(&s.value)),
            StmtKind::Edit(edit) => self.chain(&edit.chain),
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
            guard.otherwise.iter().for_each(|other| self.element(other));
        }
    }

    fn call(&mut self, call: &'a Call) {
        self.calls.insert(&call.name.node);
        self.args(&call.args);
    }

    fn args(&mut self, args: impl IntoIterator<Item = &'a Arg>) {
        args.into_iter().for_each(|arg| self.expr(&arg.value));
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &expr.node {
            ExprKind::Name(name) => {
                self.names.insert(name);
            }
            ExprKind::List(items) | ExprKind::Call { args: items, .. } => {
                items.iter().for_each(|e| self.expr(e))
            }
            ExprKind::Unary(_, operand) => self.expr(operand),
            ExprKind::Binary(_, left, right) | ExprKind::Index(left, right) => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::Int { .. }
            | ExprKind::Float { .. }
            | ExprKind::Bool(_)
            | ExprKind::Str(_)
            | ExprKind::Same => {}
        }
    }
}
