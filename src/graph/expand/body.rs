//! Statements: those that move the cursor and those that name a value.

use std::rc::Rc;

use super::elsewhere;
use super::env::Env;
use super::expander::{Expander, Frame, join};
use super::values::Flow;
use crate::diag::elsewhere::is_of_a_module;
use crate::diag::{Code, Problem, Span};
use crate::graph::eval::is_symbol;
use crate::graph::{Claim, Claimant, Op, Scope, Shape, Value, op};
use crate::syntax::ast::{Body, Element, ElementKind, Name, ShapeExpr, Stmt, StmtKind};

impl<'a> Expander<'a> {
    /// Runs a body from its cursor to its last one.
    pub(super) fn body(&mut self, frame: &mut Frame<'a>, body: &'a Body) {
        let Some(first) = body.stmts.first() else { return };
        if !self.may_go_on(body.stmts.len(), first.place.span) {
            return;
        }
        self.repeated_names(&body.stmts);
        self.common_labels(&frame.prefix, &body.stmts);
        for stmt in &body.stmts {
            self.statement(frame, stmt);
        }
    }

    pub(super) fn statement(&mut self, frame: &mut Frame<'a>, stmt: &'a Stmt) {
        self.exhausted |= self.problems.is_full();
        if self.exhausted {
            frame.cursor = None;
            return;
        }
        match &stmt.kind {
            StmtKind::Stage { label, chain, shape } => {
                let (start, rest) = self.start(frame, stmt, chain);
                let flow = match label {
                    Some(label) if !rest.is_empty() => self.named(frame, label, rest, start),
                    _ => {
                        let prefix = frame.prefix.clone();
                        self.chain(frame, rest, start, &prefix)
                    }
                };
                self.claim_shape(frame, shape.as_ref(), flow);
                frame.cursor = flow;
                self.ends(stmt.place.span, flow);
                self.declare(frame, label.as_ref(), flow);
            }
            StmtKind::Branch { name, source, chain, shape } => {
                let start = self.source(frame, source);
                let flow =
                    if chain.is_empty() { start } else { self.named(frame, name, chain, start) };
                self.claim_shape(frame, shape.as_ref(), flow);
                self.ends(stmt.place.span, flow);
                self.declare(frame, Some(name), flow);
            }
            StmtKind::Repeat { label, rounds, body } => {
                self.need_cursor(frame, stmt);
                let segment = match label {
                    Some(label) => label.node.as_str(),
                    None => self.names.segment(stmt.place.span).unwrap_or_default(),
                };
                let (path, start) = (join(&frame.prefix, segment), frame.cursor);
                let flow = self.edited(frame, &path, None, start, |this, frame, flow| {
                    this.repeat(frame, &path, rounds, body, flow)
                });
                frame.cursor = flow;
                self.ends(stmt.place.span, flow);
                self.declare(frame, label.as_ref(), flow);
            }
            StmtKind::Let(param) => self.bind_let(frame, param),
            StmtKind::Block(block) => {
                if op::signature(&block.name.node).is_some() {
                    self.shadows(&block.name, "an op");
                }
            }
            StmtKind::Input { .. }
            | StmtKind::Output { .. }
            | StmtKind::Default(_)
            | StmtKind::Expect(_)
            | StmtKind::Recipe { .. }
            | StmtKind::Edit(_) => self.problems.push(
                Problem::new(Code::Structure, stmt.place.span, "this belongs in the body of a net")
                    .label("not allowed in a block or a repeat"),
            ),
        }
    }

