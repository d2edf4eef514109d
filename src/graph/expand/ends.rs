//! Where a net ends, and files without one.

use super::expander::Expander;
use crate::diag::{Code, Problem, Span, line_start};
use crate::syntax::ast::{Body, Import, Stmt, StmtKind};

impl Expander<'_> {
    /// Reports the first stage after the `output`.
    pub(super) fn stages_after_output(&mut self, body: &Body) {
        let is_output = |stmt: &&Stmt| matches!(stmt.kind, StmtKind::Output { .. });
        let Some(output) = body.stmts.iter().find(is_output) else { return };
        let mut after = body.stmts.iter().filter(|stmt| {
            let stage = matches!(stmt.kind, StmtKind::Stage { .. } | StmtKind::Repeat { .. });
            stage && stmt.place.span.start > output.place.span.start
        });
        let Some(first) = after.next() else { return };
        let last = after.next_back().unwrap_or(first);
        let text = &self.project.sources.get(output.place.span.file).text;
        let line_end = |at: usize| text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
        let start = line_start(text, output.place.span.start);
        let line = Span { start, end: line_end(output.place.span.end), ..output.place.span };
        let below = line_end(last.place.span.end);
        let below = Span { start: below, end: below, ..line };
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
