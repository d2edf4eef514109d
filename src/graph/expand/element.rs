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
        self.guarded += 1;
        let flow = match (holds, &guard.otherwise) {
            (Some(true), _) => self.unguarded(frame, element, flow, prefix),
            (Some(false), Some(otherwise)) => self.element(frame, otherwise, flow, prefix),
            (Some(false), None) => flow,
            (None, _) => None,
        };
        self.guarded -= 1;
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
            ElementKind::Repeat(repeat) => {
                let (rounds, body) = (&repeat.rounds, &repeat.body);
                match self.names.segment(repeat.place.span) {
                    None => self.repeat(frame, prefix, rounds, body, flow),
                    Some(segment) => {
                        let path = join(prefix, segment);
                        self.edited(frame, &path, None, flow, |this, frame, flow| {
                            this.repeat(frame, &path, rounds, body, flow)
                        })
                    }
                }
            }
            ElementKind::Call(call) => match self.names.segment(call.place.span) {
                None => self.call(frame, call, flow, prefix),
                Some(segment) => {
                    let path = join(prefix, segment);
                    let called = Some(call.name.node.as_str());
                    self.edited(frame, &path, called, flow, |this, frame, flow| {
                        this.call(frame, call, flow, &path)
                    })
                }
            },
        }
    }

    /// Builds what is at a path, where an op or block may be `called`, and applies the edits that
    /// target it.
    pub(super) fn edited(
        &mut self,
        frame: &mut Frame<'a>,
        path: &str,
        called: Option<&str>,
        flow: Flow,
        build: impl FnOnce(&mut Self, &mut Frame<'a>, Flow) -> Flow,
    ) -> Flow {
        self.targets.insert(path.into());
        let mine = self.edits_of(path, called);
        let mut flow = flow;
        for (i, _) in mine.iter().filter(|(_, verb)| *verb == EditVerb::Before) {
            flow = self.edit(frame, *i, path, "before", flow);
        }
        flow = match self.instead(path, &mine) {
            Some((i, EditVerb::Replace)) => self.edit(frame, i, path, "", flow),
            Some(_) => flow,
            None => build(self, frame, flow),
        };
        for (i, _) in mine.iter().filter(|(_, verb)| *verb == EditVerb::After) {
            flow = self.edit(frame, *i, path, "after", flow);
        }
        mine.into_iter().for_each(|(i, _)| self.edits[i].used = true);
        flow
    }

    /// The edits of a path and what they do there, in the order of the text. None applies to what
    /// it places itself, nor to what a net that extends its own does.
    fn edits_of(&mut self, path: &str, called: Option<&str>) -> Vec<(usize, EditVerb)> {
        let steps = self.patterns.iter().map(|(_, pattern)| pattern.steps(path)).sum();
        if let Some(&(first, _)) = self.patterns.first()
            && !self.may_go_on(steps, self.edits[first].edit.target.span)
        {
            return Vec::new();
        }
        let by_pattern = self.patterns.iter().filter(|(_, p)| p.matches(path, called));
        let by_pattern = by_pattern.map(|(i, _)| (*i, self.edits[*i].edit.verb));
        let exact = self.edits_at.get(path).into_iter().flatten().copied();
        let found: Vec<(usize, EditVerb)> = by_pattern.chain(exact).collect();
        let of_a_child =
            |i: usize| self.placing.iter().any(|&j| i < j && !self.edits[j].beside(&self.edits[i]));
        let (over, mut mine): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|(i, _)| of_a_child(*i));
        over.into_iter().for_each(|(i, _)| self.edits[i].used = true);
        mine.retain(|(i, _)| !self.placing.contains(i));
        mine.sort_unstable_by_key(|(i, _)| *i);
        mine
    }

    /// Inserts an edit's chain. It sees the values at that place and the names of its own net.
    fn edit(
        &mut self,
        frame: &mut Frame<'a>,
        index: usize,
        path: &str,
        part: &str,
        flow: Flow,
    ) -> Flow {
        let (edit, env) = (self.edits[index].edit, self.edits[index].env.clone());
        // What an edit finds by a common part of labels, `layer2` of `layer2.0`, is named by it.
        let target = if edit.is_pattern() { path } else { edit.target.node.as_str() };
        let path = if part.is_empty() { target.to_owned() } else { join(target, part) };
        // A chain declares nothing, so the values are restored unchanged.
        let values = std::mem::take(&mut frame.values);
        let mut inner = Frame { env, values, prefix: frame.prefix.clone(), cursor: flow };
        self.enter_edit(edit);
        self.placing.push(index);
        let flow = self.chain(&mut inner, &edit.chain, flow, &path);
        self.placing.pop();
        self.leave_edit();
        frame.values = inner.values;
        flow
    }
}
