use std::ops::Range;

use super::ast::{Comment, PartTrivia, Trivia};

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
        Trivia { blank_before: !opening && self.blank_before(start), lead, ..Trivia::default() }
    }

    /// The comment after `end` with nothing but a comma or an arrow between.
    pub(super) fn trail(&mut self, end: usize) -> Option<String> {
        let range = self.list.as_slice().first().cloned()?;
        let between = self.text.get(end..range.start)?;
        let close = between.bytes().all(|b| matches!(b, b' ' | b'\t' | b',' | b'\r' | b'-' | b'>'));
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

/// What is known of the comments within the statement that is being built.
#[derive(Default)]
pub(super) struct Within {
    /// How many parts have begun.
    begun: usize,
    /// The comments on parts.
    parts: Vec<PartTrivia>,
    /// Those that are on none.
    left: Vec<Comment>,
}

impl Within {
    /// The number of a part that begins here.
    pub(super) fn begin(&mut self) -> usize {
        self.begun += 1;
        self.begun - 1
    }

    /// Comments on a part.
    pub(super) fn on(&mut self, part: usize, lead: Vec<Comment>, trail: Option<String>) {
        let lead: Vec<String> = lead.into_iter().map(|comment| comment.text).collect();
        if !lead.is_empty() || trail.is_some() {
            self.parts.push(PartTrivia { part, lead, trail });
        }
    }

    /// Takes the comment lines before the first part off it.
    pub(super) fn release(&mut self) {
        if let Some(first) = self.parts.iter_mut().find(|part| part.part == 0) {
            let lead = std::mem::take(&mut first.lead);
            let comments = lead.into_iter().map(|text| Comment { blank_before: false, text });
            self.left.splice(0..0, comments);
        }
        self.parts.retain(|part| !part.lead.is_empty() || part.trail.is_some());
    }

    /// Comments on no part.
    pub(super) fn leave(&mut self, comments: Vec<Comment>) {
        self.left.extend(comments);
    }

    /// Hands all of them to the statement.
    pub(super) fn end(mut self, trivia: &mut Trivia) {
        self.parts.sort_by_key(|part| part.part);
        trivia.parts = self.parts;
        for (i, comment) in self.left.into_iter().enumerate() {
            let blank_before = i == 0 && std::mem::take(&mut trivia.blank_before);
            trivia.lead.push(Comment { blank_before, ..comment });
        }
    }
}