    /// Where a stage starts, and what it goes through.
    fn start(
        &mut self,
        frame: &Frame<'a>,
        stmt: &Stmt,
        chain: &'a [Element],
    ) -> (Flow, &'a [Element]) {
        match self.names.start(chain) {
            (Some(source), rest) => {
                if let Some(guard) = chain.first().and_then(|first| first.guard.as_ref()) {
                    let message =
                        format!("expected an op or a block before `if`, got `{}`", source.node);
                    self.problems.push(
                        Problem::new(Code::Structure, source.span, message)
                            .label("a value, from which the chain starts")
                            .related(guard.cond.span, "its guard")
                            .help("guard what follows it: `in -> conv(64) if c != C`"),
                    );
                }
                match self.layer_first(frame, chain) {
                    Some(problem) => {
                        self.problems.push(problem);
                        (None, rest)
                    }
                    None => (self.source(frame, source), rest),
                }
            }
            (None, chain) => {
                self.need_cursor(frame, stmt);
                (frame.cursor, chain)
            }
        }
    }

    /// A layer of another framework where a stage may start from a value: `nn.ReLU() -> ...`.
    fn layer_first(&self, frame: &Frame<'a>, chain: &[Element]) -> Option<Problem> {
        let ElementKind::Call(call) = &chain.first()?.kind else { return None };
        let Name { node: name, span } = &call.name;
        if !is_of_a_module(name) || frame.values.whole(name).is_some() {
            return None;
        }
        let problem =
            Problem::new(Code::UnknownName, *span, format!("unknown op or block `{name}`"));
        elsewhere::op(&problem, call, &|_| None)
    }

    fn need_cursor(&mut self, frame: &Frame<'a>, stmt: &Stmt) {
        if frame.cursor.is_none()
            && !self.detached
            && self.graph.is_empty()
            && !self.problems.has_errors()
        {
            self.problems.push(
                Problem::new(
                    Code::Structure,
                    stmt.place.span,
                    "there is no value yet to go through this stage",
                )
                .help("begin the net with `input image: [N, 3, 32, 32]`"),
            );
        }
    }

    /// A labelled stage or a branch: a new scope, or a single element that takes the label as its
    /// name.
    fn named(
        &mut self,
        frame: &mut Frame<'a>,
        label: &'a Name,
        chain: &'a [Element],
        start: Flow,
    ) -> Flow {
        let mut path = join(&frame.prefix, &label.node);
        while frame.values.contains(&label.node)
            && (self.targets.contains(&path) || self.by_path.contains_key(&path))
        {
            // The name is reported; a path of its own keeps the nodes apart.
            path += "'";
        }
        let called = match chain {
            [Element { kind: ElementKind::Call(call), .. }] => Some(call.name.node.as_str()),
            _ => None,
        };
        self.edited(frame, &path, called, start, |this, frame, start| {
            this.chain(frame, chain, start, &path)
        })
    }

    fn source(&mut self, frame: &Frame<'a>, source: &Name) -> Flow {
        match self.value(frame, &source.node) {
            Some(flow) => flow,
            None => match self.callee_first(frame, source) {
                Some(problem) => {
                    self.problems.push(problem);
                    frame.cursor
                }
                None => {
                    self.unknown_value(frame, source);
                    None
                }
            },
        }
    }

    /// An op or a block where the value stands that a branch starts from.
    fn callee_first(&self, frame: &Frame<'a>, source: &Name) -> Option<Problem> {
        let name = &source.node;
        let what = self.taken(&frame.env, name)?;
        let scope = &frame.env.scope;
        if scope.contains(name) && !matches!(scope.get(name), Some(Value::Callee(_))) {
            return None;
        }
        let message = format!("a branch starts from a value, and `{name}` is {what}");
        let problem = Problem::new(Code::Structure, source.span, message).label("no value");
        Some(match frame.values.named(frame.cursor) {
            Some(value) => {
                let at = Span { end: source.span.start, ..source.span };
                problem
                    .help(format!("begin it with one: `{value} -> {name}`"))
                    .fix(format!("start from `{value}`"), [(at, format!("{value} -> "))])
            }
            None => problem.help(format!("begin it with one that has a name: `x -> {name}`")),
        })
    }

