//! Marks of other languages.

use std::ops::Range;

use super::flow::is_value;
use super::{Slip, closing, tokens};
use crate::diag::indentation;
use crate::syntax::hint::{Failure, is_keyword, is_word};
use crate::syntax::parser::Rule;

/// Marks between the elements of a chain.
const ARROWS: &[&str] =
    &["=>", "→", "⇒", "⟶", "—>", "–>", "‑>", "-->", "|>", "|", ">>", ">", ",", ";", ".", "and"];

/// Marks, what is wanted where they stand, and what they should be.
const MARKS: &[(&[&str], Rule, &str)] = &[
    (&[":=", "==", "<-", "←"], Rule::assign, "="),
    (&["=", "："], Rule::colon, ":"),
    (&["="], Rule::infix, "=="),
    (&["&&", "&"], Rule::infix, "and"),
    (&["||"], Rule::infix, "or"),
    (&["contains"], Rule::infix, "has"),
    (&["×", "·", "∗"], Rule::infix, "*"),
    (&["div"], Rule::infix, "//"),
    (&["mod"], Rule::infix, "%"),
    (&["÷"], Rule::infix, "/"),
    (&["−", "–"], Rule::infix, "-"),
    (&["≤"], Rule::infix, "<="),
    (&["≥"], Rule::infix, ">="),
    (&["≠"], Rule::infix, "!="),
    (&["−", "–"], Rule::operand, "-"),
    (&["−", "–"], Rule::operation, "-"),
    (&["−", "–"], Rule::expr, "-"),
    (&["!", "~"], Rule::operand, "not"),
    (&["!", "~"], Rule::operation, "not"),
    (&["!", "~"], Rule::expr, "not"),
    (&[":"], Rule::ascribe, "::"),
];

/// Endings of two marks that the grammar takes for one mark and something wrong.
const SPLIT: &[(&str, &str, &str)] =
    &[("=", "==", "=="), ("=", "!=", "!="), (">", "<", "!="), ("=", ":", "="), ("~", "=", "!=")];

const QUOTES: &[char] = &['\'', '`', '“', '”', '„', '«', '»', '‘', '’'];

pub(super) fn slip(failure: &Failure<'_>) -> Option<Slip> {
    [split, extra_mark, extra_arrow, bracket, mark, between_elements, quotes, numbers]
        .into_iter()
        .find_map(|slip| slip(failure))
}

fn wants(failure: &Failure<'_>, rule: Rule) -> bool {
    failure.rules.contains(&rule)
}

fn mark(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, code, .. } = *failure;
    if [";", ","].contains(&token) && wants(failure, Rule::eol) && tokens(code, at).count() == 1 {
        return Some(end_of_line([(at..at + 1, String::new())]));
    }
    let fits =
        |(marks, rule, _): &&(&[&str], Rule, &str)| marks.contains(&token) && wants(failure, *rule);
    let (_, _, right) = MARKS.iter().find(fits)?;
    if *right == "::" && !failure.after.trim_start().starts_with('[') {
        return None;
    }
    if token == "×" && failure.before.matches('[').count() > failure.before.matches(']').count() {
        let help = "The sizes of a shape stand between commas: `[N, 3, 32, 32]`.";
        return Some(Slip::new([(at..at + token.len(), ", ".into())], help, "write `,`"));
    }
    Some(replaced(failure, token, right))
}

/// `===`, `!==`, `<>` and `:=`, of which the grammar takes the first mark.
fn split(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, .. } = *failure;
    let (_, first, right) =
        SPLIT.iter().find(|(last, first, _)| token == *last && before.ends_with(first))?;
    let wrong = format!("{first}{token}");
    let (start, end) = (at - first.len(), at + token.len());
    let glued = *first == ":" && failure.code[..start].ends_with(|c: char| c != ' ');
    let spaced = if glued { format!(" {right}") } else { (*right).to_owned() };
    Some(Slip::new(
        [(start..end, spaced)],
        format!("Write `{right}`."),
        format!("replace `{wrong}` by `{right}`"),
    ))
}

