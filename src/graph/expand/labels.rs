//! Names that are given several times.

use std::collections::BTreeMap;

use super::ends::{is_input, is_output};
use super::expander::Expander;
use crate::diag::{Code, Fix, Problem, Span};
use crate::graph::names::{Twice, label};
use crate::syntax::ast::{Name, Stmt, StmtKind};

/// At most so many places of one name are shown.
const MAX_PLACES: usize = 4;

type Named<'s> = (usize, &'s Stmt, &'s Name);

impl Expander<'_> {
    /// Reports the blocks, imports and parameters of one name, in every file of the project.
    pub(super) fn defined_twice(&mut self) {
        for Twice { verb, places } in self.names.twice() {
            let spans: Vec<Span> = places.iter().map(|name| name.span).collect();
            let problem = several(&places[0].node, verb, &spans).help(match verb {
                "imported" => "a name stands for one block: import it from one file",
                "given" => "give it once",
                _ => "remove one, or give each a name of its own",
            });
            self.problems.push(problem);
        }
    }

    /// Reports the names that several statements of a body give, each once.
    pub(super) fn repeated_names(&mut self, stmts: &[Stmt]) {
        let mut by_name: BTreeMap<&str, Vec<Named<'_>>> = BTreeMap::new();
        // A net has one input and one output; more of them are reported as such.
        let kinds: [fn(&Stmt) -> bool; 2] = [is_input, is_output];
        let ends = kinds.map(|is| (is, stmts.iter().position(is)));
        let is_more = |i, stmt| ends.iter().any(|(is, first)| is(stmt) && *first != Some(i));
        for (i, stmt) in stmts.iter().enumerate().filter(|(i, stmt)| !is_more(*i, *stmt)) {
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
        let spans: Vec<Span> = places.iter().map(|(_, _, name)| name.span).collect();
        let mut problem = several(name, "defined", &spans);
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

/// The problem of a name that stands at several places.
fn several(name: &str, verb: &str, places: &[Span]) -> Problem {
    let times = match places.len() {
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    };
    let message = format!("`{name}` is {verb} {times}");
    let problem = Problem::new(Code::DuplicateName, places[1], message)
        .label("the second time")
        .related(places[0], "the first time");
    let more = places.iter().skip(2).take(MAX_PLACES - 2);
    more.fold(problem, |problem, place| problem.related(*place, "and here"))
}
