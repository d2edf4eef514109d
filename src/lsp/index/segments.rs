//! What the parts of a node's dotted path stand for: labels, and the blocks and ops of unlabelled
//! elements.

use std::collections::HashMap;
use std::ops::Range;

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
enum Inside<'a> {
    Body(&'a Body),
    Chain(&'a [Element]),
    /// The rounds of a `repeat`, by number.
    Rounds(&'a Body),
    Call(&'a Call),
}

/// One element that has no label, or an unlabelled `repeat`.
enum Unlabelled<'a> {
    Call(&'a Call),
    Repeat(&'a Body),
}

impl<'a> Home<'a> {
    /// The parts of a path from this body that are names, as far as the path can be followed.
    pub(super) fn segments(mut self, project: &'a Project, path: &str) -> Vec<(Range<usize>, Def<'a>)> {
        let Some(body) = self.bodies.last() else { return Vec::new() };
        let (mut inside, mut found, mut at) = (Inside::Body(body), Vec::new(), 0);
        for part in path.split('.') {
            let Some(next) = self.enter(project, inside, part, &mut |len, def| {
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
        &mut self,
        project: &'a Project,
        inside: Inside<'a>,
        part: &str,
        name: &mut dyn FnMut(usize, Def<'a>),
    ) -> Option<Inside<'a>> {
        match inside {
            Inside::Body(body) => match labelled(body, part) {
                Some((label, inside)) => {
                    name(part.len(), Def { kind: Kind::Value, span: label.span });
                    Some(inside)
                }
                None => self.unlabelled(project, &of_body(body), part, name),
            },
            Inside::Chain(chain) => {
                let all: Vec<_> = calls(chain).into_iter().map(Unlabelled::Call).collect();
                self.unlabelled(project, &all, part, name)
            }
            Inside::Rounds(body) => {
                self.bodies.push(body);
                part.parse::<u32>().ok().map(|_| Inside::Body(body))
            }
            Inside::Call(call) => {
                let (block, home) = self.block(project, &call.name.node)?;
                *self = home;
                self.bodies.push(&block.body);
                self.enter(project, Inside::Body(&block.body), part, name)
            }
        }
    }

    /// The element whose name, numbered where several have it, is `part`.
    fn unlabelled(
        &self,
        project: &'a Project,
        all: &[Unlabelled<'a>],
        part: &str,
        name: &mut dyn FnMut(usize, Def<'a>),
    ) -> Option<Inside<'a>> {
        let mut total: HashMap<&str, usize> = HashMap::new();
        all.iter().for_each(|one| *total.entry(one.name()).or_default() += 1);
        let mut given: HashMap<&str, usize> = HashMap::new();
        let found = all.iter().find(|one| {
            let number = given.entry(one.name()).or_default();
            *number += 1;
            match total.get(one.name()) {
                Some(1) => one.name() == part,
                _ => format!("{}_{number}", one.name()) == part,
            }
        })?;
        match found {
            Unlabelled::Repeat(body) => Some(Inside::Rounds(body)),
            Unlabelled::Call(call) => {
                let word = call.name.node.as_str();
                if let Some((block, _)) = self.block(project, word) {
                    name(word.len(), Def { kind: Kind::Block(block), span: block.name.span });
                } else if let Some(signature) = op::signature(word) {
                    name(word.len(), Def { kind: Kind::Op(signature), span: call.name.span });
                }
                Some(Inside::Call(call))
            }
        }
    }

    /// The block of a name, and where it stands.
    fn block(&self, project: &'a Project, name: &str) -> Option<(&'a Block, Home<'a>)> {
        for (i, body) in self.bodies.iter().enumerate().rev() {
            let mut blocks = body.stmts.iter().filter_map(|stmt| match &stmt.kind {
                StmtKind::Block(block) => Some(block),
                _ => None,
            });
            if let Some(block) = blocks.find(|block| block.name.node == name) {
                return Some((block, Home { file: self.file, bodies: self.bodies[..=i].to_vec() }));
            }
        }
        let own = |file| {
            project.file(file).items.iter().filter_map(|item| match &item.kind {
                ItemKind::Block(block) => Some(block),
                ItemKind::Import(_) | ItemKind::Net(_) => None,
            })
        };
        let named = |block: &&Block| block.name.node == name;
        if let Some(block) = own(self.file).find(named) {
            return Some((block, Home { file: self.file, bodies: Vec::new() }));
        }
        project.file(self.file).items.iter().find_map(|item| {
            let ItemKind::Import(import) = &item.kind else { return None };
            import.names.iter().find(|imported| imported.node == name)?;
            let file = project.linked(self.file, &import.path.node)?;
            Some((own(file).find(named)?, Home { file, bodies: Vec::new() }))
        })
    }
}

impl<'a> Unlabelled<'a> {
    fn name(&self) -> &'a str {
        match self {
            Unlabelled::Call(call) => &call.name.node,
            Unlabelled::Repeat(_) => "rep",
        }
    }
}

fn labelled<'a>(body: &'a Body, part: &str) -> Option<(&'a Name, Inside<'a>)> {
    body.stmts.iter().find_map(|stmt| {
        let (name, inside) = match &stmt.kind {
            StmtKind::Stage { label: Some(name), chain, .. } | StmtKind::Branch { name, chain, .. } => {
                match calls(chain).as_slice() {
                    [call] => (name, Inside::Call(call)),
                    _ => (name, Inside::Chain(chain)),
                }
            }
            StmtKind::Repeat { label: Some(name), body, .. } => (name, Inside::Rounds(body)),
            _ => return None,
        };
        (name.node == part).then_some((name, inside))
    })
}

fn of_body(body: &Body) -> Vec<Unlabelled<'_>> {
    let mut all = Vec::new();
    for stmt in &body.stmts {
        match &stmt.kind {
            StmtKind::Stage { label: None, chain, .. } => {
                all.extend(calls(chain).into_iter().map(Unlabelled::Call));
            }
            StmtKind::Repeat { label: None, body, .. } => all.push(Unlabelled::Repeat(body)),
            _ => {}
        }
    }
    all
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
