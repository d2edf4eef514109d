//! Chains, guards and edits.

use super::expander::{Expander, Frame, join};
use super::values::Flow;
use crate::syntax::ast::{EditVerb, Element, ElementKind};

impl<'a> Expander<'a> {
    /// A chain whose paths are below `prefix`, or equal to it.
    pub(super) fn chain(
        &mut self,
        frame: &mut Frame<'a>,
        chain: &'a [Element],
        start: Flow,
        prefix: &str,
    ) -> Flow {
        let Some(first) = chain.first() else { return start };
        if !self.may_go_on(chain.len(), first.place.span) {
            return None;
        }
        chain.iter().fold(start, |flow, element| self.element(frame, element, flow, prefix))
    }

    fn element(
        &mut self,
        frame: &mut Frame<'a>,
        element: &'a Element,
        flow: Flow,
        prefix: &str,
    ) -> Flow {
        let Some(guard) = &element.guard else {
            return self.unguarded(frame, element, flow, prefix);
        };
        let scope = self.scope_at(&frame.env.scope, flow);
        let holds = scope.condition(&guard.cond);
        let holds = self.report(holds);
        self.enter_guard(&guard.cond, holds == Some(true), &scope, flow);
        let flow = match (holds, &guard.otherwise) {
            (Some(true), _) => self.unguarded(frame, element, flow, prefix),
            (Some(false), Some(otherwise)) => self.element(frame, otherwise, flow, prefix),
            (Some(false), None) => flow,
            (None, _) => None,
        };
        self.leave_guard();
        flow
    }

    fn unguarded(
        &mut self,
        frame: &mut Frame<'a>,
        element: &'a Element,
        flow: Flow,
        prefix: &str,
    ) -> Flow {
        match &element.kind {
            ElementKind::Group(chain) => self.chain(frame, chain, flow, prefix),
            ElementKind::Call(call) => match self.names.segment(call.place.span) {
                None => self.call(frame, call, flow, prefix),
                Some(segment) => {
                    let path = join(prefix, segment);
                    self.edited(frame, &path, flow, |this, frame, flow| {
                        this.call(frame, call, flow, &path)
                    })
                }
            },
        }
    }

    /// Builds the element at a path and applies the edits that target it.
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
        let instead =
            mine.iter().rfind(|(_, verb)| matches!(verb, EditVerb::Replace | EditVerb::Remove));
        flow = match instead {
            Some((i, _)) => self.edit(frame, *i, path, flow),
            None => build(self, frame, flow),
        };
        for (i, _) in mine.iter().filter(|(_, verb)| *verb == EditVerb::After) {
            flow = self.edit(frame, *i, &join(path, "after"), flow);
        }
        mine.into_iter().for_each(|(i, _)| self.edits[i].used = true);
        flow
    }

    /// Inserts an edit's chain. It sees the values at that place and the names of its own net.
    fn edit(&mut self, frame: &mut Frame<'a>, index: usize, path: &str, flow: Flow) -> Flow {
        let (edit, env) = (self.edits[index].edit, self.edits[index].env.clone());
        // A chain declares nothing, so the values are restored unchanged.
        let values = std::mem::take(&mut frame.values);
        let mut inner = Frame { env, values, prefix: frame.prefix.clone(), cursor: flow };
        self.enter_edit(edit);
        let flow = self.chain(&mut inner, &edit.chain, flow, path);
        self.leave_edit();
        frame.values = inner.values;
        flow
    }
}
