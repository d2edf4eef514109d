//! The grammar's pairs to the tree of [`ast`](super::ast).

mod expr;
mod item;
mod stmt;

pub(crate) use expr::vanishes;

use std::iter::Peekable;
use std::ops::Range;

use pest::iterators::{Pair, Pairs};

use super::ast::{Expr, File, Name, Place, Spanned, Trivia};
use super::parser::Rule;
use super::trivia::{Comments, Within};
use crate::diag::{Code, FileId, Problem, Problems, Span};
use crate::limits::MAX_DEPTH;

/// A node, or what is wrong with its text.
type Built<T> = Result<T, Box<Problem>>;

/// Turns pairs into a tree. A statement that cannot be built is left out and reported.
pub(super) struct Builder<'t> {
    file: FileId,
    comments: Comments<'t>,
    /// What is known of the comments within the statement that is being built.
    within: Within,
    depth: usize,
    problems: Problems,
}

impl<'t> Builder<'t> {
    pub(super) fn new(text: &'t str, file: FileId, comments: Vec<Range<usize>>) -> Builder<'t> {
        Builder {
            file,
            comments: Comments::new(text, comments),
            within: Within::default(),
            depth: 0,
            problems: Problems::new(),
        }
    }

    pub(super) fn file(&mut self, pairs: Pairs<'_, Rule>) -> File {
        let mut items = Vec::new();
        for pair in pairs.flat_map(Pair::into_inner).filter(|p| p.as_rule() == Rule::item) {
            match self.item(pair, items.is_empty()) {
                Ok(item) => items.push(item),
                Err(problem) => self.problems.push(*problem),
            }
        }
        let tail = self.comments.before(usize::MAX, items.is_empty());
        File { items, tail }
    }

    pub(super) fn lone_expr(&mut self, pairs: Pairs<'_, Rule>) -> Built<Expr> {
        let mut nodes = Nodes::of(pairs.flat_map(Pair::into_inner));
        let pair = nodes.need(Rule::expr)?;
        self.expr(pair)
    }

    pub(super) fn into_problems(self) -> Problems {
        self.problems
    }

    /// Builds something that is `levels` deeper in the tree.
    fn deeper<T>(
        &mut self,
        levels: usize,
        span: Span,
        build: impl FnOnce(&mut Self) -> Built<T>,
    ) -> Built<T> {
        if self.depth + levels > MAX_DEPTH {
            let message = format!("expected nesting at most {MAX_DEPTH} deep, got more");
            let start = Span { end: span.start + 1, ..span };
            let problem =
                Problem::new(Code::Limit, start, message).label("too deep from here on").help(
                    "Brackets, operators, indexing and `else` each count one level. Split this up.",
                );
            return Err(problem.into());
        }
        self.depth += levels;
        let built = build(self);
        self.depth -= levels;
        built
    }

    /// Builds something with comments around and within it.
    fn surrounded<T>(
        &mut self,
        span: Span,
        first: bool,
        build: impl FnOnce(&mut Self) -> Built<T>,
    ) -> Built<(T, Trivia)> {
        let mut trivia = self.comments.lead(span.start, first);
        let outer = std::mem::take(&mut self.within);
        let built = build(self);
        let left = self.comments.before(span.end, false);
        self.within.leave(left);
        std::mem::replace(&mut self.within, outer).end(&mut trivia);
        trivia.trail = self.comments.trail(span.end);
        Ok((built?, trivia))
    }

    /// Builds a part of a statement, which keeps the comments on it.
    fn part<'i, T>(
        &mut self,
        pair: Pair<'i, Rule>,
        trails: bool,
        build: impl FnOnce(&mut Self, Pair<'i, Rule>) -> Built<T>,
    ) -> Built<T> {
        let span = self.span(&pair);
        let part = self.within.begin();
        let mut lead = self.comments.before(span.start, false);
        let built = build(self, pair)?;
        lead.extend(self.comments.before(span.end, false));
        let trail = if trails { self.comments.trail(span.end) } else { None };
        self.within.on(part, lead, trail);
        Ok(built)
    }

    /// Builds the parts within brackets, of which the last closes at `end`.
    fn parts<'i, T>(
        &mut self,
        nodes: Nodes<'i>,
        end: usize,
        mut build: impl FnMut(&mut Self, Pair<'i, Rule>) -> Built<T>,
    ) -> Built<Vec<T>> {
        let parts: Built<Vec<T>> =
            nodes.rest().map(|pair| self.part(pair, true, |b, pair| build(b, pair))).collect();
        let parts = parts?;
        if !parts.is_empty() {
            self.close(end);
        }
        Ok(parts)
    }

    /// Keeps the comments before a closing bracket.
    fn close(&mut self, end: usize) {
        let part = self.within.begin();
        let lead = self.comments.before(end, false);
        self.within.on(part, lead, None);
    }

    /// The text of a pair, without the blanks that the grammar may leave at its end.
    fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let start = pair.as_span().start();
        Span { file: self.file, start, end: start + pair.as_str().trim_end().len() }
    }

