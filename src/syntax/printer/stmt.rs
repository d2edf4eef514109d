use super::expr::{Piece, call, expr, pieces, rounds};
use super::item::shape;
use super::parts::Parts;
use super::{Printer, WIDTH, width};
use crate::syntax::ast::{
    Body, Comment, Edit, EditVerb, Element, Param, SettingExpr, ShapeExpr, Stmt, StmtKind,
};

impl Printer {
    pub(super) fn body(&mut self, body: &Body) {
        let columns = label_columns(&body.stmts);
        let empty = body.stmts.is_empty() && body.tail.is_empty();
        self.braces(empty, body.head.as_deref(), |p| {
            for (stmt, column) in body.stmts.iter().zip(columns) {
                p.lead(&stmt.trivia);
                p.statement(&stmt.kind, column, &mut Parts::new(&stmt.trivia.parts));
                p.trail(stmt.trivia.trail.as_deref());
            }
            p.comments(&body.tail);
        });
    }

    /// `column` is how wide a stage's label is made.
    fn statement(&mut self, kind: &StmtKind, column: usize, parts: &mut Parts<'_>) {
        match kind {
            StmtKind::Input { name, shape: s } => {
                self.line(&format!("input {}: {}", name.node, shape(s, parts)))
            }
            StmtKind::Output { name, shape: s } => {
                self.line(&format!("output {}: {}", name.node, shape(s, parts)))
            }
            StmtKind::Stage { label, chain, shape } => {
                let label = label.as_ref().map_or_else(String::new, |l| format!("{}:", l.node));
                let gap = if label.is_empty() { "" } else { " " };
                self.line(&format!("{label:column$}{gap}"));
                self.chain(false, chain, shape.as_ref(), parts);
            }
            StmtKind::Branch { name, source, chain, shape } => {
                self.line(&format!("{} = {}", name.node, source.node));
                self.chain(true, chain, shape.as_ref(), parts);
            }
            StmtKind::Repeat { label, rounds: over, body } => {
                let label = label.as_ref().map_or_else(String::new, |l| format!("{}: ", l.node));
                // Itself, as the one element of a chain.
                parts.begin();
                self.line(&format!("{label}{}", rounds(over, parts)));
                self.body(body);
            }
            StmtKind::Let(Param { name, default, .. }) => {
                let value = default.as_ref().map(|value| expr(value, parts)).unwrap_or_default();
                self.line(&format!("let {} = {value}", name.node));
            }
            StmtKind::Block(block) => self.block(block, parts),
            StmtKind::Default(called) => self.line(&format!("default {}", call(called, parts))),
            StmtKind::Expect(claim) => self.line(&format!("expect {}", expr(claim, parts))),
            StmtKind::Recipe { settings, tail } => self.recipe(settings, tail),
            StmtKind::Edit(edit) => self.edit(edit, parts),
        }
    }

    /// Goes on with a chain, broken before `->` where a line would be too long or has a comment.
    /// `follows` says that an arrow stands before its first element.
    fn chain(
        &mut self,
        follows: bool,
        elements: &[Element],
        ascription: Option<&ShapeExpr>,
        parts: &mut Parts<'_>,
    ) {
        let (outer, mut ends_in_comment) = (self.indent, false);
        let last = elements.len().saturating_sub(1);
        for (i, element) in elements.iter().enumerate() {
            let (around, mut pieces) = (parts.begin(), pieces(element, parts));
            if i == last {
                pieces
                    .extend(ascription.map(|of| Piece::Text(format!(" :: {}", shape(of, parts)))));
            }
            let arrow = if i > 0 || follows { " -> " } else { "" };
            let first: usize = pieces.iter().take(2).map(Piece::first_line).sum();
            let wide = self.column() + width(arrow) + first > WIDTH;
            if ends_in_comment || !around.lead.is_empty() || (i > 0 && wide) {
                self.indent = outer + 4;
                for comment in around.lead {
                    self.newline();
                    self.line(&format!("#{comment}"));
                }
                self.newline();
                self.line(arrow.trim_start());
            } else {
                self.out.push_str(arrow);
            }
            for piece in pieces {
                match piece {
                    Piece::Text(text) => self.text(&text),
                    Piece::Body(body) => {
                        self.indent = outer;
                        self.body(body);
                    }
                }
            }
            ends_in_comment = around.trail.is_some();
            around.trail.into_iter().for_each(|text| self.out.push_str(&format!("  #{text}")));
        }
        if let (true, Some(of)) = (elements.is_empty(), ascription) {
            self.text(&format!(" :: {}", shape(of, parts)));
        }
        self.indent = outer;
    }

    fn edit(&mut self, edit: &Edit, parts: &mut Parts<'_>) {
        let verb = match edit.verb {
            EditVerb::Remove => return self.line(&format!("remove {}", edit.target.node)),
            EditVerb::After => "after",
            EditVerb::Before => "before",
            EditVerb::Replace => "replace",
        };
        self.line(&format!("{verb} {}: ", edit.target.node));
        self.chain(false, &edit.chain, None, parts);
    }

    /// On one line if it fits and holds no comment or blank line; otherwise a setting a line.
    fn recipe(&mut self, settings: &[SettingExpr], tail: &[Comment]) {
        let text = |setting: &SettingExpr| {
            let value = expr(&setting.value, &mut Parts::new(&setting.trivia.parts));
            format!("{} = {value}", setting.key.node)
        };
        let texts: Vec<String> = settings.iter().map(text).collect();
        let plain = tail.is_empty() && settings.iter().all(|s| s.trivia == Default::default());
        let flat = format!("recipe {{ {} }}", texts.join(", "));
        if plain && !settings.is_empty() && self.indent + width(&flat) <= WIDTH {
            return self.line(&flat);
        }
        self.line("recipe ");
        self.braces(settings.is_empty() && tail.is_empty(), None, |p| {
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
