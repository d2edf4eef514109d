use std::ops::Range;

use pest::Parser as _;
use pest::iterators::Pairs;

use super::builder::Builder;
use super::scan::{Scanned, scan};
use super::{ast, error};
use crate::diag::{FileId, MAX_SHOWN, Problem, Problems, Sources};

#[allow(missing_docs)]
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "../grammar/net.pest"]
    pub struct Grammar;
}
pub(super) use grammar::{Grammar, Rule};

/// Reads a file. The error holds every problem of its syntax, one a statement.
pub fn parse(sources: &Sources, file: FileId) -> Result<ast::File, Problems> {
    match recover(sources, file) {
        (Some(tree), problems) if problems.is_empty() => Ok(tree),
        (_, problems) => Err(problems),
    }
}

/// Reads a text that is one expression, such as a value of the command line.
pub fn parse_expr(sources: &Sources, file: FileId) -> Result<ast::Expr, Problems> {
    let text = &sources.get(file).text;
    let scanned = scan(text, file);
    if !scanned.problems.is_empty() {
        return Err(scanned.problems.into_iter().collect());
    }
    let pairs = Grammar::parse(Rule::lone_expr, &scanned.code)
        .map_err(|failure| error::describe(&failure, &scanned.code, 0, file))?;
    let mut builder = Builder::new(text, file, Vec::new());
    Ok(builder.lone_expr(pairs)?)
}

/// Reads a file, and past its errors as far as that goes: without problems, the whole tree; with
/// problems, what could be read in spite of them.
pub(super) fn recover(sources: &Sources, file: FileId) -> (Option<ast::File>, Problems) {
    let text = &sources.get(file).text;
    let mut scanned = scan(text, file);
    let mut problems: Problems = scanned.problems.iter().cloned().collect();
    if !scanned.parsable {
        return (None, problems);
    }
    let comments = std::mem::take(&mut scanned.comments);
    for _ in 0..=MAX_SHOWN {
        let (at, problem) = match Grammar::parse(Rule::file, &scanned.code) {
            Ok(pairs) => return (Some(build(text, file, comments, pairs, &mut problems)), problems),
            Err(failure) => {
                let at = error::place(&failure);
                let start = statement(&scanned, at).map_or(0, |s| s.start);
                (at, error::describe(&failure, &scanned.code, start, file))
            }
        };
        let Some(range) = statement(&scanned, at) else {
            problems.push(problem);
            break;
        };
        let known = |p: &Problem| p.span.is_some_and(|s| range.contains(&s.start));
        if !scanned.problems.iter().any(known) {
            problems.push(problem);
        }
        let body = detached_body(&scanned, range.end);
        blank(&mut scanned.code, range);
        if let Some(body) = body {
            blank(&mut scanned.code, body);
        }
    }
    (None, problems)
}

fn build(
    text: &str,
    file: FileId,
    comments: Vec<Range<usize>>,
    pairs: Pairs<'_, Rule>,
    problems: &mut Problems,
) -> ast::File {
    let mut builder = Builder::new(text, file, comments);
    let tree = builder.file(pairs);
    problems.extend(builder.into_problems());
    tree
}

/// The innermost statement around `at` that is not blank.
fn statement(scanned: &Scanned, at: usize) -> Option<Range<usize>> {
    let holds = |r: &&Range<usize>| r.start <= at && at <= r.end;
    let around = scanned.statements.iter().filter(holds);
    let mut filled = around.filter(|r| !scanned.code[(*r).clone()].trim().is_empty());
    // Inner statements are listed first.
    filled.next().cloned()
}

/// The braces on a line of their own after a head that ends at `end`: they go with that head.
fn detached_body(scanned: &Scanned, end: usize) -> Option<Range<usize>> {
    let rest = &scanned.code[end..];
    let brace = end + rest.len() - rest.trim_start().len();
    let opens = scanned.code[brace..].starts_with('{');
    let body = scanned.statements.iter().find(|r| opens && r.start <= brace && brace < r.end);
    body.cloned()
}

fn blank(code: &mut String, range: Range<usize>) {
    let spaces = " ".repeat(range.len());
    code.replace_range(range, &spaces);
}
