use std::ops::Range;

use pest::error::{Error, ErrorVariant, InputLocation};

use super::hint::{self, Failure};
use super::parser::Rule;
use super::slip::{self, Slip};
use crate::diag::{Code, FileId, Problem, Span};

/// At most so many alternatives are listed.
const MAX_ALTERNATIVES: usize = 3;

/// What people call the rules, those first that say most about what is missing.
const NAMES: &[(Rule, &str)] = &[
    (Rule::setting, "a setting such as `epochs = 24`"),
    (Rule::key, "a setting such as `epochs = 24`"),
    (Rule::ty, "a type such as `int(8..1024)`"),
    (Rule::param, "a parameter"),
    (Rule::kw_in, "`in`"),
    (Rule::chain, "an op or a block"),
    (Rule::element, "an op or a block"),
    (Rule::step, "an op or a block"),
    (Rule::call, "an op or a block"),
    (Rule::lone_expr, "a value"),
    (Rule::arg, "a value"),
    (Rule::expr, "a value"),
    (Rule::operation, "a value"),
    (Rule::operand, "a value"),
    (Rule::prefix, "a value"),
    (Rule::string, "a path in quotes"),
    (Rule::std, "`std`"),
    (Rule::shape, "a shape such as `[N, 3, 32, 32]`"),
    (Rule::ident, "a name"),
    (Rule::path, "a name"),
    (Rule::target, "a path"),
    (Rule::name, "a name"),
    (Rule::comma, "`,`"),
    (Rule::close_paren, "`)`"),
    (Rule::close_bracket, "`]`"),
    (Rule::dots, "`..`"),
    (Rule::arrow, "`->`"),
    (Rule::eol, "the end of the line"),
    (Rule::kw_extends, "`extends`"),
    (Rule::extends, "`extends`"),
    (Rule::body, "`{`"),
    (Rule::open_brace, "`{`"),
    (Rule::colon, "`:`"),
    (Rule::assign, "`=`"),
];

/// Rules that are named only where nothing else is missing: most of them may follow anything.
const MINOR: &[(Rule, &str)] = &[
    (Rule::kw_else, "`else`"),
    (Rule::binding, "a name"),
    (Rule::params, "`(`"),
    (Rule::choices, "`(`"),
    (Rule::range, "`(`"),
    (Rule::args, "`(`"),
    (Rule::open_paren, "`(`"),
    (Rule::signature, "`::`"),
    (Rule::ascription, "`::`"),
    (Rule::ascribe, "`::`"),
    (Rule::close_brace, "`}`"),
    (Rule::EOI, "the end of the file"),
    (Rule::kw_if, "`if`"),
    (Rule::open_bracket, "`[`"),
    (Rule::index, "`[`"),
    (Rule::infix, "an operator"),
];

/// Rules that stand for all that may start here.
const WHOLE: &[(Rule, &str)] = &[
    (Rule::file, "an import, a block or a net"),
    (Rule::item, "an import, a block or a net"),
    (Rule::statement, "a statement"),
];

/// The byte where the grammar could not go on.
pub(super) fn place(failure: &Error<Rule>) -> usize {
    match failure.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    }
}

/// A failure of the grammar as a problem. `start` is where the failing statement starts.
pub(super) fn describe(
    failure: &Error<Rule>,
    text: &str,
    code: &str,
    start: usize,
    file: FileId,
) -> Problem {
    let at = place(failure);
    let token = token(&code[at..]);
    let span = Span { file, start: at, end: at + token.len() };
    let rules = match &failure.variant {
        ErrorVariant::ParsingError { positives, .. } => positives.as_slice(),
        ErrorVariant::CustomError { .. } => {
            return Problem::new(Code::Limit, span, "expected less nesting here").label("too deep");
        }
    };
    let expected = expected(rules);
    let message =
        format!("expected {}, got {}", one_of(&expected), quoted(token, at == code.len()));
    let before = code[start.min(at)..at].trim_start();
    let failure =
        Failure { text, code, at, before, token, after: &code[at + token.len()..], rules };
    let label = match expected.as_slice() {
        [one] => format!("expected {one}"),
        _ => "unexpected".to_owned(),
    };
    let problem = Problem::new(Code::Syntax, span, message).label(label);
    if let Some(slip) = slip::certain(&failure) {
        return slip_of(problem, slip, file);
    }
    if let Some(hint) = hint::hint(&failure) {
        return problem.help(hint);
    }
    match slip::likely(&failure) {
        Some(slip) => slip_of(problem, slip, file),
        None => brace_below(problem.help_if(hint::by_expected(&failure)), &failure, code, span),
    }
}

