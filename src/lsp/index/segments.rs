//! What the parts of a node's dotted path stand for: labels, and the blocks and ops of unlabelled
//! elements.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::{Def, Kind};
use crate::diag::FileId;
use crate::graph::op;
use crate::syntax::Project;
use crate::syntax::ast::*;

/// A body and those around it, outermost first: where its names are looked up.
#[derive(Debug, Clone)]
pub(super) struct Home<'a> {
    pub file: FileId,
    pub bodies: Vec<&'a Body>,
}

/// What the rest of a path is looked up in.
#[derive(Clone, Copy)]
enum Inside<'a> {
    Body(&'a Body),
    Chain(&'a [Element]),
    /// The rounds of a `repeat`, by number.
    Rounds(&'a Body),
    Call(&'a Call),
}

/// One element that has no label, or an unlabelled `repeat`.
#[derive(Clone, Copy)]
enum Unlabelled<'a> {
    Call(&'a Call),
    Repeat(&'a Body),
}

/// The names within one body or chain.
#[derive(Default)]
struct Parts<'a> {
    labels: HashMap<&'a str, (&'a Name, Inside<'a>)>,
    /// By name, numbered where several have it.
    unlabelled: HashMap<String, Unlabelled<'a>>,
    blocks: HashMap<&'a str, &'a Block>,
}

/// Looks up paths. The names of each body are gathered once, however many paths lead through it.
pub(super) struct Segments<'a> {
    project: &'a Project,
    /// By the address of the body or chain.
    known: RefCell<HashMap<usize, Rc<Parts<'a>>>>,
}

impl<'a> Segments<'a> {
    pub(super) fn new(project: &'a Project) -> Segments<'a> {
        Segments { project, known: RefCell::default() }
    }

    /// The parts of a path from a body that are names, as far as the path can be followed.
    pub(super) fn of(&self, mut home: Home<'a>, path: &str) -> Vec<(Range<usize>, Def<'a>)> {
        let Some(body) = home.bodies.last() else { return Vec::new() };
        let (mut inside, mut found, mut at) = (Inside::Body(body), Vec::new(), 0);
        while let Some(rest) = path.get(at..).filter(|rest| !rest.is_empty()) {
            let dotted = match inside {
                Inside::Body(body) => dotted_label(&self.body(body), rest),
                Inside::Chain(_) | Inside::Rounds(_) | Inside::Call(_) => None,
            };
            let part = dotted.unwrap_or_else(|| rest.split('.').next().unwrap_or(rest));
            let Some(next) = self.enter(&mut home, inside, part, &mut |len, def| {
                found.push((at..at + len, def));
            }) else {
                break;
            };
            inside = next;
            at += part.len() + 1;
        }
        found
    }

    fn enter(
        &self,
        home: &mut Home<'a>,
        inside: Inside<'a>,
        part: &str,
        name: &mut dyn FnMut(usize, Def<'a>),
    ) -> Option<Inside<'a>> {
        match inside {
            Inside::Body(body) => {
                let parts = self.body(body);
                match parts.labels.get(part) {
                    Some((label, inside)) => {
                        name(part.len(), Def { kind: Kind::Value, span: label.span });
                        Some(*inside)
                    }
                    None => self.unlabelled(home, *parts.unlabelled.get(part)?, name),
                }
            }
            Inside::Chain(chain) => {
                let parts = self.chain(chain);
                self.unlabelled(home, *parts.unlabelled.get(part)?, name)
            }
            Inside::Rounds(body) => {
                home.bodies.push(body);
                part.parse::<u32>().ok().map(|_| Inside::Body(body))
            }
            Inside::Call(call) => {
                let (block, there) = self.block(home, &call.name.node)?;
                *home = there;
                home.bodies.push(&block.body);
                self.enter(home, Inside::Body(&block.body), part, name)
            }
        }
    }

    fn unlabelled(
        &self,
        home: &Home<'a>,
        found: Unlabelled<'a>,
        name: &mut dyn FnMut(usize, Def<'a>),
    ) -> Option<Inside<'a>> {
        match found {
            Unlabelled::Repeat(body) => Some(Inside::Rounds(body)),
            Unlabelled::Call(call) => {
                let word = call.name.node.as_str();
                if let Some((block, _)) = self.block(home, word) {
                    name(word.len(), Def { kind: Kind::Block(block), span: block.name.span });
                } else if let Some(signature) = op::signature(word) {
                    name(word.len(), Def { kind: Kind::Op(signature), span: call.name.span });
                }
                Some(Inside::Call(call))
            }
        }
    }

    /// The block of a name, and where it stands.
    fn block(&self, home: &Home<'a>, name: &str) -> Option<(&'a Block, Home<'a>)> {
        for (i, &body) in home.bodies.iter().enumerate().rev() {
            if let Some(block) = self.body(body).blocks.get(name).copied() {
                return Some((block, Home { file: home.file, bodies: home.bodies[..=i].to_vec() }));
            }
        }
        let (block, file) = self.project.block(home.file, name)?;
        Some((block, Home { file, bodies: Vec::new() }))
    }

    fn body(&self, body: &'a Body) -> Rc<Parts<'a>> {
        self.parts(std::ptr::from_ref(body).addr(), || Parts::of_body(body))
    }

    fn chain(&self, chain: &'a [Element]) -> Rc<Parts<'a>> {
        let all = || calls(chain).into_iter().map(Unlabelled::Call).collect::<Vec<_>>();
        self.parts(chain.as_ptr().addr(), || Parts { unlabelled: numbered(&all()), ..Parts::default() })
    }

    fn parts(&self, address: usize, gather: impl FnOnce() -> Parts<'a>) -> Rc<Parts<'a>> {
        Rc::clone(self.known.borrow_mut().entry(address).or_insert_with(|| Rc::new(gather())))
    }
}

impl<'a> Parts<'a> {
    fn of_body(body: &'a Body) -> Parts<'a> {
        let (mut parts, mut all) = (Parts::default(), Vec::new());
        for stmt in &body.stmts {
            let (name, inside) = match &stmt.kind {
                StmtKind::Stage { label: Some(name), chain, .. } | StmtKind::Branch { name, chain, .. } => {
                    match calls(chain).as_slice() {
                        [call] => (name, Inside::Call(call)),
                        _ => (name, Inside::Chain(chain)),
                    }
                }
                StmtKind::Repeat { label: Some(name), body, .. } => (name, Inside::Rounds(body)),
                StmtKind::Stage { label: None, chain, .. } => {
                    all.extend(calls(chain).into_iter().map(Unlabelled::Call));
                    continue;
                }
                StmtKind::Repeat { label: None, body, .. } => {
                    all.push(Unlabelled::Repeat(body));
                    continue;
                }
                StmtKind::Block(block) => {
                    parts.blocks.entry(&block.name.node).or_insert(block);
                    continue;
                }
                _ => continue,
            };
            parts.labels.entry(&name.node).or_insert((name, inside));
        }
        parts.unlabelled = numbered(&all);
        parts
    }
}

fn numbered<'a>(all: &[Unlabelled<'a>]) -> HashMap<String, Unlabelled<'a>> {
    let mut total: HashMap<&str, usize> = HashMap::new();
    all.iter().for_each(|one| *total.entry(one.name()).or_default() += 1);
    let mut given: HashMap<&str, usize> = HashMap::new();
    let mut numbered = HashMap::new();
    for one in all {
        let number = given.entry(one.name()).or_default();
        *number += 1;
        let name = match total.get(one.name()) {
            Some(1) => one.name().to_owned(),
            _ => format!("{}_{number}", one.name()),
        };
        numbered.entry(name).or_insert(*one);
    }
    numbered
}

impl<'a> Unlabelled<'a> {
    fn name(&self) -> &'a str {
        match self {
            Unlabelled::Call(call) => &call.name.node,
            Unlabelled::Repeat(_) => "rep",
        }
    }
}

/// The label with dots in it that a path from a body begins with.
fn dotted_label<'p>(parts: &Parts<'_>, path: &'p str) -> Option<&'p str> {
    let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]).skip(1);
    ends.map(|end| &path[..end]).find(|part| parts.labels.contains_key(*part))
}

/// The calls of a chain, those in groups and in the other branch of a guard included.
pub(in crate::lsp) fn calls(chain: &[Element]) -> Vec<&Call> {
    let (mut found, mut left) = (Vec::new(), chain.iter().rev().collect::<Vec<_>>());
    while let Some(element) = left.pop() {
        left.extend(element.guard.iter().filter_map(|guard| guard.otherwise.as_deref()));
        match &element.kind {
            ElementKind::Call(call) => found.push(call),
            ElementKind::Group(chain) => left.extend(chain.iter().rev()),
        }
    }
    found
}
