use super::expr::{Piece, pieces, print_call, print_expr, rounds};
use super::item::shape;
use super::{Printer, WIDTH, width};
use crate::syntax::ast::{
    Body, Comment, Edit, EditVerb, Element, Param, SettingExpr, ShapeExpr, Stmt, StmtKind,
};

impl Printer {
    pub(super) fn body(&mut self, body: &Body) {
        let columns = label_columns(&body.stmts);
        self.braces(body.stmts.is_empty() && body.tail.is_empty(), |p| {
            for (stmt, column) in body.stmts.iter().zip(columns) {
                p.lead(&stmt.trivia);
                p.statement(&stmt.kind, column);
                p.trail(stmt.trivia.trail.as_deref());
            }
            p.comments(&body.tail);
        });
    }

    /// `column` is how wide a stage's label is made.
    fn statement(&mut self, kind: &StmtKind, column: usize) {
        match kind {
            StmtKind::Input { name, shape: s } => {
                self.line(&format!("input {}: {}", name.node, shape(s)))
            }
            StmtKind::Output { name, shape: s } => {
                self.line(&format!("output {}: {}", name.node, shape(s)))
            }
            StmtKind::Stage { label, chain, shape } => {
                let label = label.as_ref().map_or_else(String::new, |l| format!("{}:", l.node));
                let gap = if label.is_empty() { "" } else { " " };
                self.chain(&format!("{label:column$}{gap}"), chain, shape.as_ref());
            }
            StmtKind::Branch { name, source, chain, shape } => {
                let arrow = if chain.is_empty() { "" } else { " -> " };
                self.chain(
                    &format!("{} = {}{arrow}", name.node, source.node),
                    chain,
                    shape.as_ref(),
                );
            }
            StmtKind::Repeat { label, rounds: over, body } => {
                let label = label.as_ref().map_or_else(String::new, |l| format!("{}: ", l.node));
                self.line(&format!("{label}{}", rounds(over)));
                self.body(body);
            }
            StmtKind::Let(Param { name, default, .. }) => {
                let value = default.as_ref().map(print_expr).unwrap_or_default();
                self.line(&format!("let {} = {value}", name.node));
            }
            StmtKind::Block(block) => self.block(block),
            StmtKind::Default(call) => self.line(&format!("default {}", print_call(call))),
            StmtKind::Expect(claim) => self.line(&format!("expect {}", print_expr(claim))),
            StmtKind::Recipe { settings, tail } => self.recipe(settings, tail),
            StmtKind::Edit(edit) => self.edit(edit),
        }
    }

    /// On one line if it fits; otherwise broken before `->`.
    fn chain(&mut self, head: &str, elements: &[Element], ascription: Option<&ShapeExpr>) {
        self.line(head);
        let mut column = self.indent + width(head);
        let mut steps: Vec<Vec<Piece<'_>>> = elements.iter().map(pieces).collect();
        if let Some(shape_of) = ascription {
            let text = format!(" :: {}", shape(shape_of));
            match steps.last_mut().and_then(|pieces| pieces.last_mut()) {
                Some(Piece::Text(last)) => last.push_str(&text),
                Some(Piece::Body(_)) | None => steps.push(vec![Piece::Text(text)]),
            }
        }
        for (i, step) in steps.iter().enumerate() {
            let first = step.iter().map(|piece| match piece {
                Piece::Text(text) => width(text),
                Piece::Body(_) => 1,
            });
            let first = first.take(2).sum::<usize>();
            if i > 0 && column + width(" -> ") + first > WIDTH {
                self.newline();
                self.line("    -> ");
                column = self.indent + width("    -> ");
            } else if i > 0 {
                self.out.push_str(" -> ");
                column += width(" -> ");
            }
            for piece in step {
                match piece {
                    Piece::Text(text) => {
                        self.out.push_str(text);
                        column += width(text);
                    }
                    Piece::Body(body) => {
                        self.body(body);
                        column = self.indent + 1;
                    }
                }
            }
        }
    }

    fn edit(&mut self, edit: &Edit) {
        let target = &edit.target.node;
        match edit.verb {
            EditVerb::Remove => self.line(&format!("remove {target}")),
            EditVerb::After => self.chain(&format!("after {target}: "), &edit.chain, None),
            EditVerb::Before => self.chain(&format!("before {target}: "), &edit.chain, None),
            EditVerb::Replace => self.chain(&format!("replace {target}: "), &edit.chain, None),
        }
    }

    /// On one line if it fits and holds no comment or blank line; otherwise a setting a line.
    fn recipe(&mut self, settings: &[SettingExpr], tail: &[Comment]) {
        let texts: Vec<String> =
            settings.iter().map(|s| format!("{} = {}", s.key.node, print_expr(&s.value))).collect();
        let plain = tail.is_empty() && settings.iter().all(|s| s.trivia == Default::default());
        let flat = format!("recipe {{ {} }}", texts.join(", "));
        if plain && !settings.is_empty() && self.indent + width(&flat) <= WIDTH {
            return self.line(&flat);
        }
        self.line("recipe ");
        self.braces(settings.is_empty() && tail.is_empty(), |p| {
            for (setting, text) in settings.iter().zip(texts) {
                p.lead(&setting.trivia);
                p.line(&text);
                p.trail(setting.trivia.trail.as_deref());
            }
            p.comments(tail);
        });
    }
}

/// For each statement the width of its label: that of the longest among neighbouring labelled
/// stages.
fn label_columns(stmts: &[Stmt]) -> Vec<usize> {
    let mut columns = vec![0; stmts.len()];
    let mut start = 0;
    while start < stmts.len() {
        let mut end = start + 1;
        while end < stmts.len() && label_width(&stmts[end - 1]) > 0 && joins(&stmts[end]) {
            end += 1;
        }
        let widest = stmts[start..end].iter().map(label_width).max().unwrap_or(0);
        columns[start..end].fill(widest);
        start = end;
    }
    columns
}

/// Whether it is a labelled stage with no blank line before it.
fn joins(stmt: &Stmt) -> bool {
    let blank = stmt.trivia.blank_before || stmt.trivia.lead.iter().any(|c| c.blank_before);
    label_width(stmt) > 0 && !blank
}

/// With its colon; 0 without a label.
fn label_width(stmt: &Stmt) -> usize {
    match &stmt.kind {
        StmtKind::Stage { label: Some(label), .. } => width(&label.node) + 1,
        _ => 0,
    }
}
