//! The edits of a net that extends another.

use std::rc::Rc;

use super::env::Env;
use super::expander::{Expander, PlacedEdit};
use crate::diag::{Code, Nearest, Problem, Span, did_you_mean};
use crate::graph::pattern::Pattern;
use crate::syntax::ast::{Edit, EditVerb};

impl<'a> Expander<'a> {
    /// Takes note of an edit, for when what it changes is placed.
    pub(super) fn declared_edit(
        &mut self,
        edit: &'a Edit,
        at: Span,
        env: &Rc<Env<'a>>,
        extends: bool,
    ) {
        if !extends {
            let message = "an edit changes a net that is extended";
            let problem =
                Problem::new(Code::Structure, at, message).label("this net extends none").help(
                    "write `net name extends \"parent.net\" { ... }`, or change the stage itself",
                );
            return self.problems.push(problem);
        }
        let target = edit.target.node.as_str();
        match edit.is_pattern() {
            true => self.patterns.push((self.edits.len(), Pattern::new(target))),
            false => {
                let here = self.edits_at.entry(target.into()).or_default();
                here.push((self.edits.len(), edit.verb));
            }
        }
        self.edits.push(PlacedEdit { edit, env: env.clone(), used: false });
    }

    /// The edit that stands for what is at a path: the last of those that replace or remove it.
    pub(super) fn instead(
        &mut self,
        path: &str,
        mine: &[(usize, EditVerb)],
    ) -> Option<(usize, EditVerb)> {
        let ends = |verb| matches!(verb, EditVerb::Replace | EditVerb::Remove);
        let mut all = mine.iter().copied().filter(|(_, verb)| ends(*verb));
        let last = all.next_back()?;
        for (earlier, _) in all {
            self.overridden(path, earlier, last.0);
        }
        self.gone.insert(path.into(), last.0);
        Some(last)
    }

    /// Reports an edit that has no effect, because a later one of its net has the same target. What
    /// a net does to an edit of its parent is no mistake, nor is an exception to a pattern.
    fn overridden(&mut self, path: &str, earlier: usize, later: usize) {
        let (first, last) = (&self.edits[earlier], &self.edits[later]);
        if first.edit.is_pattern() || !first.beside(last) {
            return;
        }
        let what = match (first.edit.verb, last.edit.verb) {
            (EditVerb::Replace, EditVerb::Replace) => "replaced twice",
            (EditVerb::Remove, EditVerb::Remove) => "removed twice",
            _ => "both replaced and removed",
        };
        let help = match last.edit.is_pattern() {
            true => "put the pattern first: an edit below it makes an exception",
            false => "keep one of the two edits",
        };
        let message = format!("`{path}` is {what}");
        let problem = Problem::new(Code::Structure, last.edit.target.span, message)
            .label("the second time")
            .related(first.edit.target.span, "the first time")
            .help(help);
        self.problems.push(problem);
    }

    /// Refuses the edits that changed nothing.
    pub(super) fn unused_edits(&mut self) {
        for i in (0..self.edits.len()).filter(|i| !self.edits[*i].used) {
            if self.exhausted || self.problems.is_full() {
                break;
            }
            let problem = match self.ended_by(&self.edits[i].edit.target.node) {
                // A net may do away with what its parent has changed.
                Some((by, _)) if by > i && !self.edits[by].beside(&self.edits[i]) => continue,
                Some((by, path)) => gone(self.edits[i].edit, self.edits[by].edit, path),
                None => self.no_target(self.edits[i].edit),
            };
            self.problems.push(problem);
        }
    }

    /// The edit that replaces or removes what a path lies in, and the path of that.
    fn ended_by<'t>(&self, path: &'t str) -> Option<(usize, &'t str)> {
        let mut around = path.match_indices('.').map(|(dot, _)| &path[..dot]);
        around.find_map(|outer| Some((*self.gone.get(outer)?, outer)))
    }

    /// An edit of what is not there.
    fn no_target(&self, edit: &Edit) -> Problem {
        let target = &edit.target;
        let message = format!("there is no `{}` in the net", target.node);
        let problem = Problem::new(Code::UnknownName, target.span, message)
            .label("no stage or element has this path");
        if edit.is_pattern() {
            return problem.help("`netc expand` lists every path");
        }
        let anywhere = format!("**.{}", target.node);
        let everywhere = Pattern::new(&anywhere);
        if !target.node.contains('.')
            && self.targets.iter().any(|path| everywhere.matches(path, None))
        {
            let help = format!("`{anywhere}` is every one in the net");
            return problem.help(help).respell(&Nearest::one(anywhere));
        }
        let near = did_you_mean(&target.node, self.targets.iter().map(String::as_str));
        let help = near.question().unwrap_or_else(|| "`netc expand` lists every path".into());
        problem.help(help).respell(&near)
    }
}

/// An edit of what lies in the `path` that another edit replaces or removes.
fn gone(edit: &Edit, by: &Edit, path: &str) -> Problem {
    let (does, help) = match by.verb {
        EditVerb::Replace => {
            ("replaces", "edit what stands there now, or leave out one of the two")
        }
        _ => ("removes", "leave out one of the two edits"),
    };
    let message = format!("`{}` is gone: another edit {does} `{path}`", edit.target.node);
    Problem::new(Code::UnknownName, edit.target.span, message)
        .label("edits what is gone")
        .related(by.target.span, format!("{does} it"))
        .help(help)
}