fn replaced(failure: &Failure<'_>, wrong: &str, right: &str) -> Slip {
    let end = failure.at + wrong.len();
    let edit = match right {
        ":" => (failure.code[..failure.at].trim_end().len()..end, right.to_owned()),
        _ => (failure.at..end, spaced(failure.code, &(failure.at..end), right)),
    };
    let help = match right {
        "==" => "Equality is written `==`.".to_owned(),
        right => format!("Write `{right}`."),
    };
    Slip::new([edit], help, format!("replace `{wrong}` by `{right}`"))
}

/// A text with the blanks that it needs on both sides.
fn spaced(code: &str, range: &Range<usize>, text: &str) -> String {
    let blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
    let before = if blank(code[..range.start].chars().next_back()) { "" } else { " " };
    let after = if blank(code[range.end..].chars().next()) { "" } else { " " };
    format!("{before}{text}{after}")
}

/// Something else where `->` stands between elements: all such marks of the statement.
fn between_elements(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, code, .. } = *failure;
    if !wants(failure, Rule::arrow) || !ARROWS.contains(&token) {
        return None;
    }
    let all: Vec<(usize, &str, usize)> = tokens(code, at).collect();
    if names_several(failure) {
        return Some(Slip::unsure("A branch names one value: `name = source -> ...`."));
    }
    let mut edits = Vec::new();
    for (i, (start, _, depth)) in all.iter().enumerate().filter(|(_, (_, t, _))| *t == token) {
        let range = *start..start + token.len();
        match all.get(i + 1) {
            _ if *depth > 0 => {}
            None => edits.push((range, String::new())),
            Some(_) if begins_a_statement(&all[i + 1..]) => {
                edits.push((range, format!("\n{}", indentation(code, at))))
            }
            Some(_) => {
                let text = spaced(code, &range, "->");
                edits.push((range, text));
            }
        }
    }
    if !edits.iter().any(|(_, text)| text.contains("->")) {
        return Some(end_of_line(edits));
    }
    let help = "Ops follow one another by `->`: `conv(64) -> bn`.";
    Some(Slip::new(edits, help, "write `->` between the ops"))
}

/// `a, b = ...` and `(a, b) = ...`
fn names_several(failure: &Failure<'_>) -> bool {
    let names = |c: char| c.is_ascii_alphanumeric() || "_, )".contains(c);
    let mark = failure.after.trim_start_matches(names);
    failure.token == ","
        && is_word(failure.before.trim_start_matches('(').trim())
        && mark.starts_with('=')
        && !mark.starts_with("==")
}

fn end_of_line(edits: impl IntoIterator<Item = (Range<usize>, String)>) -> Slip {
    Slip::new(edits, "A statement ends with its line.", "end the statement with its line")
}

/// Whether tokens begin a labelled stage, a branch, or a statement with a keyword.
fn begins_a_statement(tokens: &[(usize, &str, usize)]) -> bool {
    match tokens {
        [(_, word, _), (_, mark, _), ..] if *mark == ":" || *mark == "=" => is_word(word),
        [(_, word, _), ..] => is_keyword(word) && !["repeat", "for"].contains(word),
        [] => false,
    }
}

