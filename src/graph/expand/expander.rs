//! The state of a resolution, and what every part of it needs.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::env::Env;
use super::trace::{Noted, Trace};
use super::values::{Flow, Values};
use crate::diag::{Code, Problem, Problems, Span};
use crate::graph::eval::Fault;
use crate::graph::names::Names;
use crate::graph::pattern::Pattern;
use crate::graph::{Calls, Graph, NodeId, Op, Origin, Scope, Shape, Value, in_calls};
use crate::limits::{MAX_EDGES, MAX_ELEMENTS_PLACED, MAX_PATH_BYTES, MAX_PATHS_BYTES};
use crate::syntax::Project;
use crate::syntax::ast::{Block, Edit, EditVerb, Expr};

pub(super) struct Expander<'a> {
    pub project: &'a Project,
    pub names: Names<'a>,
    pub graph: Graph,
    pub shapes: HashMap<NodeId, Shape>,
    pub by_path: HashMap<String, NodeId>,
    /// The paths that an edit can target.
    pub targets: BTreeSet<String>,
    pub edits: Vec<PlacedEdit<'a>>,
    /// The edits of each path, and what they do there.
    pub edits_at: HashMap<String, Vec<(usize, EditVerb)>>,
    /// The edits by pattern.
    pub patterns: Vec<(usize, Pattern<'a>)>,
    /// What is replaced or removed, by path, and the edit that does it.
    pub gone: HashMap<String, usize>,
    /// The edits whose chains are being placed.
    pub placing: Vec<usize>,
    /// The arguments of `default op(...)` lines.
    pub defaults: Vec<DefaultArg<'a>>,
    /// The ops and blocks whose `default` lines are refused.
    pub undecided: HashSet<String>,
    /// The block calls around the current place, outermost first.
    pub calls: Calls,
    pub active: Vec<&'a Block>,
    /// The arguments of those calls.
    pub given: Vec<HashMap<&'a str, &'a Expr>>,
    /// The environments of those calls, outermost first.
    pub callers: Vec<Rc<Env<'a>>>,
    /// The blocks that something calls.
    pub called: HashSet<*const Block>,
    /// Whether a block is being checked without being called, so that no value flows through it.
    pub detached: bool,
    /// How many guarded elements are being placed, one within another.
    pub guarded: usize,
    pub placed: usize,
    /// Total bytes of all paths, and total operands of all nodes.
    pub path_bytes: usize,
    pub edges: usize,
    /// Whether a limit is reached; no more nodes are added then.
    pub exhausted: bool,
    /// Empty; every scope is derived from it, so that all share one step counter.
    pub scope: Scope,
    /// Names whose import failed, and their suggested corrections: their uses are not reported
    /// again.
    pub misimported: HashSet<String>,
    /// What is called and neither an op nor a block.
    pub undefined: BTreeMap<Span, String>,
    pub problems: Problems,
    /// Other values of the net's parameters.
    pub samples: Vec<(String, String)>,
    /// The statements and calls that have no value because of an error.
    pub unfinished: BTreeSet<Span>,
    /// The trace of a node's provenance, if requested.
    pub trace: Option<Trace>,
}

/// One argument of a `default op(...)` line.
pub(super) struct DefaultArg<'a> {
    pub op: &'static str,
    pub arg: &'static str,
    pub expr: &'a Expr,
    pub value: Value,
    pub from: Noted,
}

pub(super) struct PlacedEdit<'a> {
    pub edit: &'a Edit,
    /// That of the net which has the edit.
    pub env: Rc<Env<'a>>,
    pub used: bool,
}

impl PlacedEdit<'_> {
    /// Whether both are edits of one net.
    pub fn beside(&self, other: &PlacedEdit<'_>) -> bool {
        std::ptr::eq(self.env.body, other.env.body)
    }
}

/// One body while it runs.
pub(super) struct Frame<'a> {
    pub env: Rc<Env<'a>>,
    /// Labels, branches, inputs and `in`, with the spans of their definitions.
    pub values: Values,
    pub prefix: String,
    pub cursor: Flow,
}

impl<'a> Expander<'a> {
    pub(super) fn new(project: &'a Project) -> Expander<'a> {
        let names = Names::of(project);
        let scope = Scope::with_blocks(names.block_uses());
        Expander {
            project,
            names,
            graph: Graph::default(),
            shapes: HashMap::new(),
            by_path: HashMap::new(),
            targets: BTreeSet::new(),
            edits: Vec::new(),
            edits_at: HashMap::new(),
            patterns: Vec::new(),
            gone: HashMap::new(),
            placing: Vec::new(),
            defaults: Vec::new(),
            undecided: HashSet::new(),
            calls: Calls::default(),
            active: Vec::new(),
            given: Vec::new(),
            callers: Vec::new(),
            called: HashSet::new(),
            detached: false,
            guarded: 0,
            placed: 0,
            path_bytes: 0,
            edges: 0,
            exhausted: false,
            scope,
            misimported: HashSet::new(),
            undefined: BTreeMap::new(),
            problems: Problems::new(),
            samples: Vec::new(),
            unfinished: BTreeSet::new(),
            trace: None,
        }
    }

    pub(super) fn report<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result
            .map_err(|fault| {
                if let Some(problem) = fault {
                    let problem = self.in_blocks(self.not_a_number(*problem));
                    self.problems.push(problem);
                }
            })
            .ok()
    }

