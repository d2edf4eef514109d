//! The net of a file: its ancestors, its parameters, and the evaluation of its body.

use std::rc::Rc;

use super::env::Env;
use super::expander::{Expander, Frame};
use super::parameters::{Level, Override};
use super::values::Values;
use crate::diag::{Code, FileId, Problem};
use crate::graph::{Claim, Setting};
use crate::syntax::ast::{Expr, ExprKind, Net, Stmt, StmtKind};

impl<'a> Expander<'a> {
    /// Resolves the root file's net; false if it has none.
    pub(super) fn net(&mut self, overrides: &[Override]) -> bool {
        let Some(mut levels) = self.lineage() else {
            self.nothing();
            return false;
        };
        self.graph.name = levels[0].net.name.node.clone();
        self.parameters(&mut levels, overrides);
        self.run_levels(&levels, !overrides.is_empty());
        if levels.last().is_some_and(|base| lacks_its_parent(base.net)) {
            return true;
        }
        self.unused_edits();
        true
    }

    /// The net and its ancestors, the file's own net first.
    fn lineage(&mut self) -> Option<Vec<Level<'a>>> {
        let mut file = self.project.root;
        let mut levels: Vec<Level<'a>> = Vec::new();
        loop {
            let Some(net) = self.project.file(file).nets().next() else {
                if let Some(extends) = levels.last().and_then(|l| l.net.extends.as_ref()) {
                    let message = format!("`{}` has no net to extend", extends.path.node);
                    self.problems.push(Problem::new(Code::Structure, extends.path.span, message));
                }
                break;
            };
            self.only_net(file, net);
            levels.push(Level { file, net, scope: self.scope.emptied() });
            match net.extends.as_ref().and_then(|e| self.project.linked(file, &e.path.node)) {
                Some(parent) => file = parent,
                None => break,
            }
        }
        (!levels.is_empty()).then_some(levels)
    }

    fn only_net(&mut self, file: FileId, first: &Net) {
        for net in self.project.file(file).nets().skip(1) {
            self.problems.push(
                Problem::new(Code::Structure, net.name.span, "a file holds one net")
                    .label("a second net")
                    .related(first.name.span, "the first net")
                    .help("put it into a file of its own"),
            );
        }
    }

    fn run_levels(&mut self, levels: &[Level<'a>], overridden: bool) {
        let mut env: Option<Rc<Env<'a>>> = None;
        let mut envs = Vec::new();
        for level in levels.iter().rev() {
            let mut scope = env.as_ref().map_or_else(|| self.scope.emptied(), |e| e.scope.clone());
            scope.extend(&level.scope);
            self.lets(level.net, &mut scope);
            env = Some(Rc::new(Env { scope, body: &level.net.body, outer: env.take() }));
            envs.extend(env.clone());
        }
        for (depth, (level, env)) in levels.iter().rev().zip(&envs).enumerate() {
            let last = depth + 1 == levels.len();
            let extends = depth > 0 || level.net.extends.is_some();
            for stmt in &level.net.body.stmts {
                if self.problems.is_full() {
                    return;
                }
                self.declaration(stmt, level.file, env, extends, last && !overridden);
            }
        }
        if let (Some(base), Some(env)) = (levels.last(), envs.first()) {
            self.base(base, env);
        }
    }

    /// Statements about the net as a whole, at any level.
    fn declaration(
        &mut self,
        stmt: &'a Stmt,
        file: FileId,
        env: &Rc<Env<'a>>,
        extends: bool,
        claims_hold: bool,
    ) {
        match &stmt.kind {
            StmtKind::Default(call) => self.default_line(call, env),
            StmtKind::Expect(condition) if claims_hold || !speaks_of_cost(condition) => {
                match self.value_in(condition) {
                    Some(problem) => self.problems.push(problem),
                    None => self.graph.claims.push(Claim::Expect {
                        condition: condition.clone(),
                        scope: env.scope.clone(),
                    }),
                }
            }
            StmtKind::Recipe { settings, .. } => {
                for setting in settings {
                    let written = &setting.value;
                    if let Some(value) = self.report(env.scope.eval(written)) {
                        let (key, span) = (setting.key.clone(), setting.value.span);
                        let inherited = file != self.project.root;
                        let literal = written.names().is_empty();
                        let setting = Setting { key, value, span, inherited, literal };
                        self.graph.settings.push(setting);
                    }
                }
            }
            StmtKind::Edit(edit) => self.declared_edit(edit, stmt.place.span, env, extends),
            StmtKind::Input { .. }
            | StmtKind::Output { .. }
            | StmtKind::Stage { .. }
            | StmtKind::Branch { .. }
            | StmtKind::Repeat { .. }
                if extends =>
            {
                self.problems.push(
                    Problem::new(
                        Code::Structure,
                        stmt.place.span,
                        "a net that extends another takes its stages from there",
                    )
                    .label("not allowed here")
                    .help("put it in place by an edit: `after layer1: conv_bn`"),
                );
            }
            _ => {}
        }
    }

    fn base(&mut self, base: &Level<'a>, env: &Rc<Env<'a>>) {
        for param in &base.net.params {
            self.check_parameter_name(&param.name, env);
        }
        let mut frame = Frame {
            env: env.clone(),
            values: Values::default(),
            prefix: String::new(),
            cursor: None,
        };
        let body = &base.net.body;
        self.repeated_names(&body.stmts);
        self.common_labels("", &body.stmts);
        self.one_input_and_output(body);
        self.stages_before_input(body);
        self.stages_after_output(body);
        // First, wherever it stands.
        let mut inputs = body.stmts.iter().filter_map(|stmt| match &stmt.kind {
            StmtKind::Input { name, shape } => Some((name, shape)),
            _ => None,
        });
        if let Some((name, shape)) = inputs.next() {
            self.input(&mut frame, name, shape);
        }
        for stmt in &body.stmts {
            match &stmt.kind {
                StmtKind::Let(param) => self.check_parameter_name(&param.name, env),
                StmtKind::Input { .. }
                | StmtKind::Output { .. }
                | StmtKind::Default(_)
                | StmtKind::Expect(_)
                | StmtKind::Recipe { .. }
                | StmtKind::Edit(_) => {}
                _ => self.statement(&mut frame, stmt),
            }
        }
        // Last, wherever it stands.
        let mut outputs = body.stmts.iter().filter_map(|stmt| match &stmt.kind {
            StmtKind::Output { name, shape } => Some((name, shape)),
            _ => None,
        });
        let output = outputs.next();
        if let Some((name, shape)) = output {
            self.output(&mut frame, name, shape);
        }
        if lacks_its_parent(base.net) {
            return;
        }
        let name = &base.net.name;
        if self.graph.inputs().is_empty() && !self.problems.has_errors() {
            let message = format!("the net `{}` has no input", name.node);
            self.problems.push(
                Problem::new(Code::Structure, name.span, message)
                    .help("add `input image: [N, 3, 32, 32]`"),
            );
        }
        if output.is_none() {
            let message = format!("the net `{}` has no output", name.node);
            self.problems.push(
                Problem::new(Code::Structure, name.span, message)
                    .help("end it with `output logits: [N, 10]`"),
            );
        }
    }
}

/// Whether an expression mentions `params` or `macs`.
fn speaks_of_cost(expr: &Expr) -> bool {
    let cost = |name: &str| name == "params" || name == "macs";
    expr.names().iter().any(|name| matches!(&name.node, ExprKind::Name(name) if cost(name)))
}

/// Whether the last net of a lineage extends one that is no net, or cannot be read.
fn lacks_its_parent(base: &Net) -> bool {
    base.extends.is_some()
}
