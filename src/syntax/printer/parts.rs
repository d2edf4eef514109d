//! The parts of a statement, with the comments on them.

use super::width;
use crate::syntax::ast::PartTrivia;

/// The longest table that is written on one line, in columns.
const MAX_TABLE: usize = 60;

/// The comments on the parts of one statement, handed out in the order in which parts begin.
pub(super) struct Parts<'t> {
    left: &'t [PartTrivia],
    begun: usize,
    /// Whether long tables are broken into lines.
    breaks: bool,
}

impl<'t> Parts<'t> {
    pub(super) fn new(parts: &'t [PartTrivia]) -> Parts<'t> {
        Parts { left: parts, begun: 0, breaks: true }
    }

    /// Those of an expression or element that is shown by itself, without comments.
    pub(super) fn on_one_line() -> Parts<'static> {
        Parts { left: &[], begun: 0, breaks: false }
    }

    /// The comments on the part that begins here.
    pub(super) fn begin(&mut self) -> Around<'t> {
        let part = self.left.first().filter(|part| part.part == self.begun);
        self.begun += 1;
        let Some(part) = part else { return Around::default() };
        self.left = &self.left[1..];
        Around { lead: &part.lead, trail: part.trail.as_deref() }
    }
}

/// The comments around a part.
#[derive(Clone, Copy, Default)]
pub(super) struct Around<'t> {
    pub lead: &'t [String],
    pub trail: Option<&'t str>,
}

impl Around<'_> {
    pub(super) fn is_bare(&self) -> bool {
        self.lead.is_empty() && self.trail.is_none()
    }
}

/// The parts within brackets. Line breaks in texts are followed by the indentation of the bracket.
#[derive(Default)]
pub(super) struct List<'t> {
    parts: Vec<(Around<'t>, String)>,
    /// The comments before the closing bracket.
    tail: &'t [String],
    breaks: bool,
}

impl<'t> List<'t> {
    pub(super) fn new<T>(
        items: &[T],
        parts: &mut Parts<'t>,
        mut print: impl FnMut(&T, &mut Parts<'t>) -> String,
    ) -> List<'t> {
        let items: Vec<_> = items.iter().map(|item| (parts.begin(), print(item, parts))).collect();
        let tail = if items.is_empty() { &[][..] } else { parts.begin().lead };
        List { parts: items, tail, breaks: parts.breaks }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether it may stand on one line.
    pub(super) fn is_bare(&self) -> bool {
        self.tail.is_empty() && self.parts.iter().all(|(around, _)| around.is_bare())
    }

    /// On one line, or a part a line if there are comments. `last` is what follows the last part.
    pub(super) fn text(&self, open: &str, close: &str, last: &str) -> String {
        match self.is_bare() {
            true => {
                let texts: Vec<&str> = self.parts.iter().map(|(_, text)| text.as_str()).collect();
                format!("{open}{}{close}", texts.join(", "))
            }
            false => self.lines(open, close, last),
        }
    }

    /// As [`text`](List::text), or a part a line if it is long.
    pub(super) fn table(&self, open: &str, close: &str, last: &str) -> String {
        let text = self.text(open, close, last);
        if self.breaks && width(&text) > MAX_TABLE { self.lines(open, close, last) } else { text }
    }

    /// A part a line.
    pub(super) fn lines(&self, open: &str, close: &str, last: &str) -> String {
        let mut out = format!("{open}\n");
        for (i, (around, text)) in self.parts.iter().enumerate() {
            let comma = if i + 1 < self.parts.len() { "," } else { last };
            comments(&mut out, around.lead);
            out += &format!("  {}{comma}", text.replace('\n', "\n  "));
            out += &around.trail.map_or_else(String::new, |text| format!("  #{text}"));
            out.push('\n');
        }
        comments(&mut out, self.tail);
        out + close
    }

    /// `( a -> b )`, an element a line if there are comments.
    pub(super) fn chain(&self) -> String {
        let texts: Vec<&str> = self.parts.iter().map(|(_, text)| text.as_str()).collect();
        if self.is_bare() {
            return format!("({})", texts.join(" -> "));
        }
        let mut out = "(\n".to_owned();
        for (i, (around, text)) in self.parts.iter().enumerate() {
            let arrow = if i > 0 { "-> " } else { "" };
            comments(&mut out, around.lead);
            out += &format!("  {arrow}{}", text.replace('\n', "\n  "));
            out += &around.trail.map_or_else(String::new, |text| format!("  #{text}"));
            out.push('\n');
        }
        comments(&mut out, self.tail);
        out + ")"
    }
}

fn comments(out: &mut String, comments: &[String]) {
    comments.iter().for_each(|text| *out += &format!("  #{text}\n"));
}
