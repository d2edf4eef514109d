use std::ops::Range;

use super::ast::{Comment, Trivia};

/// Hands each comment of a text to what it belongs to; asked in the order of the text.
pub(super) struct Comments<'t> {
    text: &'t str,
    list: std::vec::IntoIter<Range<usize>>,
}

impl<'t> Comments<'t> {
    pub(super) fn new(text: &'t str, list: Vec<Range<usize>>) -> Comments<'t> {
        Comments { text, list: list.into_iter() }
    }

    /// All that start before `end`. `first` says that nothing stands before them in their body.
    pub(super) fn before(&mut self, end: usize, first: bool) -> Vec<Comment> {
        let mut found = Vec::new();
        while let Some(range) = self.list.as_slice().first().cloned().filter(|r| r.start < end) {
            self.list.next();
            let opening = first && found.is_empty();
            found.push(Comment {
                blank_before: !opening && self.blank_before(range.start),
                text: self.content(range),
            });
        }
        found
    }

    /// What stands before a statement that starts at `start`.
    pub(super) fn lead(&mut self, start: usize, first: bool) -> Trivia {
        let lead = self.before(start, first);
        let opening = first && lead.is_empty();
        Trivia { blank_before: !opening && self.blank_before(start), lead, trail: None }
    }

    /// The comment after `end` with nothing but a comma between.
    pub(super) fn trail(&mut self, end: usize) -> Option<String> {
        let range = self.list.as_slice().first().cloned()?;
        let between = self.text.get(end..range.start)?;
        let close = between.bytes().all(|b| matches!(b, b' ' | b'\t' | b',' | b'\r'));
        close.then(|| self.list.next()).flatten().map(|range| self.content(range))
    }

    fn content(&self, range: Range<usize>) -> String {
        self.text[range.start + 1..range.end].to_owned()
    }

    fn blank_before(&self, at: usize) -> bool {
        let space = self.text[..at].bytes().rev().take_while(u8::is_ascii_whitespace);
        space.filter(|b| *b == b'\n').count() > 1
    }
}

/// Adds comments from within a statement to those before it.
pub(super) fn add_inner(trivia: &mut Trivia, inner: Vec<Comment>) {
    for (i, comment) in inner.into_iter().enumerate() {
        let blank_before = i == 0 && std::mem::take(&mut trivia.blank_before);
        trivia.lead.push(Comment { blank_before, ..comment });
    }
}
