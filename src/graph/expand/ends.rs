//! Where a net begins and ends, and files without one.

use super::expander::Expander;
use crate::diag::{Code, Problem, Span, line_start};
use crate::graph::names::label;
use crate::syntax::ast::{Body, Import, Stmt, StmtKind};

impl Expander<'_> {
    /// Reports each `input` and `output` but the first.
    pub(super) fn one_input_and_output(&mut self, body: &Body) {
        for what in ["input", "output"] {
            let is = if what == "input" { is_input } else { is_output };
            let mut all = body.stmts.iter().filter(|stmt| is(stmt));
            let Some(first) = all.next() else { continue };
            for more in all {
                let place = label(&more.kind).map_or(more.place.span, |name| name.span);
                let message = format!("a net has one {what}");
                let problem = Problem::new(Code::Structure, place, message)
                    .label(format!("a second {what}"))
                    .related(label(&first.kind).map(|name| name.span), format!("the first {what}"));
                self.problems.push(problem);
            }
        }
    }

    /// Reports the first stage or branch before the `input`.
    pub(super) fn stages_before_input(&mut self, body: &Body) {
        let Some(input) = body.stmts.iter().position(is_input) else { return };
        let (before, input) = (&body.stmts[..input], &body.stmts[input]);
        let Some(first) = before.iter().find(|stmt| is_stage(stmt) || is_branch(stmt)) else {
            return;
        };
        let problem =
            Problem::new(Code::Structure, first.place.span, "a stage stands above the `input`")
                .label("there is no value yet to go through it")
                .related(input.place.span, "the input")
                .help("move `input` above the first stage");
        let text = &self.project.sources.get(input.place.span.file).text;
        let [line, above] = [input, first].map(|stmt| whole_lines(text, stmt.place.span));
        let alone = |stmt: &Stmt, lines: Span| {
            let rest = text[stmt.place.span.end..lines.end].trim_start();
            text[lines.start..stmt.place.span.start].trim().is_empty()
                && (rest.is_empty() || rest.starts_with('#'))
        };
        self.problems.push(match alone(input, line) && alone(first, above) {
            true => {
                let moved = text[line.start..line.end].to_owned();
                let above = Span { end: above.start, ..above };
                let edits = [(above, moved), (line, String::new())];
                problem.fix("move `input` above the first stage", edits)
            }
            false => problem,
        });
    }

    /// Reports the first stage after the `output`.
    pub(super) fn stages_after_output(&mut self, body: &Body) {
        let Some(output) = body.stmts.iter().position(is_output) else { return };
        let (output, after) = (&body.stmts[output], &body.stmts[output..]);
        let mut after = after.iter().filter(|stmt| is_stage(stmt));
        let Some(first) = after.next() else { return };
        let last = after.next_back().unwrap_or(first);
        let text = &self.project.sources.get(output.place.span.file).text;
        let line = whole_lines(text, output.place.span);
        let below = whole_lines(text, last.place.span);
        let below = Span { start: below.end, ..below };
        let moved = text[line.start..line.end].to_owned();
        let problem =
            Problem::new(Code::Structure, first.place.span, "a stage stands after the `output`")
                .label("after the output")
                .related(output.place.span, "the output")
                .help("move `output` below the last stage")
                .fix("move `output` below the last stage", [(line, String::new()), (below, moved)]);
        self.problems.push(problem);
    }

    /// Reports that the file holds neither a net nor a block.
    pub(super) fn nothing(&mut self) {
        let root = self.project.root;
        let tree = self.project.file(root);
        let is_read = |import: &Import| self.project.linked(root, &import.path.node).is_some();
        if tree.blocks().next().is_some() || !tree.imports().all(is_read) {
            return;
        }
        let text = &self.project.sources.get(self.project.root).text;
        let what = match (tree.imports().next(), text.trim().is_empty()) {
            (Some(_), _) => "a file of imports alone",
            (None, false) => "a file of comments alone",
            (None, true) => "an empty file",
        };
        let start = Span { file: self.project.root, start: 0, end: 0 };
        let problem = Problem::new(Code::Structure, start, format!("{what}: nothing to check"))
            .label("no net and no block")
            .help("a net is written `net name { ... }`; `netc new` lists some to start from");
        self.problems.push(problem);
    }
}

pub(super) fn is_input(stmt: &Stmt) -> bool {
    matches!(stmt.kind, StmtKind::Input { .. })
}

pub(super) fn is_output(stmt: &Stmt) -> bool {
    matches!(stmt.kind, StmtKind::Output { .. })
}

fn is_branch(stmt: &Stmt) -> bool {
    matches!(stmt.kind, StmtKind::Branch { .. })
}

pub(super) fn is_stage(stmt: &Stmt) -> bool {
    matches!(stmt.kind, StmtKind::Stage { .. } | StmtKind::Repeat { .. })
}

/// The lines that a place is in, with their ends.
fn whole_lines(text: &str, place: Span) -> Span {
    let end = text[place.end..].find('\n').map_or(text.len(), |end| place.end + end + 1);
    Span { start: line_start(text, place.start), end, ..place }
}
