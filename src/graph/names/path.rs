//! What the segments of a node's dotted path refer to: labels, or the blocks and ops of unlabelled
//! elements.

use std::collections::HashMap;
use std::rc::Rc;

use super::definition::{Def, NameKind, Reference, ReferenceRole};
use super::scope::label;
use super::table::Names;
use crate::diag::Span;
use crate::syntax::ast::{Body, Call, Element, Name, Stmt, StmtKind};
use crate::syntax::{Part, parts};

/// Where the rest of a path is looked up.
#[derive(Clone, Copy)]
enum Inside<'p> {
    Body(&'p Body),
    Chain(&'p [Element]),
    /// The iterations of a `repeat`, by number.
    Rounds(&'p Body),
    Call(&'p Call),
}

impl<'p> Inside<'p> {
    fn of(part: Part<'p>) -> Inside<'p> {
        match part {
            Part::Call(call) => Inside::Call(call),
            Part::Repeat(repeat) => Inside::Rounds(&repeat.body),
        }
    }
}

/// The first segment of a path.
struct PathHead<'p> {
    len: usize,
    inside: Inside<'p>,
    /// The name that it begins with: its length and its definition.
    name: Option<(usize, Def<'p>)>,
}

/// The names within one body or chain.
#[derive(Default)]
struct Parts<'n, 'p> {
    labels: HashMap<&'p str, (&'p Name, Inside<'p>)>,
    /// The maximum number of dots in a label.
    dots: usize,
    unlabelled: HashMap<&'n str, Inside<'p>>,
}

/// Looks up paths. The names of each body are collected only once.
pub(super) struct PathLookup<'n, 'p> {
    names: &'n Names<'p>,
    /// By the address of the body or chain.
    known: HashMap<usize, Rc<Parts<'n, 'p>>>,
}

impl<'n, 'p> PathLookup<'n, 'p> {
    pub(super) fn new(names: &'n Names<'p>) -> PathLookup<'n, 'p> {
        PathLookup { names, known: HashMap::new() }
    }

    /// References for the segments of a path from a body, as far as it can be followed.
    pub(super) fn follow(&mut self, body: &'p Body, path: &str, span: Span) -> Vec<Reference<'p>> {
        let (mut inside, mut found, mut at) = (Inside::Body(body), Vec::new(), 0);
        while let Some(rest) = path.get(at..).filter(|rest| !rest.is_empty()) {
            let Some(part) = self.enter(inside, rest) else { break };
            if let Some((word, def)) = part.name {
                let start = span.start + at;
                let span = Span { start, end: start + word, ..span };
                found.push(Reference { span, def, role: ReferenceRole::Mention });
            }
            inside = part.inside;
            at += part.len + 1;
        }
        found
    }

    fn enter(&mut self, inside: Inside<'p>, path: &str) -> Option<PathHead<'p>> {
        let first = path.split('.').next().unwrap_or(path);
        let len = first.len();
        let parts = match inside {
            Inside::Body(body) => self.body(body),
            Inside::Chain(chain) => self.chain(chain),
            Inside::Rounds(body) => {
                return first.parse::<u32>().ok().map(|_| PathHead {
                    len,
                    inside: Inside::Body(body),
                    name: None,
                });
            }
            Inside::Call(call) => match self.names.definition(call.name.span)?.kind {
                NameKind::Block(block, _) => self.body(&block.body),
                _ => return None,
            },
        };
        let ends =
            path.match_indices('.').map(|(dot, _)| dot).chain([path.len()]).take(parts.dots + 1);
        for len in ends.collect::<Vec<_>>().into_iter().rev() {
            if let Some(&(label, inside)) = parts.labels.get(&path[..len]) {
                let name = Some((len, Def { kind: NameKind::Value, span: label.span }));
                return Some(PathHead { len, inside, name });
            }
        }
        let inside = *parts.unlabelled.get(first)?;
        let name = match inside {
            Inside::Call(call) => {
                self.names.definition(call.name.span).map(|def| (call.name.node.len(), def))
            }
            Inside::Body(_) | Inside::Chain(_) | Inside::Rounds(_) => None,
        };
        Some(PathHead { len, inside, name })
    }

    fn body(&mut self, body: &'p Body) -> Rc<Parts<'n, 'p>> {
        let names = self.names;
        self.parts(std::ptr::from_ref(body).addr(), || {
            let mut parts = Parts::default();
            body.stmts.iter().for_each(|stmt| parts.statement(names, stmt));
            parts
        })
    }

    fn chain(&mut self, chain: &'p [Element]) -> Rc<Parts<'n, 'p>> {
        let names = self.names;
        self.parts(chain.as_ptr().addr(), || {
            let mut parts = Parts::default();
            parts.elements(names, chain);
            parts
        })
    }

    fn parts(
        &mut self,
        address: usize,
        gather: impl FnOnce() -> Parts<'n, 'p>,
    ) -> Rc<Parts<'n, 'p>> {
        Rc::clone(self.known.entry(address).or_insert_with(|| Rc::new(gather())))
    }
}

impl<'n, 'p> Parts<'n, 'p> {
    fn statement(&mut self, names: &'n Names<'p>, stmt: &'p Stmt) {
        let inside = match &stmt.kind {
            StmtKind::Stage { label: None, chain, .. } => return self.elements(names, chain),
            StmtKind::Stage { chain, .. } | StmtKind::Branch { chain, .. } => {
                match parts(names.start(chain).1).as_slice() {
                    [part] => Inside::of(*part),
                    _ => Inside::Chain(chain),
                }
            }
            StmtKind::Repeat { body, .. } => Inside::Rounds(body),
            _ => return,
        };
        match (label(&stmt.kind), names.segment(stmt.place.span)) {
            (Some(label), _) => {
                self.dots = self.dots.max(label.node.matches('.').count());
                self.labels.entry(&label.node).or_insert((label, inside));
            }
            (None, Some(segment)) => {
                self.unlabelled.entry(segment).or_insert(inside);
            }
            (None, None) => {}
        }
    }

    fn elements(&mut self, names: &'n Names<'p>, chain: &'p [Element]) {
        for part in parts(chain) {
            let place = match part {
                Part::Call(call) => call.place.span,
                Part::Repeat(repeat) => repeat.place.span,
            };
            if let Some(segment) = names.segment(place) {
                self.unlabelled.entry(segment).or_insert(Inside::of(part));
            }
        }
    }
}
