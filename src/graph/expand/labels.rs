//! Names that several statements of a body give.

use std::collections::BTreeMap;

use super::expander::Expander;
use crate::diag::{Code, Fix, Problem, Span};
use crate::graph::names::label;
use crate::syntax::ast::{Name, Stmt, StmtKind};

/// At most so many places of one name are shown.
const MAX_PLACES: usize = 4;

type Named<'s> = (usize, &'s Stmt, &'s Name);

impl Expander<'_> {
    /// Reports each of them once.
    pub(super) fn repeated_names(&mut self, stmts: &[Stmt]) {
        let mut by_name: BTreeMap<&str, Vec<Named<'_>>> = BTreeMap::new();
        for (i, stmt) in stmts.iter().enumerate() {
            if let Some(name) = label(&stmt.kind) {
                by_name.entry(&name.node).or_default().push((i, stmt, name));
            }
        }
        for (name, places) in by_name.into_iter().filter(|(_, places)| places.len() > 1) {
            let problem = self.repeated(name, &places);
            self.problems.push(problem);
        }
    }

    fn repeated(&self, name: &str, places: &[Named<'_>]) -> Problem {
        let times = match places.len() {
            2 => "twice".to_owned(),
            n => format!("{n} times"),
        };
        let at = |(_, _, name): &Named<'_>| name.span;
        let message = format!("`{name}` is defined {times}");
        let mut problem = Problem::new(Code::DuplicateName, at(&places[1]), message)
            .label("the second time")
            .related(at(&places[0]), "the first time");
        for place in places.iter().skip(2).take(MAX_PLACES - 2) {
            problem = problem.related(at(place), "and here");
        }
        match self.as_repeat(name, places) {
            Some(fix) => {
                let help = format!("for the same stage in a row, {}", fix.title);
                problem.fixes.push(fix);
                problem.help(help)
            }
            None => problem.help("give each a name of its own"),
        }
    }

    /// The repair of equal stages that follow one another.
    fn as_repeat(&self, name: &str, places: &[Named<'_>]) -> Option<Fix> {
        let sources = &self.project.sources;
        let (&(first, start, _), &(last, end, _)) = (places.first()?, places.last()?);
        let text = |(_, stmt, label): &Named<'_>| match &stmt.kind {
            StmtKind::Stage { .. } => {
                let rest = Span { start: label.span.end + 1, ..stmt.place.span };
                Some(sources.text(rest).trim())
            }
            _ => None,
        };
        let stage = text(&places[0])?;
        let whole = start.place.span.to(end.place.span);
        let equal = places.iter().all(|place| text(place) == Some(stage));
        if !equal || last - first + 1 != places.len() || sources.text(whole).contains('#') {
            return None;
        }
        let times = places.len();
        let indent = " ".repeat(sources.position(whole).column - 1);
        let new = format!("{name}: repeat {times} {{\n{indent}  {stage}\n{indent}}}");
        let title = format!("write `{name}: repeat {times} {{ {stage} }}`");
        Some(Fix { title, edits: vec![(whole, new)], safe: true })
    }
}