    /// Defines a name, unless it would shadow another.
    fn declare(&mut self, frame: &mut Frame<'a>, name: Option<&Name>, flow: Flow) {
        let Some(name) = name else { return };
        if frame.values.is_own(&name.node) {
            // Reported as a repeated name.
        } else if let Some((_, first)) = frame.values.get(&name.node) {
            self.problems.push(
                Problem::new(
                    Code::DuplicateName,
                    name.span,
                    format!("`{}` is defined twice", name.node),
                )
                .label("the second time")
                .related(first, "the first time"),
            );
        } else {
            if let Some(what) = self.taken(&frame.env, &name.node) {
                self.shadows(name, what);
            }
            if frame.env.scope.contains(&name.node) {
                return;
            }
            // Its uses are no further mistakes.
            frame.values.insert(&name.node, flow, name.span);
        }
    }

    fn taken(&self, env: &Rc<Env<'a>>, name: &str) -> Option<&'static str> {
        if op::signature(name).is_some() {
            Some("an op")
        } else if env.scope.contains(name) {
            Some("a parameter or a `let`")
        } else if self.names.is_block(env.body, name) {
            Some("a block")
        } else {
            None
        }
    }

    pub(super) fn check_parameter_name(&mut self, name: &Name, env: &Rc<Env<'a>>) {
        if op::signature(&name.node).is_some() {
            self.shadows(name, "an op");
        } else if self.names.is_block(env.body, &name.node) {
            self.shadows(name, "a block");
        } else if is_symbol(&name.node) {
            let message =
                format!("a capital letter is a size of a shape; `{}` is a parameter", name.node);
            self.problems.push(
                Problem::new(Code::DuplicateName, name.span, message)
                    .help("begin it with a small letter"),
            );
        }
    }

    pub(super) fn shadows(&mut self, name: &Name, what: &str) {
        self.problems.push(
            Problem::new(
                Code::DuplicateName,
                name.span,
                format!("`{}` is already the name of {what}", name.node),
            )
            .label("hides it")
            .help("choose another name: one body has one namespace"),
        );
    }

    pub(super) fn input(&mut self, frame: &mut Frame<'a>, name: &'a Name, shape: &ShapeExpr) {
        let flow = self.sizes(&frame.env.scope, shape).and_then(|dims| match Shape::new(dims) {
            Ok(dims) => self.add_node(name.node.clone(), Op::from(op::Input(dims)), &[], name.span),
            Err(error) => {
                self.problems
                    .push(Problem::new(Code::Shape, shape.span, error.message).help_if(error.help));
                None
            }
        });
        frame.cursor = flow;
        self.declare(frame, Some(name), flow);
    }

    pub(super) fn output(&mut self, frame: &mut Frame<'a>, name: &'a Name, shape: &ShapeExpr) {
        let flow = frame.cursor;
        self.declare(frame, Some(name), flow);
        if let Some(node) = flow {
            self.graph.set_output(name.node.clone(), node);
        }
        let by = self.claimant(shape, "output");
        self.claim(&frame.env.scope, shape, flow, by);
    }

    fn claim_shape(&mut self, frame: &Frame<'a>, shape: Option<&ShapeExpr>, flow: Flow) {
        if let Some(shape) = shape {
            let by = self.claimant(shape, "::");
            self.claim(&frame.env.scope, shape, flow, by);
        }
    }

    /// The claim of a statement, which is the net's own, its parent's, or in a block.
    fn claimant(&self, shape: &ShapeExpr, word: &'static str) -> Claimant {
        match self.calls.is_empty() && shape.span.file != self.project.root {
            true => Claimant::Parent(word),
            false => Claimant::Statement(word),
        }
    }

    /// Records a shape claim for a value.
    pub(super) fn claim(&mut self, scope: &Scope, shape: &ShapeExpr, flow: Flow, by: Claimant) {
        let sizes = self.sizes(scope, shape);
        if let (Some(node), Some(expected)) = (flow, sizes) {
            self.graph.claims.push(Claim::Shape { node, expected, by, span: shape.span });
        }
    }
}
