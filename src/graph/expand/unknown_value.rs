//! What is said of a value that a body does not have.

use super::ends::is_input;
use super::expander::{Expander, Frame};
use super::values::Flow;
use crate::diag::{Code, Problem, did_you_mean, listed};
use crate::graph::names::{NameKind, label};
use crate::syntax::ast::{Name, Stmt};

impl<'a> Expander<'a> {
    pub(super) fn unknown_value(&mut self, frame: &Frame<'a>, name: &Name) {
        if self.is_second_input(name) {
            // Reported where it stands.
            return;
        }
        let inside = self.inside(frame, name);
        let above = frame.values.whole(&name.node);
        if inside.is_none() && above.is_some_and(|(_, flow)| flow.is_none()) {
            // What it is a part of was reported.
            return;
        }
        let known = inside.or_else(|| self.no_part(frame, name));
        if let Some(problem) = known.or_else(|| self.defined_elsewhere(frame, name)) {
            return self.problems.push(problem);
        }
        let scope = &frame.env.scope;
        if scope.contains(&name.node) && scope.get(&name.node).is_none() {
            // Its argument was reported.
            return;
        }
        let mut known = frame.values.names();
        known.extend(scope.names());
        known.sort_unstable();
        let near = did_you_mean(&name.node, known.iter().copied());
        let help = match near.question() {
            _ if name.node == "in" => "only a block has an `in`; in a net name the value".into(),
            _ if scope.contains(&name.node) => {
                format!("`{}` is a parameter; values are stages, branches and inputs", name.node)
            }
            Some(question) => question,
            None => "a name must be defined above its use".into(),
        };
        self.problems.push(
            Problem::new(Code::UnknownName, name.span, format!("unknown name `{}`", name.node))
                .label("no value of this name above")
                .help(help)
                .respell(&near),
        );
    }

    fn is_second_input(&self, name: &Name) -> bool {
        let Some(def) = self.names.definition(name.span) else { return false };
        let nets = self.project.file(def.span.file).nets();
        let mut inputs = nets.flat_map(|net| net.body.stmts.iter().filter(|stmt| is_input(stmt)));
        inputs.any(|stmt| label(&stmt.kind).is_some_and(|name| name.span == def.span))
    }

    /// The use of a name that only the inside of a statement above has: a round, or a stage in one.
    fn inside(&self, frame: &Frame<'a>, name: &Name) -> Option<Problem> {
        let part_of = frame.values.whole(&name.node).map(|(whole, _)| whole);
        if part_of.is_none() && self.names.definition(name.span).is_some() {
            return None;
        }
        let part = format!(".{}.", name.node);
        let nodes = self.by_path.iter().filter(|(path, _)| format!(".{path}.").contains(&part));
        let (last, _) = nodes.max_by_key(|(_, id)| **id)?;
        let all = part_of.map_or(String::new(), |all| format!("; `{all}` is the result of all"));
        let message = format!("unknown name `{}`", name.node);
        let problem = Problem::new(Code::UnknownName, name.span, message)
            .label("defined inside a statement above");
        let round = name.node.rsplit('.').next().is_some_and(|end| end.parse::<u64>().is_ok());
        Some(match round {
            true => problem.help(format!("from outside, a path names one op{all}")),
            false => problem
                .help(format!("from outside, a path names one op: `{last}`{all}"))
                .offer(format!("write `{last}`"), [(name.span, last.clone())]),
        })
    }

    /// The use of a part that a value above does not have.
    fn no_part(&self, frame: &Frame<'a>, name: &Name) -> Option<Problem> {
        let (whole, flow) = frame.values.whole(&name.node)?;
        let part = &name.node[whole.len() + 1..];
        let parts = self.parts_of(whole, flow);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let near = did_you_mean(part, parts.iter().copied()).map(|near| format!("{whole}.{near}"));
        let problem =
            Problem::new(Code::UnknownName, name.span, format!("`{whole}` has no `{part}`"))
                .label("no part of this name");
        let all: Vec<String> = parts.iter().map(|part| format!("{whole}.{part}")).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        Some(match near.question() {
            Some(question) => problem.help(question).respell(&near),
            None if all.is_empty() => problem
                .help(format!("it has no parts: `{whole}` is the value"))
                .offer(format!("write `{whole}`"), [(name.span, whole.to_owned())]),
            None => problem.help(format!("it has {}", listed(&all))),
        })
    }

    /// The paths of the nodes within a named value, from there.
    fn parts_of(&self, whole: &str, flow: Flow) -> Vec<String> {
        let Some(id) = flow else { return Vec::new() };
        let path = format!(".{}.", self.graph.get(id).path);
        let Some(at) = path.rfind(&format!(".{whole}.")) else { return Vec::new() };
        let inside = format!("{}.", &path[1..at + 1 + whole.len()]);
        let parts = self.by_path.iter();
        let parts = parts.filter_map(|(path, id)| Some((*id, path.strip_prefix(&inside)?)));
        let mut parts: Vec<_> = parts.collect();
        parts.sort_unstable();
        parts.into_iter().map(|(_, part)| part.to_owned()).collect()
    }

    /// The use of a value that a later statement defines, its own, or one around a block.
    fn defined_elsewhere(&self, frame: &Frame<'a>, name: &Name) -> Option<Problem> {
        let def = self.names.definition(name.span)?;
        if !matches!(def.kind, NameKind::Value) || def.span.file != name.span.file {
            return None;
        }
        let envs = std::iter::successors(Some(&*frame.env), |env| env.outer.as_deref());
        let mut stmts = envs.flat_map(|env| &env.body.stmts);
        let defines = |stmt: &&Stmt| label(&stmt.kind).is_some_and(|name| name.span == def.span);
        let own = stmts.find(defines).is_some_and(|stmt| {
            let all = stmt.place.span;
            all.start <= name.span.start && name.span.end <= all.end
        });
        let (what, label, help) = match def.span.start > name.span.start {
            true => (
                "used before it is defined",
                "no value yet",
                "move that stage up, or name a value above",
            ),
            false if own => {
                ("used in its own definition", "no value yet", "name a value that is defined above")
            }
            false => (
                "not known in this block",
                "a value of the body around it",
                "a block reads `in` alone; join values outside of it",
            ),
        };
        Some(
            Problem::new(Code::UnknownName, name.span, format!("`{}` is {what}", name.node))
                .label(label)
                .related(def.span, "defined here")
                .help(help),
        )
    }
}
