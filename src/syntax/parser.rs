use std::collections::BTreeSet;
use std::ops::Range;

use pest::Parser as _;
use pest::iterators::Pairs;

use super::builder::Builder;
use super::hint::{is_keyword, is_word};
use super::scan::{Scanned, scan};
use super::{ast, error, slip};
use crate::diag::{FileId, Problem, Problems, Sources};
use crate::limits::MAX_SYNTAX_ERRORS;

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
        .map_err(|failure| error::describe(&failure, text, &scanned.code, 0, file))?;
    let mut builder = Builder::new(text, file, Vec::new());
    builder.lone_expr(pairs).map_err(|problem| (*problem).into())
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
    let mut stood_in: BTreeSet<usize> = BTreeSet::new();
    for _ in 0..=MAX_SYNTAX_ERRORS {
        let (at, problem) = match Grammar::parse(Rule::file, &scanned.code) {
            Ok(pairs) => {
                return (Some(build(text, file, comments, pairs, &mut problems)), problems);
            }
            Err(failure) => {
                let at = error::place(&failure);
                let start = statement(&scanned, at).map_or(0, |s| s.start);
                (at, error::describe(&failure, text, &scanned.code, start, file))
            }
        };
        let Some(range) = statement(&scanned, at) else {
            problems.push(problem);
            break;
        };
        if stood_in.contains(&range.start) {
            blank(&mut scanned.code, range);
            continue;
        }
        let known = |p: &Problem| p.span.is_some_and(|s| range.contains(&s.start));
        if !scanned.problems.iter().any(known) {
            problems.push(problem);
        }
        match stand_in(&scanned, &range, at) {
            Some(text) => {
                stood_in.insert(range.start);
                scanned
                    .code
                    .replace_range(range.clone(), &format!("{text:len$}", len = range.len()));
            }
            None => pass_over(&mut scanned, range, at),
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

/// What stands for a stage or branch that fails: its chain up to the failing element, and in place
/// of that a name that nothing has, so that no value is followed past it.
fn stand_in(scanned: &Scanned, range: &Range<usize>, at: usize) -> Option<String> {
    let inside = |outer: &Range<usize>| outer.start < range.start && range.end <= outer.end;
    let text = &scanned.code[range.clone()];
    let first = text.trim_start();
    let word: String =
        first.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    if !scanned.statements.iter().any(inside) || text.contains(['{', '}']) || is_keyword(&word) {
        return None;
    }
    let until = &text[..at.saturating_sub(range.start).min(text.len())];
    let level = |part: &str| part.matches(['(', '[']).count() == part.matches([')', ']']).count();
    let starts = until.match_indices("->").map(|(arrow, _)| &until[..arrow + 2]);
    let chain = starts.filter(|part| level(part)).last();
    let labelled = || {
        let (label, rest) = first.split_once(':')?;
        (!rest.starts_with(':') && label.trim() == word).then(|| &text[..text.len() - rest.len()])
    };
    let branch = || first[word.len()..].trim_start().starts_with('=');
    let kept = match chain.or_else(labelled) {
        Some(kept) => kept,
        None if branch() => return None,
        None => &text[..text.len() - first.len()],
    };
    let stand_in = format!("{kept}_");
    (stand_in.len() <= text.len()).then_some(stand_in)
}

/// Blanks a failing statement, but not the body that its head opens if the head alone is wrong.
fn pass_over(scanned: &mut Scanned, range: Range<usize>, at: usize) {
    let Some(brace) = opening(scanned, &range).filter(|brace| at <= *brace) else {
        if let Some(body) = slip::below(&scanned.code, &range)
            && !put_in_braces(&mut scanned.code, &range, &body)
        {
            blank(&mut scanned.code, body);
        }
        if scanned.code[range.end..].starts_with('{') {
            return;
        }
        return blank(&mut scanned.code, range);
    };
    let head = range.start..brace.min(range.end);
    let text = &scanned.code[head.clone()];
    let until = &text[..(at - head.start).min(text.len())];
    let stub = stub(until).or_else(|| slip::declares(text).then(|| "block _".to_owned()));
    let Some(stub) = stub.filter(|stub| stub.len() <= text.len()) else {
        let body = scanned.statements.iter().find(|r| range.end <= brace && r.contains(&brace));
        if let Some(body) = body.cloned() {
            blank(&mut scanned.code, body);
        }
        return blank(&mut scanned.code, range);
    };
    let stub = format!("{stub:len$}", len = text.len());
    scanned.code.replace_range(head.clone(), &stub);
    // The newline before a `{` on a line of its own.
    blank(&mut scanned.code, head.end..brace);
}

/// Reads what stands below a head without braces as its body; false if there is no room for them.
fn put_in_braces(code: &mut String, head: &Range<usize>, body: &Range<usize>) -> bool {
    let text = &code[head.clone()];
    let stub = stub(text).or_else(|| slip::declares(text).then(|| "block _".to_owned()));
    let adjoins = head.end + 1 == body.start;
    let Some(stub) = stub.filter(|stub| adjoins && stub.len() <= text.len()) else { return false };
    let stub = format!("{stub:len$}", len = text.len());
    let closed = code[body.clone()].trim_end().ends_with("\n}");
    let last = body.end - 1;
    let end = match (closed, code.as_bytes()[last], code.as_bytes().get(body.end)) {
        (true, ..) => "",
        (false, b'\n', None | Some(b'\n')) => "}",
        (false, b'\n', Some(b' ' | b'\t')) => "}\n",
        (false, ..) => return false,
    };
    code.replace_range(last..last + end.len(), end);
    code.replace_range(head.clone(), &stub);
    code.replace_range(head.end..body.start, "{");
    true
}

/// The `{` of the body that a statement opens, on its own line or below.
fn opening(scanned: &Scanned, head: &Range<usize>) -> Option<usize> {
    let bodies = scanned.statements.iter().map(|inner| inner.start.wrapping_sub(1));
    let inside =
        bodies.filter(|brace| head.contains(brace) && scanned.code[*brace..].starts_with('{'));
    inside.min().or_else(|| {
        let rest = scanned.code[head.end..].trim_start();
        rest.starts_with('{').then_some(scanned.code.len() - rest.len())
    })
}

/// A head that is right, for one that reads well up to somewhere behind its keyword.
fn stub(until: &str) -> Option<String> {
    let word = |text: &'_ str| -> String {
        text.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    let unlabelled = until.split_once(':').map_or(until, |(_, rest)| rest);
    let keyword = word(until);
    match keyword.as_str() {
        "block" | "net" => {
            let name = word(&until.trim_start()[keyword.len()..]);
            let name = if is_word(&name) && !is_keyword(&name) { name } else { "_".to_owned() };
            Some(format!("{keyword} {name}"))
        }
        "recipe" => Some(keyword),
        _ if ["repeat", "for"].contains(&word(unlabelled).as_str()) => Some("repeat 1".to_owned()),
        _ => None,
    }
}

fn blank(code: &mut String, range: Range<usize>) {
    let spaces = " ".repeat(range.len());
    code.replace_range(range, &spaces);
}
