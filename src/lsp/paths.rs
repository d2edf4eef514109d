//! From places in the text to the nodes of the net that stand for them.
//!
//! A node knows the calls that led to it, outermost first. How many parts of its path each of them
//! has given is read off the text: a label one, an unlabelled element one, a `repeat` two.

use std::collections::BTreeMap;

use super::known::used;
use crate::diag::{FileId, Span};
use crate::graph::names::Names;
use crate::graph::{Graph, NodeId};
use crate::syntax::ast::{Body, EditVerb, Element, ItemKind, Name, Stmt, StmtKind};
use crate::syntax::{Project, calls, repeats};

/// The first byte of something, which tells it from all else in the project.
type Key = (FileId, usize);

/// The nodes that something in the text stands for, by the path that it has given them; in order.
pub(super) type Places<'n> = BTreeMap<&'n str, Vec<NodeId>>;

/// What a call adds to the paths of the nodes inside it.
struct CallStep {
    /// How many parts, from the body on, or from the net if the call stands in an edit.
    parts: usize,
    in_edit: bool,
    /// The statements of its body around it, outermost first.
    around: Vec<Around>,
}

#[derive(Clone)]
struct Around {
    stmt: Key,
    label: Option<Key>,
    /// How many parts the label gives.
    parts: usize,
    /// How many parts stand before this statement's own, from the body on.
    before: usize,
}

/// The steps of all calls of a project.
pub(super) struct PathIndex<'p> {
    names: &'p Names<'p>,
    steps: BTreeMap<Key, CallStep>,
}

/// How many parts of a path a label gives: one, or more if it has dots.
fn parts(label: Option<&Name>) -> usize {
    label.map_or(0, |label| label.node.split('.').count())
}

