//! Edits of stages whose labels have a part in common: `layer2` of `layer2.0` and `layer2.1`.

use std::collections::BTreeMap;

use super::ends::is_stage;
use super::expander::{Expander, join};
use crate::diag::{Code, Problem};
use crate::graph::names::label;
use crate::syntax::ast::{EditVerb, Name, Stmt};

/// A statement of a body, by its position, with its label.
type Labelled<'s> = (usize, &'s Name);

impl Expander<'_> {
    /// Makes the edits of a part that labels of a body have in common edits of these stages.
    pub(super) fn common_labels(&mut self, prefix: &str, stmts: &[Stmt]) {
        if self.edits_at.is_empty() {
            return;
        }
        let labels = stmts.iter().enumerate();
        let labels: Vec<Labelled<'_>> =
            labels.filter_map(|(i, stmt)| Some((i, label(&stmt.kind)?))).collect();
        let mut alike: BTreeMap<String, Vec<Labelled<'_>>> = BTreeMap::new();
        for &(i, name) in &labels {
            for (dot, _) in name.node.match_indices('.') {
                let part = join(prefix, &name.node[..dot]);
                if self.edits_at.contains_key(&part) {
                    alike.entry(part).or_default().push((i, name));
                }
            }
        }
        for (_, name) in &labels {
            // What has the part as its label is what an edit means.
            alike.remove(&join(prefix, &name.node));
        }
        for (part, members) in alike {
            for (edit, verb) in self.edits_at.get(&part).cloned().unwrap_or_default() {
                self.edit_of_all(prefix, stmts, &members, edit, verb);
            }
        }
    }

    /// Makes an edit of several stages one of each that it concerns.
    fn edit_of_all(
        &mut self,
        prefix: &str,
        stmts: &[Stmt],
        members: &[Labelled<'_>],
        edit: usize,
        verb: EditVerb,
    ) {
        let stages = members.iter().copied().filter(|(i, _)| is_stage(&stmts[*i]));
        let stages: Vec<Labelled<'_>> = stages.collect();
        let (Some(&(first, _)), Some(&(last, _))) = (stages.first(), stages.last()) else { return };
        let between = &stmts[first..=last];
        let all_between = between.iter().filter(|stmt| is_stage(stmt)).count() == stages.len();
        if verb == EditVerb::Replace && !all_between {
            return self.apart(&stages, edit);
        }
        for &(i, name) in members {
            let here = match verb {
                EditVerb::Before => (i == first).then_some(verb),
                EditVerb::After => (i == last).then_some(verb),
                EditVerb::Replace if i == first => Some(EditVerb::Replace),
                EditVerb::Replace | EditVerb::Remove => Some(EditVerb::Remove),
            };
            if let Some(verb) = here {
                let at = self.edits_at.entry(join(prefix, &name.node)).or_default();
                at.push((edit, verb));
            }
        }
    }

    /// Reports that stages cannot be replaced as one.
    fn apart(&mut self, stages: &[Labelled<'_>], edit: usize) {
        let placed = &mut self.edits[edit];
        placed.used = true;
        let target = &placed.edit.target;
        let message = format!("the stages of `{}` do not follow one another", target.node);
        let mut problem = Problem::new(Code::Structure, target.span, message)
            .label("cannot be replaced as one")
            .help("replace one of them, and remove the others");
        if let [(_, first), .., (_, last)] = *stages {
            problem = problem.related(first.span, "the first").related(last.span, "the last");
        }
        self.problems.push(problem);
    }
}
