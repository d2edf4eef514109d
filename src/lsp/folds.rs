//! What an editor may fold, and what it selects as a selection grows.

use gen_lsp_types::{FoldingRange, FoldingRangeKind, Position, Range, SelectionRange};

use super::lex::{Token, TokenKind, tokens};
use super::place;
use super::server::Server;
use crate::diag::{FileId, Sources, Span, line_start};

impl Server {
    /// Brackets over several lines, comments of several lines, and imports.
    pub(super) fn folds(&self, path: &str) -> Option<Vec<FoldingRange>> {
        let (sources, file) = self.source(path)?;
        let line = |at: usize| sources.get(file).line_to(at).0 as u32;
        let all = tokens(&sources.get(file).text);
        let mut found = Vec::new();
        let mut add = |first: u32, last: u32, kind: Option<FoldingRangeKind>| {
            if first < last {
                let range =
                    FoldingRange { start_line: first, end_line: last, kind, ..Default::default() };
                found.push(range);
            }
        };
        for (open, close) in brackets(&all) {
            // The line of the closing bracket stays.
            add(line(open.start), line(close.start).saturating_sub(1), None);
        }
        for (starts, kind) in
            [("#", FoldingRangeKind::Comment), ("import", FoldingRangeKind::Imports)]
        {
            for (first, last) in runs(&all, starts, &line) {
                add(first, last, Some(kind.clone()));
            }
        }
        found.sort_by_key(|range| (range.start_line, range.end_line));
        Some(found)
    }

    /// For each position the word, its statement's line, the brackets around it, and the file.
    pub(super) fn selections(&self, path: &str, at: &[Position]) -> Option<Vec<SelectionRange>> {
        let (sources, file) = self.source(path)?;
        let text = &sources.get(file).text;
        let all = tokens(text);
        let pairs = brackets(&all);
        let one = |position: &Position| {
            let at = place::offset(text, *position);
            let mut spans = vec![(0, text.len())];
            let words = all.iter().filter(|token| token.kind != TokenKind::Newline);
            spans.extend(words.map(|token| (token.start, token.end())));
            for (open, close) in pairs.iter().filter(|(o, c)| o.start <= at && at <= c.end()) {
                spans.extend([(open.start, close.end()), (open.end(), close.start)]);
                if open.is("{") {
                    spans.push((text_start(text, open.start), close.end()));
                }
                // `conv` with its arguments.
                let callee = all.iter().find(|token| token.end() == open.start);
                spans.extend(callee.map(|callee| (callee.start, close.end())));
            }
            let (start, end) =
                (text_start(text, at), text[at..].find('\n').unwrap_or(text.len() - at) + at);
            spans.push((start, end));
            spans.extend(elements(&all, start, end));
            nested(spans, at, |(start, end)| place::range(&sources, Span { file, start, end }))
        };
        Some(at.iter().map(one).collect())
    }

    fn source(&self, path: &str) -> Option<(Sources, FileId)> {
        let mut sources = Sources::default();
        let file = sources.add(path, self.texts.get(path)?.as_str());
        Some((sources, file))
    }
}

/// The pairs of brackets.
fn brackets<'t>(all: &[Token<'t>]) -> Vec<(Token<'t>, Token<'t>)> {
    let (mut open, mut pairs) = (Vec::new(), Vec::new());
    for token in all.iter().filter(|token| token.kind == TokenKind::Mark) {
        match token.text {
            "(" | "[" | "{" => open.push(*token),
            ")" | "]" | "}" => {
                let fits = |o: &Token<'_>| {
                    matches!((o.text, token.text), ("(", ")") | ("[", "]") | ("{", "}"))
                };
                if let Some(i) = open.iter().rposition(fits) {
                    pairs.push((open[i], *token));
                    open.truncate(i);
                }
            }
            _ => {}
        }
    }
    pairs
}

/// The first and last lines of neighbouring lines that start in a way.
fn runs(all: &[Token<'_>], starts: &str, line: &impl Fn(usize) -> u32) -> Vec<(u32, u32)> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    let mut before = None;
    for token in all {
        let at = line(token.start);
        if token.kind != TokenKind::Newline && before != Some(at) && token.text.starts_with(starts)
        {
            match runs.last_mut().filter(|(_, last)| *last + 1 == at) {
                Some((_, last)) => *last = at,
                None => runs.push((at, at)),
            }
        }
        before = Some(at);
    }
    runs
}

/// What stands between the arrows of a line.
fn elements(all: &[Token<'_>], start: usize, end: usize) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut part: Option<(usize, usize)> = None;
    let line = all.iter().filter(|t| start <= t.start && t.end() <= end);
    for token in line.filter(|t| t.kind != TokenKind::Comment) {
        match token.is("->") || token.is(":") {
            true => found.extend(part.take()),
            false => part = Some((part.map_or(token.start, |(first, _)| first), token.end())),
        }
    }
    found.extend(part);
    found
}

/// The first byte of a line behind its indentation, or the byte within that.
fn text_start(text: &str, at: usize) -> usize {
    let before = &text[line_start(text, at)..at];
    at - before.trim_start().len()
}

/// Those of the ranges around a place that lie in one another, as a chain.
fn nested(
    mut spans: Vec<(usize, usize)>,
    at: usize,
    range: impl Fn((usize, usize)) -> Range,
) -> SelectionRange {
    spans.retain(|(start, end)| *start <= at && at <= *end);
    spans.sort_by_key(|(start, end)| (std::cmp::Reverse(end - start), *start));
    spans.dedup();
    let mut chain: Option<(SelectionRange, (usize, usize))> = None;
    for span in spans {
        let within =
            chain.as_ref().is_none_or(|(_, (start, end))| *start <= span.0 && span.1 <= *end);
        if within {
            let parent = chain.take().map(|(parent, _)| Box::new(parent));
            chain = Some((SelectionRange { range: range(span), parent }, span));
        }
    }
    chain
        .map_or_else(|| SelectionRange { range: range((at, at)), parent: None }, |(inner, _)| inner)
}
