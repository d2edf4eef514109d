//! A tree as canonical text.

mod expr;
mod item;
mod parts;
mod stmt;

use super::ast::{Comment, File, ItemKind, Trivia};
pub use expr::{print_call, print_expr};
use parts::Parts;

/// Longer lines are wrapped where the language has a place for it.
const WIDTH: usize = 100;

/// The canonical text of a file.
pub fn print(file: &File) -> String {
    let mut printer = Printer { out: String::new(), indent: 0, opening: true };
    for item in &file.items {
        printer.lead(&item.trivia);
        match &item.kind {
            ItemKind::Import(import) => printer.import(import),
            ItemKind::Block(block) => printer.block(block, &mut Parts::new(&item.trivia.parts)),
            ItemKind::Net(net) => printer.net(net, &mut Parts::new(&item.trivia.parts)),
        }
        printer.trail(item.trivia.trail.as_deref());
    }
    printer.comments(&file.tail);
    printer.out
}

struct Printer {
    out: String,
    /// In columns.
    indent: usize,
    /// Whether nothing stands in this body yet.
    opening: bool,
}

impl Printer {
    fn comments(&mut self, comments: &[Comment]) {
        for comment in comments {
            self.blank_line(comment.blank_before);
            self.line(&format!("#{}", comment.text));
            self.newline();
        }
    }

    /// What stands above a statement, and the blanks before it.
    fn lead(&mut self, trivia: &Trivia) {
        self.comments(&trivia.lead);
        self.blank_line(trivia.blank_before);
    }

    /// Ends the last line of a statement.
    fn trail(&mut self, comment: Option<&str>) {
        if let Some(comment) = comment {
            self.out.push_str("  #");
            self.out.push_str(comment);
        }
        self.newline();
    }

    fn blank_line(&mut self, wanted: bool) {
        if wanted && !self.opening {
            self.out.push('\n');
        }
        self.opening = false;
    }

    /// Starts a line, indented.
    fn line(&mut self, text: &str) {
        self.out.extend(std::iter::repeat_n(' ', self.indent));
        self.text(text);
    }

    /// Goes on, indented as far as the statement where the text breaks its line.
    fn text(&mut self, text: &str) {
        self.out.push_str(&text.replace('\n', &format!("\n{:1$}", "", self.indent)));
    }

    /// How wide the current line is.
    fn column(&self) -> usize {
        width(self.out.rsplit('\n').next().unwrap_or_default())
    }

    fn newline(&mut self) {
        self.out.push('\n');
    }

    /// `{`, what `fill` writes, `}`, after a header. `head` is the comment after `{`.
    fn braces(&mut self, empty: bool, head: Option<&str>, fill: impl FnOnce(&mut Printer)) {
        if empty && head.is_none() {
            self.out.push_str("{}");
            return;
        }
        self.out.push('{');
        self.trail(head);
        self.indent += 2;
        self.opening = true;
        fill(self);
        self.opening = false;
        self.indent -= 2;
        self.line("}");
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}