    /// Adds the enclosing block calls to a problem with values.
    pub(super) fn in_blocks(&self, problem: Problem) -> Problem {
        in_calls(problem, &self.calls)
    }

    /// Takes note of what has no value.
    pub(super) fn ends(&mut self, place: Span, flow: Flow) {
        if flow.is_none() && !self.detached {
            self.unfinished.insert(place);
        }
    }

    pub(super) fn shape(&self, flow: Flow) -> Option<&Shape> {
        self.shapes.get(&flow?)
    }

    /// A scope in which `same` is the channel count of `flow`.
    pub(super) fn scope_at(&self, scope: &Scope, flow: Flow) -> Scope {
        let mut scope = scope.clone();
        match self.shape(flow) {
            Some(shape) => scope.set("same", Value::Int(shape.channels() as i64)),
            None => scope.set_unknown("same"),
        }
        scope
    }

    /// Adds a node; `None` if its path is taken.
    pub(super) fn add_node(
        &mut self,
        path: String,
        op: Op,
        operands: &[NodeId],
        span: Span,
    ) -> Flow {
        if let Some(&other) = self.by_path.get(&path) {
            let first = self.graph.get(other).origin.as_ref().map(|o| o.span);
            self.problems.push(
                Problem::new(Code::DuplicateName, span, format!("there are two nodes `{path}`"))
                    .label("the second")
                    .related(first, "the first")
                    .help("give one of them a label of its own"),
            );
            return None;
        }
        self.path_bytes += path.len();
        self.edges += operands.len();
        if path.len() > MAX_PATH_BYTES {
            return self.exhaust(
                span,
                format!("the path of a node is longer than {MAX_PATH_BYTES} bytes"),
            );
        }
        if self.path_bytes > MAX_PATHS_BYTES {
            let message = format!("the paths of all nodes take more than {MAX_PATHS_BYTES} bytes");
            return self.exhaust(span, message);
        }
        if self.edges > MAX_EDGES {
            return self
                .exhaust(span, format!("the nodes read more than {MAX_EDGES} values in all"));
        }
        let shapes: Option<Vec<&Shape>> = operands.iter().map(|o| self.shapes.get(o)).collect();
        let shape = shapes.and_then(|shapes| op.shape(&shapes).ok());
        let id = match &op {
            Op::Input(input) => self.graph.input(path.clone(), input.0.clone()),
            _ => self.graph.node(path.clone(), op, operands),
        };
        self.graph.set_origin(id, Origin { span, calls: self.calls.clone(), literal: false });
        self.by_path.insert(path, id);
        if let Some(shape) = shape {
            self.shapes.insert(id, shape);
        }
        Some(id)
    }

    /// Counts one more element; false once there are too many.
    pub(super) fn may_place(&mut self, span: Span) -> bool {
        self.placed += 1;
        if self.placed > MAX_ELEMENTS_PLACED {
            self.exhaust(
                span,
                format!("the net expands to more than {MAX_ELEMENTS_PLACED} elements"),
            );
        }
        self.may_go_on(1, span)
    }

    /// Counts steps; false once there are too many, or once enough errors were found.
    pub(super) fn may_go_on(&mut self, steps: usize, span: Span) -> bool {
        let spent = self.scope.spend(steps, span);
        self.exhausted |= self.report(spent).is_none() || self.problems.is_full();
        !self.exhausted
    }

    /// Reports a limit, once.
    pub(super) fn exhaust(&mut self, span: Span, message: String) -> Flow {
        if !std::mem::replace(&mut self.exhausted, true) {
            let help = "repeat less, or nest fewer blocks in one another";
            self.problems
                .push(Problem::new(Code::Limit, span, message).label("reached here").help(help));
        }
        None
    }

    /// The value of a name: a label, or the path of a node above, from here or from the net.
    pub(super) fn value(&self, frame: &Frame<'a>, name: &str) -> Option<Flow> {
        if let Some((flow, _)) = frame.values.get(name) {
            return Some(flow);
        }
        let node = self.by_path.get(&join(&frame.prefix, name)).or_else(|| self.by_path.get(name));
        node.map(|&id| Some(id))
    }
}

pub(super) fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.into() } else { format!("{prefix}.{name}") }
}
