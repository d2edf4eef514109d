//! Chains, guards and edits.

use super::names::Names;
use super::{Flow, Frame, Resolver, join};
use crate::syntax::ast::{EditVerb, Element, ElementKind};

/// How the elements of a chain get their paths.
pub(super) enum Naming<'n> {
    /// The only element is this path.
    Path(&'n str),
    /// Each is a segment below the prefix.
    Scope { prefix: &'n str, names: &'n mut Names },
}

impl<'a> Resolver<'a> {
    pub(super) fn chain(
        &mut self,
        frame: &mut Frame<'a>,
        chain: &'a [Element],
        start: Flow,
        naming: &mut Naming<'_>,
    ) -> Flow {
        let Some(first) = chain.first() else { return start };
        if !self.may_go_on(chain.len(), first.place.span) {
            return None;
        }
        chain.iter().fold(start, |flow, element| self.element(frame, element, flow, naming))
    }

    fn element(
        &mut self,
        frame: &mut Frame<'a>,
        element: &'a Element,
        flow: Flow,
        naming: &mut Naming<'_>,
    ) -> Flow {
        let Some(guard) = &element.guard else { return self.unguarded(frame, element, flow, naming) };
        let scope = self.scope_at(&frame.env.scope, flow);
        let holds = scope.condition(&guard.cond);
        let holds = self.report(holds);
        self.enter_guard(&guard.cond, holds == Some(true), &scope, flow);
        let flow = match (holds, &guard.otherwise) {
            (Some(true), otherwise) => {
                let flow = self.unguarded(frame, element, flow, naming);
                if let Some(otherwise) = otherwise {
                    naming.skip(otherwise);
                }
                flow
            }
            (Some(false), otherwise) => {
                naming.skip_unguarded(element);
                match otherwise {
                    Some(otherwise) => self.element(frame, otherwise, flow, naming),
                    None => flow,
                }
            }
            (None, _) => {
                naming.skip(element);
                None
            }
        };
        self.leave_guard();
        flow
    }

    fn unguarded(
        &mut self,
        frame: &mut Frame<'a>,
        element: &'a Element,
        flow: Flow,
        naming: &mut Naming<'_>,
    ) -> Flow {
        match &element.kind {
            ElementKind::Group(chain) => self.chain(frame, chain, flow, naming),
            ElementKind::Call(call) => match naming {
                Naming::Path(path) => self.call(frame, call, flow, path),
                Naming::Scope { prefix, names } => {
                    let path = join(prefix, &names.next(&call.name.node));
                    self.edited(frame, &path, flow, |this, frame, flow| this.call(frame, call, flow, &path))
                }
            },
        }
    }

    /// Builds what stands at a path, with the edits that name it.
    pub(super) fn edited(
        &mut self,
        frame: &mut Frame<'a>,
        path: &str,
        flow: Flow,
        build: impl FnOnce(&mut Self, &mut Frame<'a>, Flow) -> Flow,
    ) -> Flow {
        self.targets.insert(path.into());
        let mine = self.edits_at.get(path).into_iter().flatten();
        let mine: Vec<(usize, EditVerb)> = mine.map(|&i| (i, self.edits[i].edit.verb)).collect();
        let mut flow = flow;
        for (i, _) in mine.iter().filter(|(_, verb)| *verb == EditVerb::Before) {
            flow = self.edit(frame, *i, &join(path, "before"), flow);
        }
        let instead = mine.iter().rfind(|(_, verb)| matches!(verb, EditVerb::Replace | EditVerb::Remove));
        flow = match instead {
            Some((i, _)) => self.edit(frame, *i, path, flow),
            None => build(self, frame, flow),
        };
        for (i, _) in mine.iter().filter(|(_, verb)| *verb == EditVerb::FusedOps) {
            flow = self.edit(frame, *i, &join(path, "after"), flow);
        }
        mine.into_iter().for_each(|(i, _)| self.edits[i].used = true);
        flow
    }

    /// Puts an edit's chain in place. It sees the values of the place and the names of its own net.
    fn edit(&mut self, frame: &mut Frame<'a>, index: usize, path: &str, flow: Flow) -> Flow {
        let (edit, env) = (self.edits[index].edit, self.edits[index].env.clone());
        // A chain declares nothing: the values come back as they were.
        let values = std::mem::take(&mut frame.values);
        let mut inner = Frame { env, values, prefix: frame.prefix.clone(), cursor: flow };
        self.enter_edit(edit);
        let flow = self.scope_of(&mut inner, path, &edit.chain, flow);
        self.leave_edit();
        frame.values = inner.values;
        flow
    }
}

impl Naming<'_> {
    fn skip(&mut self, element: &Element) {
        if let Naming::Scope { names, .. } = self {
            names.skip(element);
        }
    }

    fn skip_unguarded(&mut self, element: &Element) {
        let bare = Element { kind: element.kind.clone(), guard: None, place: element.place.clone() };
        self.skip(&bare);
    }
}