/// Adds what a slip should have been.
fn slip_of(problem: Problem, slip: Slip, file: FileId) -> Problem {
    let problem = problem.help(slip.help);
    let place = |range: Range<usize>| Span { file, start: range.start, end: range.end };
    if slip.edits.is_empty() {
        return problem;
    }
    let edits = slip.edits.into_iter().map(|(range, text)| (place(range), text));
    match slip.safe {
        true => problem.fix(slip.title, edits),
        false => problem.offer(slip.title, edits),
    }
}

/// Adds the repair of a `{` that stands on a line below what it opens.
fn brace_below(problem: Problem, failure: &Failure<'_>, code: &str, span: Span) -> Problem {
    let wanted = failure.rules.iter().any(|rule| matches!(rule, Rule::body | Rule::open_brace));
    let below = failure.after.trim_start();
    if !wanted || !failure.token.is_empty() || !below.starts_with('{') {
        return problem;
    }
    let (head, brace) = (code[..span.start].trim_end().len(), code.len() - below.len());
    let place = |start, end| Span { start, end, ..span };
    let edits = [(place(head, head), " {".to_owned()), (place(brace, brace + 1), String::new())];
    problem.fix("move `{` up to what it opens", edits)
}

fn expected(rules: &[Rule]) -> Vec<&'static str> {
    for table in [WHOLE, NAMES, MINOR] {
        let mut names: Vec<&str> = Vec::new();
        for (rule, name) in table {
            if rules.contains(rule) && !names.contains(name) {
                names.push(name);
            }
        }
        names.truncate(MAX_ALTERNATIVES);
        if !names.is_empty() {
            return names;
        }
    }
    Vec::new()
}

fn one_of(names: &[&str]) -> String {
    match names {
        [] => "something else".to_owned(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// The word, number, string or mark at the start of `rest`; empty at the end of a line.
pub(super) fn token(rest: &str) -> &str {
    let Some(first) = rest.chars().next() else { return "" };
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let len = match first {
        '\n' => 0,
        '"' => rest[1..]
            .find(['"', '\n'])
            .map_or(rest.len(), |i| i + 1 + usize::from(rest[1 + i..].starts_with('"'))),
        c if word(c) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
        c => {
            let marks = [
                "-->", "=>", "->", "::", ":=", "==", "!=", "<=", "<-", ">=", ">>", "//", "**",
                "&&", "||", "|>", "..", "+=", "/*", "—>", "–>", "‑>",
            ];
            marks.iter().find(|m| rest.starts_with(**m)).map_or(c.len_utf8(), |m| m.len())
        }
    };
    &rest[..len]
}

fn quoted(token: &str, end_of_file: bool) -> String {
    match token.chars().next() {
        None if end_of_file => "the end of the file".to_owned(),
        None => "the end of the line".to_owned(),
        Some(c) if c.is_control() || (c.is_whitespace() && c != ' ') => {
            format!("the character U+{:04X}", u32::from(c))
        }
        Some(_) if hint::is_keyword(token) => format!("the keyword `{token}`"),
        Some(_) if token.chars().count() > 40 => {
            format!("`{}..`", token.chars().take(40).collect::<String>())
        }
        Some(_) => format!("`{token}`"),
    }
}
