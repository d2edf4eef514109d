//! The edits of a net that extends another.

use std::rc::Rc;

use super::env::Env;
use super::expander::{Expander, PlacedEdit};
use crate::diag::{Code, Problem, Span, did_you_mean};
use crate::graph::pattern::Pattern;
use crate::syntax::ast::Edit;

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
            false => self.edits_at.entry(target).or_default().push(self.edits.len()),
        }
        self.edits.push(PlacedEdit { edit, env: env.clone(), used: false });
    }

    /// Refuses the edits that changed nothing.
    pub(super) fn unused_edits(&mut self) {
        for placed in self.edits.iter().filter(|p| !p.used && !self.exhausted) {
            if self.problems.is_full() {
                break;
            }
            let problem = self.no_target(placed.edit);
            self.problems.push(problem);
        }
    }

    /// An edit of what is not there.
    fn no_target(&self, edit: &Edit) -> Problem {
        let target = &edit.target;
        let anywhere = format!("**.{}", target.node);
        let everywhere = Pattern::new(&anywhere);
        let near = match edit.is_pattern() {
            true => None,
            false
                if !target.node.contains('.')
                    && self.targets.iter().any(|path| everywhere.matches(path, None)) =>
            {
                Some(anywhere.as_str())
            }
            false => did_you_mean(&target.node, self.targets.iter().map(String::as_str)),
        };
        let message = format!("there is no `{}` in the net", target.node);
        let problem = Problem::new(Code::UnknownName, target.span, message)
            .label("no stage or element has this path");
        let help = match near {
            Some(near) if near == anywhere => format!("`{near}` is every one in the net"),
            Some(near) => format!("did you mean `{near}`?"),
            None => "`netc expand` lists every path".into(),
        };
        problem.help(help).respell(near)
    }
}