/// An arrow in front of the first element, or a second one.
fn extra_arrow(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, code, .. } = *failure;
    if token != "->" {
        return None;
    }
    let end = at + 2 + (failure.after.len() - failure.after.trim_start().len());
    let ahead = before.trim_end();
    if ahead.ends_with("->") || ahead.ends_with(':') || ahead.is_empty() {
        let help = "One `->` stands between two elements of a chain, and none before the first.";
        return Some(Slip::new([(at..end, String::new())], help, "remove `->`"));
    }
    if let Some((name, source)) = before.strip_prefix("let ").and_then(|b| b.split_once('='))
        && is_value(&failure.text[..at - before.len()], source.trim())
    {
        let start = at - before.len();
        let help = format!(
            "`let` names a number; a value on the side is `{} = {} -> ...`.",
            name.trim(),
            source.trim()
        );
        let word = (start..start + "let ".len(), String::new());
        return Some(Slip::new([word], help, "remove `let`"));
    }
    let input = before.starts_with("input") || before.starts_with("let ");
    (wants(failure, Rule::eol) && input).then(|| {
        let line = format!("\n{}", indentation(code, at));
        let start = at - (before.len() - ahead.len());
        let help = "The first stage stands on a line of its own, without `->`.";
        Slip::new([(start..end, line)], help, "begin the stage on a line of its own")
    })
}

/// `conv{16}`, `conv[16]` and `input image: (N, 3, 32, 32)`.
fn bracket(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, code, .. } = *failure;
    let after_a_name = before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let (marks, help) = match token {
        "{" | "[" if after_a_name && wants(failure, Rule::open_paren) => {
            (("(", ")"), "Arguments stand in parentheses: `conv(64)`.")
        }
        "(" if before.trim_end().ends_with([':', '>'])
            && (wants(failure, Rule::open_bracket) || wants(failure, Rule::shape)) =>
        {
            (("[", "]"), "A shape is a list in brackets: `[N, 3, 32, 32]`.")
        }
        _ => return None,
    };
    let end = closing(code, at)?;
    let edits = [(at..at + 1, marks.0.to_owned()), (end..end + 1, marks.1.to_owned())];
    Some(Slip::new(edits, help, format!("write `{}` and `{}`", marks.0, marks.1)))
}

/// A second comma, and `\` at the end of a line.
fn extra_mark(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, after, .. } = *failure;
    let ends = after.trim_start_matches([' ', '\t', '\r']).starts_with('\n');
    let help = match token {
        "," if before.trim_end().ends_with([',', '(', '[']) => {
            "One comma stands between two values."
        }
        "\\" if ends => "A line may break around `->`, and within brackets, without `\\`.",
        _ => return None,
    };
    Some(Slip::new([(at..at + 1, String::new())], help, format!("remove `{token}`")))
}

/// `.5`, and the shape `3x32x32`.
fn numbers(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, after, .. } = *failure;
    if token == "." && after.starts_with(|c: char| c.is_ascii_digit()) {
        let help = "Write a digit before the point: `0.5`.";
        return Some(Slip::new([(at..at, "0".to_owned())], help, "insert `0`"));
    }
    let sizes: Vec<&str> = token.split('x').collect();
    let digits = |size: &&str| !size.is_empty() && size.bytes().all(|b| b.is_ascii_digit());
    if sizes.len() < 2 || !sizes.iter().all(digits) {
        return None;
    }
    let sizes = sizes.join(", ");
    let open = before.matches('[').count() > before.matches(']').count();
    let text = match (open, wants(failure, Rule::open_bracket)) {
        (true, _) => sizes,
        (false, true) => format!("[N, {sizes}]"),
        (false, false) => return None,
    };
    let help = "The sizes of a shape stand between commas: `[N, 3, 32, 32]`.";
    Some(Slip::new([(at..at + token.len(), text.clone())], help, format!("write `{text}`")))
}

fn quotes(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, after, .. } = *failure;
    let mark = token.chars().next().filter(|c| QUOTES.contains(c))?;
    let line = &after[..after.find('\n').unwrap_or(after.len())];
    let (close, c) = line.char_indices().find(|(_, c)| QUOTES.contains(c))?;
    let start = at + mark.len_utf8();
    let edits = [
        (at..start, "\"".to_owned()),
        (start + close..start + close + c.len_utf8(), "\"".to_owned()),
    ];
    Some(Slip::new(edits, "Strings stand in double quotes.", "write `\"`"))
}
