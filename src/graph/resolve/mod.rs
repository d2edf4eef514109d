//! From syntax tree to graph: expands blocks, evaluates parameters, applies edits, and names every
//! node by its path.
//!
//! Shapes are inferred along the way, because `same`, the symbols of signatures and guards over
//! them depend on sizes. A value whose shape cannot be inferred is passed on as unknown without a
//! message; `check` reports why.

mod bind;
mod body;
mod call;
mod default;
mod domain;
mod element;
mod env;
mod imports;
mod net;
mod signature;
mod trace;
mod uncalled;
mod values;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::eval::Fault;
use super::names::Names;
use super::{Graph, NodeId, Op, Origin, Provenance, Scope, Shape, Value};
use crate::diag::{Code, Problem, Problems, Span};
use crate::limits::{MAX_EDGES, MAX_ELEMENTS_PLACED, MAX_PATH_BYTES, MAX_PATHS_BYTES};
use crate::syntax::Project;
use crate::syntax::ast::{self, Block, Edit};

use default::DefaultArg;
pub use domain::members;
use env::Env;
use trace::{Noted, Trace};
use values::Values;

/// A parameter's value from the command line.
#[derive(Debug, Clone)]
pub struct Override {
    /// The parameter.
    pub name: ast::Name,
    /// Its value.
    pub value: ast::Expr,
}

/// The result of resolving a file.
#[derive(Debug)]
pub struct Resolved {
    /// The graph as far as it could be built; `None` if the file contains no net.
    pub graph: Option<Graph>,
    /// Problems with names, arguments, expressions and structure.
    pub problems: Problems,
}

/// Builds the graph of a project's root file, with some parameters overridden.
///
/// With overrides, an `expect` that mentions `params` or `macs` is left out: it is a claim about
/// the net as written.
pub fn resolve(project: &Project, overrides: &[Override]) -> Resolved {
    let mut resolver = Resolver::new(project);
    resolver.imports();
    let found = resolver.net(overrides);
    resolver.uncalled_blocks();
    // A misspelt name would also make its intended target look unused.
    if !resolver.problems.has_errors() {
        let Resolver { names, problems, .. } = &mut resolver;
        super::unused::unused(project, names, problems);
        super::constant_guard::constant_guards(project.file(project.root), names, problems);
    }
    let Resolver { graph, problems, .. } = resolver;
    Resolved { graph: found.then_some(graph), problems }
}

/// Where the values of the node at a path come from; `None` if there is no such node, or if it is
/// an input.
pub fn trace(project: &Project, overrides: &[Override], path: &str) -> Option<Provenance> {
    let mut resolver = Resolver::new(project);
    resolver.trace = Some(Trace::new(path));
    resolver.net(overrides);
    resolver.trace?.found
}

/// A value of the graph under construction. `None`: unknown because of an earlier error.
type Flow = Option<NodeId>;

struct Resolver<'a> {
    project: &'a Project,
    names: Names<'a>,
    graph: Graph,
    shapes: HashMap<NodeId, Shape>,
    by_path: HashMap<String, NodeId>,
    /// The paths that an edit can target.
    targets: BTreeSet<String>,
    edits: Vec<PlacedEdit<'a>>,
    /// The edits of each path.
    edits_at: HashMap<&'a str, Vec<usize>>,
    /// The arguments of `default op(...)` lines.
    defaults: Vec<DefaultArg>,
    /// The block calls around the current place, outermost first.
    calls: Vec<super::Frame>,
    active: Vec<&'a Block>,
    /// The blocks that something calls.
    called: HashSet<*const Block>,
    /// Whether a block is being checked without being called, so that no value flows through it.
    detached: bool,
    placed: usize,
    /// Total bytes of all paths, and total operands of all nodes.
    path_bytes: usize,
    edges: usize,
    /// Whether a limit is reached; no more nodes are added then.
    exhausted: bool,
    /// Empty; every scope is derived from it, so that all share one step counter.
    scope: Scope,
    /// Names whose import failed, and their suggested corrections: their uses are not reported
    /// again.
    misimported: HashSet<String>,
    problems: Problems,
    /// The trace of a node's provenance, if requested.
    trace: Option<Trace>,
}