    fn place(&self, pair: &Pair<'_, Rule>) -> Place {
        Spanned { node: (), span: self.span(pair) }
    }

    fn name(&self, pair: Pair<'_, Rule>) -> Name {
        Spanned { node: pair.as_str().trim_end().to_owned(), span: self.span(&pair) }
    }

    /// What stands between the quotes; the span is that of the whole string.
    fn string(&self, pair: Pair<'_, Rule>) -> Name {
        Spanned { node: pair.as_str().trim_matches('"').to_owned(), span: self.span(&pair) }
    }
}

/// The children of a pair that mean something: marks and keywords are skipped.
struct Nodes<'i>(Peekable<std::vec::IntoIter<Pair<'i, Rule>>>);

impl<'i> Nodes<'i> {
    fn new(pair: Pair<'i, Rule>) -> Nodes<'i> {
        Nodes::of(pair.into_inner())
    }

    fn of(pairs: impl Iterator<Item = Pair<'i, Rule>>) -> Nodes<'i> {
        let nodes: Vec<_> = pairs.filter(|p| !is_mark(p.as_rule())).collect();
        Nodes(nodes.into_iter().peekable())
    }

    /// The next child, if it is a `rule`.
    fn take(&mut self, rule: Rule) -> Option<Pair<'i, Rule>> {
        self.0.next_if(|p| p.as_rule() == rule)
    }

    /// The next child, which the grammar says is a `rule`.
    fn need(&mut self, rule: Rule) -> Built<Pair<'i, Rule>> {
        self.take(rule).ok_or_else(|| {
            let message = format!("the grammar and the tree builder disagree about `{rule:?}`");
            Problem::new(Code::Syntax, None, message)
                .help("This is a defect of netc, not of the file.")
                .into()
        })
    }

    /// The next child, whatever it is.
    fn any(&mut self) -> Option<Pair<'i, Rule>> {
        self.0.next()
    }

    /// All children that are left.
    fn rest(self) -> impl Iterator<Item = Pair<'i, Rule>> {
        self.0
    }
}

fn is_mark(rule: Rule) -> bool {
    use Rule::*;
    matches!(
        rule,
        EOI | eol
            | arrow
            | ascribe
            | colon
            | assign
            | dots
            | comma
            | minus
            | open_paren
            | close_paren
            | open_bracket
            | close_bracket
            | open_brace
            | close_brace
            | kw_import
            | kw_block
            | kw_net
            | kw_extends
            | kw_input
            | kw_output
            | kw_repeat
            | kw_for
            | kw_in
            | kw_let
            | kw_default
            | kw_expect
            | kw_recipe
            | kw_remove
            | kw_if
            | kw_else
            | kw_not
            | kw_int
            | kw_float
            | kw_one_of
            | kw_subset
            | kw_list
    )
}
