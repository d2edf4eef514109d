//! Markdown as text for a terminal: paragraphs in lines of its width, code indented.

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use crate::cli::terminal::{has_colours, width};
use crate::diag::colour::{BOLD, PLAIN, is_colour};

/// The widest paragraph.
const WIDEST: usize = 90;

/// A page as text. Without colours, quotation marks show what is code.
pub fn rendered(page: &str) -> String {
    let mut text = Text { out: String::new(), inline: String::new(), lists: 0, code: false };
    Parser::new(page).for_each(|event| text.event(event));
    text.out
}

struct Text {
    out: String,
    /// What of the current paragraph is read.
    inline: String,
    /// How deep in lists it is.
    lists: usize,
    /// Whether it is in a block of code.
    code: bool,
}

impl Text {
    fn event(&mut self, event: Event) {
        match event {
            Event::Start(Tag::List(_)) => self.lists += 1,
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented)) => {
                self.code = true;
            }
            Event::Start(Tag::Heading { .. } | Tag::Strong) => self.inline += BOLD,
            Event::End(TagEnd::Strong) => self.inline += PLAIN,
            Event::End(TagEnd::Heading(_)) => {
                self.inline += PLAIN;
                self.block("", "");
            }
            Event::End(TagEnd::Paragraph) if self.lists == 0 => self.block("", ""),
            Event::End(TagEnd::Item) => {
                let indent = "  ".repeat(self.lists);
                self.block(&format!("{indent}• "), &format!("{indent}  "));
            }
            Event::End(TagEnd::List(_)) => {
                self.lists -= 1;
                self.out.push('\n');
            }
            Event::End(TagEnd::CodeBlock) => {
                self.code = false;
                self.out.push('\n');
            }
            Event::Text(text) if self.code => {
                text.lines().for_each(|line| self.out += &format!("    {line}\n"));
            }
            Event::Text(text) => self.inline += &text,
            Event::Code(code) => {
                let quote = if has_colours() { "" } else { "`" };
                self.inline += &format!("{quote}{BOLD}{code}{PLAIN}{quote}");
            }
            Event::SoftBreak | Event::HardBreak => self.inline.push(' '),
            _ => {}
        }
    }

    /// Ends a paragraph: its words in lines that are no wider than they may be.
    fn block(&mut self, first: &str, indent: &str) {
        let inline = std::mem::take(&mut self.inline);
        let most = width().min(WIDEST);
        let mut line = first.to_owned();
        let mut length = first.chars().count();
        let mut empty = true;
        for word in inline.split_whitespace() {
            let long = word.chars().filter(|c| !is_colour(*c)).count();
            if !empty && length + 1 + long > most {
                self.out += &format!("{line}\n");
                (line, length, empty) = (indent.to_owned(), indent.chars().count(), true);
            }
            if !empty {
                line.push(' ');
                length += 1;
            }
            line += word;
            length += long;
            empty = false;
        }
        if !empty {
            self.out += &format!("{line}\n");
            if self.lists == 0 {
                self.out.push('\n');
            }
        }
    }
}