struct PlacedEdit<'a> {
    edit: &'a Edit,
    env: Rc<Env<'a>>,
    used: bool,
}

/// The state of a body during evaluation.
struct Frame<'a> {
    env: Rc<Env<'a>>,
    /// Labels, branches, inputs and `in`, with the spans of their definitions.
    values: Values,
    prefix: String,
    cursor: Flow,
}

impl<'a> Resolver<'a> {
    fn new(project: &'a Project) -> Resolver<'a> {
        Resolver {
            project,
            names: Names::of(project),
            graph: Graph::default(),
            shapes: HashMap::new(),
            by_path: HashMap::new(),
            targets: BTreeSet::new(),
            edits: Vec::new(),
            edits_at: HashMap::new(),
            defaults: Vec::new(),
            calls: Vec::new(),
            active: Vec::new(),
            called: HashSet::new(),
            detached: false,
            placed: 0,
            path_bytes: 0,
            edges: 0,
            exhausted: false,
            scope: Scope::default(),
            misimported: HashSet::new(),
            problems: Problems::new(),
            trace: None,
        }
    }

    fn report<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result
            .map_err(|fault| {
                if let Some(problem) = fault {
                    let problem = self.in_blocks(*problem);
                    self.problems.push(problem);
                }
            })
            .ok()
    }

    /// Adds the enclosing block calls to a problem with values.
    fn in_blocks(&self, problem: Problem) -> Problem {
        self.calls.iter().rev().fold(problem, |problem, call| {
            problem.related(call.span, format!("in block {}", call.block))
        })
    }

    fn shape(&self, flow: Flow) -> Option<&Shape> {
        self.shapes.get(&flow?)
    }

    /// A scope in which `same` is the channel count of `flow`.
    fn scope_at(&self, scope: &Scope, flow: Flow) -> Scope {
        let mut scope = scope.clone();
        match self.shape(flow) {
            Some(shape) => scope.set("same", Value::Int(shape.channels() as i64)),
            None => scope.set_unknown("same"),
        }
        scope
    }

    /// Adds a node; `None` if its path is taken.
    fn add_node(&mut self, path: String, op: Op, operands: &[NodeId], span: Span) -> Flow {
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
        self.graph.set_origin(id, Origin { span, calls: self.calls.clone() });
        self.by_path.insert(path, id);
        if let Some(shape) = shape {
            self.shapes.insert(id, shape);
        }
        Some(id)
    }

    /// Counts one more element; false once there are too many.
    fn may_place(&mut self, span: Span) -> bool {
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
    fn may_go_on(&mut self, steps: usize, span: Span) -> bool {
        let spent = self.scope.spend(steps, span);
        self.exhausted |= self.report(spent).is_none() || self.problems.is_full();
        !self.exhausted
    }

    /// Reports a limit, once.
    fn exhaust(&mut self, span: Span, message: String) -> Flow {
        if !std::mem::replace(&mut self.exhausted, true) {
            let help = "repeat less, or nest fewer blocks in one another";
            self.problems
                .push(Problem::new(Code::Limit, span, message).label("reached here").help(help));
        }
        None
    }

    /// The value of a name: a label, or the path of a node above, from here or from the net.
    fn value(&self, frame: &Frame<'a>, name: &str) -> Option<Flow> {
        if let Some((flow, _)) = frame.values.get(name) {
            return Some(flow);
        }
        let node = self.by_path.get(&join(&frame.prefix, name)).or_else(|| self.by_path.get(name));
        node.map(|&id| Some(id))
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.into() } else { format!("{prefix}.{name}") }
}