impl<'p> PathIndex<'p> {
    pub(super) fn of(project: &'p Project, names: &'p Names<'p>) -> PathIndex<'p> {
        let mut paths = PathIndex { names, steps: BTreeMap::new() };
        for item in project.files.values().flat_map(|file| &file.items) {
            match &item.kind {
                ItemKind::Import(_) => {}
                ItemKind::Block(block) => paths.body(&block.body, 0, &[]),
                ItemKind::Net(net) => paths.body(&net.body, 0, &[]),
            }
        }
        paths
    }

    fn body(&mut self, body: &Body, before: usize, around: &[Around]) {
        for stmt in &body.stmts {
            let inside = |label: Option<&Name>| {
                let (stmt, parts) = (key(stmt.place.span), parts(label));
                let label = label.map(|l| key(l.span));
                [around, &[Around { stmt, label, parts, before }]].concat()
            };
            match &stmt.kind {
                StmtKind::Stage { label, chain, .. } => {
                    self.chain(
                        chain,
                        before + parts(label.as_ref()),
                        &inside(label.as_ref()),
                        stmt,
                    );
                }
                StmtKind::Branch { name, chain, .. } => {
                    self.chain(chain, before + parts(Some(name)), &inside(Some(name)), stmt);
                }
                StmtKind::Repeat { label, body, .. } => {
                    let own = parts(label.as_ref()).max(1) + 1;
                    self.body(body, before + own, &inside(label.as_ref()));
                }
                StmtKind::Let(_) => {}
                StmtKind::Input { name, .. } => {
                    let around = inside(Some(name));
                    self.steps.insert(
                        key(name.span),
                        CallStep { parts: before + 1, in_edit: false, around },
                    );
                }
                StmtKind::Block(block) => self.body(&block.body, 0, &[]),
                // What a pattern finds has paths of several lengths.
                StmtKind::Edit(edit) if edit.is_pattern() => {}
                StmtKind::Edit(edit) => {
                    let target = edit.target.node.split('.').count();
                    let own = matches!(edit.verb, EditVerb::After | EditVerb::Before);
                    self.chain(&edit.chain, target + usize::from(own), &inside(None), stmt);
                }
                StmtKind::Output { .. }
                | StmtKind::Default(_)
                | StmtKind::Expect(_)
                | StmtKind::Recipe { .. } => {}
            }
        }
    }

    /// A chain that `parts` lead to.
    fn chain(&mut self, chain: &[Element], parts: usize, around: &[Around], stmt: &Stmt) {
        for call in calls(chain) {
            let parts = parts + usize::from(self.names.segment(call.place.span).is_some());
            let in_edit = matches!(stmt.kind, StmtKind::Edit(_));
            self.steps
                .insert(key(call.place.span), CallStep { parts, in_edit, around: around.to_vec() });
        }
        for repeat in repeats(chain) {
            let own = usize::from(self.names.segment(repeat.place.span).is_some()) + 1;
            self.body(&repeat.body, parts + own, around);
        }
    }

    /// Each call that led to a node, the op's own last, with what it adds to the path and how many
    /// parts stand before that.
    fn steps(&self, graph: &Graph, id: NodeId) -> Vec<(Key, &CallStep, usize)> {
        let Some(origin) = &graph.get(id).origin else { return Vec::new() };
        let (mut steps, mut before) = (Vec::new(), 0);
        for span in origin.calls.iter().map(|frame| frame.span).chain([origin.span]) {
            let Some(step) = self.steps.get(&key(span)) else { break };
            if step.in_edit {
                before = 0;
            }
            steps.push((key(span), step, before));
            before += step.parts;
        }
        steps
    }

    fn places<'n>(
        &self,
        graph: &'n Graph,
        ends: impl Fn(Key, &CallStep) -> Option<usize>,
    ) -> Places<'n> {
        let mut places = Places::new();
        let used = used(graph);
        for id in graph.ids().filter(|id| used.contains(id)) {
            let mut steps = self.steps(graph, id).into_iter();
            if let Some(parts) =
                steps.find_map(|(call, step, before)| Some(before + ends(call, step)?))
            {
                places.entry(front(&graph.get(id).path, parts)).or_default().push(id);
            }
        }
        places
    }

    /// The nodes inside the call whose name stands at `name`.
    pub(super) fn of_call<'n>(&self, graph: &'n Graph, name: Span) -> Places<'n> {
        self.places(graph, |call, step| (call == key(name)).then_some(step.parts))
    }

    /// The nodes of the stage, branch or input whose label stands at `label`.
    pub(super) fn of_label<'n>(&self, graph: &'n Graph, label: Span) -> Places<'n> {
        self.places(graph, |_, step| {
            let mut around = step.around.iter();
            around.find(|a| a.label == Some(key(label))).map(|a| a.before + a.parts)
        })
    }

    /// The last node of each statement, by its first byte, in each place where its body stands.
    pub(super) fn ends<'n>(&self, graph: &'n Graph) -> BTreeMap<Key, BTreeMap<&'n str, NodeId>> {
        let used = used(graph);
        let mut ends: BTreeMap<Key, BTreeMap<&str, NodeId>> = BTreeMap::new();
        // Of what the output does not depend on, too.
        for id in graph.ids() {
            for (_, step, before) in self.steps(graph, id) {
                for around in &step.around {
                    let body = front(&graph.get(id).path, before + around.before);
                    let end = ends.entry(around.stmt).or_default().entry(body).or_insert(id);
                    // What nothing reads does not end a statement that goes on.
                    if used.contains(&id) || !used.contains(end) {
                        *end = id;
                    }
                }
            }
        }
        ends
    }
}

fn key(span: Span) -> Key {
    (span.file, span.start)
}

/// The first `parts` of a path.
fn front(path: &str, parts: usize) -> &str {
    let end = match parts.checked_sub(1) {
        Some(last) => path.match_indices('.').nth(last).map_or(path.len(), |(dot, _)| dot),
        None => 0,
    };
    &path[..end]
}
