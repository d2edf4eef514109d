//! The grammar's pairs to the tree of [`ast`](super::ast).

mod expr;
mod item;
mod stmt;

use std::iter::Peekable;
use std::ops::Range;

use pest::iterators::{Pair, Pairs};

use super::ast::{Comment, Expr, File, Name, Place, Spanned};
use super::parser::Rule;
use super::trivia::Comments;
use crate::diag::{Code, FileId, Problem, Problems, Span};
use crate::limits::MAX_DEPTH;

/// A node, or what is wrong with its text.
type Built<T> = Result<T, Box<Problem>>;

/// Turns pairs into a tree. A statement that cannot be built is left out and reported.
pub(super) struct Builder<'t> {
    file: FileId,
    comments: Comments<'t>,
    /// Comments found within the statement being built.
    inner: Vec<Comment>,
    depth: usize,
    problems: Problems,
}

impl<'t> Builder<'t> {
    pub(super) fn new(text: &'t str, file: FileId, comments: Vec<Range<usize>>) -> Builder<'t> {
        Builder {
            file,
            comments: Comments::new(text, comments),
            inner: Vec::new(),
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
