//! What may stand at the cursor, by the text before it: the line is half written.

use super::super::lex::{Token, TokenKind};
use super::before::{EDITS, Prefix, written};
use crate::limits::MAX_NESTING;

/// What may stand at the cursor.
#[derive(Debug)]
pub(in crate::lsp) enum Spot<'t> {
    /// Nothing that can be named.
    Nothing,
    /// An import, a block or a net.
    Item,
    /// The rest of a path in quotes.
    File(&'t str),
    /// `std`, or a path in quotes.
    ImportPath,
    /// A block of the file at this path, `None` for the library in netc, and those that are
    /// imported already.
    Imported(Option<&'t str>, Vec<&'t str>),
    /// `extends`, after the name of a net.
    Extends,
    /// A statement, or the first element of a chain.
    Statement,
    /// An element of a chain.
    Element,
    /// A value: the start of a branch.
    Source,
    /// The path that an edit changes.
    Target,
    /// An op, of whose defaults a line speaks.
    DefaultOp,
    /// `if` or `else`, after an element.
    Guard,
    /// A type of a parameter.
    Type,
    /// An expression.
    Expression,
    /// An argument of a call.
    Argument(OpenCall<'t>),
    /// The value of the last argument of a call.
    Value(OpenCall<'t>),
    /// The same, within quotes.
    Choice(OpenCall<'t>),
    /// A key of a recipe, with those that are given.
    Key(Vec<&'t str>),
    /// The value of a recipe's key.
    KeyValue(&'t str),
    /// The same, within quotes.
    KeyChoice(&'t str),
}

/// A call whose arguments are being written.
#[derive(Debug)]
pub(in crate::lsp) struct OpenCall<'t> {
    /// The op or block.
    pub name: &'t str,
    /// The file of the net whose parameters the arguments are, if it is extended.
    pub extends: Option<&'t str>,
    /// The arguments, each with its name if it has one, the last perhaps empty.
    pub args: Vec<Option<&'t str>>,
}

impl OpenCall<'_> {
    pub fn gives(&self, name: &str) -> bool {
        self.args.contains(&Some(name))
    }

    /// The name of the last argument, else its place among those without names.
    pub fn last(&self) -> Result<&str, usize> {
        match self.args.split_last() {
            Some((Some(name), _)) => Ok(name),
            Some((None, before)) => Err(before.iter().filter(|arg| arg.is_none()).count()),
            None => Err(0),
        }
    }
}

/// What may stand at the end of a text.
pub(in crate::lsp) fn spot(text: &str) -> Spot<'_> {
    let mut before = Prefix::of(text);
    let at_end = |t: &Token<'_>| t.end() == text.len();
    let quoted = match before.tokens.last() {
        Some(t) if t.kind == TokenKind::Comment => return Spot::Nothing,
        Some(t) if t.kind == TokenKind::Number && at_end(t) => return Spot::Nothing,
        Some(t) if t.kind == TokenKind::Text && !(t.text.len() > 1 && t.text.ends_with('"')) => {
            Some(&t.text[1..])
        }
        _ => None,
    };
    // The word under the cursor, with the words and dots of a path, or the text.
    let partial = |t: &Token<'_>| t.kind == TokenKind::Word || t.is(".");
    if quoted.is_some() {
        before.tokens.pop();
    } else {
        let mut end = text.len();
        while let Some(last) = before.tokens.pop_if(|t| partial(t) && t.end() == end) {
            end = last.start;
        }
    }
    let start = before.start.min(before.tokens.len());
    let stmt = written(&before.tokens[start..]);
    let open = before.open.last().map(|open| before.tokens[*open]);
    let first = stmt.first().map_or("", |first| first.text);
    if let (Some(written), Some("import" | "extends")) = (quoted, stmt.last().map(|t| t.text)) {
        return Spot::File(written);
    }
    match open {
        Some(open) if open.is("(") => in_call(&stmt, open, first, quoted),
        Some(open) if open.is("[") => match first {
            "input" | "output" => Spot::Nothing,
            _ if quoted.is_some() => Spot::Nothing,
            _ => Spot::Expression,
        },
        Some(brace) if heads_recipe(&before.tokens, brace) => {
            let inside = before.tokens.iter().filter(|t| t.start > brace.start);
            setting(&inside.copied().collect::<Vec<_>>(), quoted)
        }
        _ if quoted.is_some() => Spot::Nothing,
        Some(_) => in_body(&stmt, first),
        None => at_top(&stmt, first),
    }
}

/// The innermost call that is open at the end of a text.
pub(in crate::lsp) fn enclosing_call(text: &str) -> Option<OpenCall<'_>> {
    let before = Prefix::of(text);
    if before.tokens.last().is_some_and(|last| last.kind == TokenKind::Comment) {
        return None;
    }
    let free = |open: &&usize| !before.tokens[**open].is("{");
    before.open.iter().rev().take_while(free).take(MAX_NESTING).find_map(|open| {
        let head = written(before.tokens.get(before.start..*open)?);
        let inside = written(&before.tokens[open + 1..]);
        if before.tokens[*open].is("(") { call(&head, &inside) } else { None }
    })
}

fn heads_recipe(tokens: &[Token<'_>], brace: Token<'_>) -> bool {
    let before = tokens.iter().rev().find(|t| t.start < brace.start);
    before.is_some_and(|t| t.text == "recipe")
}

fn in_call<'t>(stmt: &[Token<'t>], open: Token<'_>, first: &str, quoted: Option<&str>) -> Spot<'t> {
    let Some(paren) = stmt.iter().position(|t| t.start == open.start) else { return Spot::Nothing };
    let (head, inside) = (&stmt[..paren], &stmt[paren + 1..]);
    let extends = head.iter().position(|t| t.text == "extends");
    let last = head.last();
    let parts = arguments(inside);
    let current = parts.last().copied().unwrap_or_default();
    if matches!(first, "block" | "net") && extends.is_none() {
        return match current.last() {
            None if last.is_some_and(|last| last.text == "list") => Spot::Type,
            Some(last) if last.is(":") => Spot::Type,
            Some(_) if quoted.is_some() => Spot::Nothing,
            Some(last) if !last.is(",") => Spot::Expression,
            _ => Spot::Nothing,
        };
    }
    let Some(call) = call(head, inside) else {
        let chained = !matches!(first, "let" | "expect" | "repeat" | "for");
        let opens = last.is_none_or(|t| t.is("->") || t.is(":") || t.is("(") || t.text == "else");
        return match current.last() {
            None if chained && opens => Spot::Element,
            Some(last) if chained && opens && last.is("->") => Spot::Element,
            _ if first == "for" && !head.iter().any(|t| t.text == "in") => Spot::Nothing,
            _ => Spot::Expression,
        };
    };
    match (current, quoted) {
        (_, Some(_)) => Spot::Choice(call),
        ([], None) => Spot::Argument(call),
        ([.., last], None) if last.is("=") => Spot::Value(call),
        _ => Spot::Expression,
    }
}

/// The call whose brackets follow a head; none if they are those of a group or of a declaration.
fn call<'t>(head: &[Token<'t>], inside: &[Token<'t>]) -> Option<OpenCall<'t>> {
    let named = |part: &&[Token<'t>]| match part {
        [name, equals, ..] if equals.is("=") => Some(name.text),
        _ => None,
    };
    let args = arguments(inside).iter().map(named).collect();
    let last = head.last()?;
    let declares = head.first().is_some_and(|t| matches!(t.text, "block" | "net"));
    match head.iter().position(|t| t.text == "extends") {
        Some(i) => {
            let extends = Some(unquoted(head.get(i + 1)?.text));
            Some(OpenCall { name: "", extends, args })
        }
        None if declares || last.kind != TokenKind::Word => None,
        None if matches!(last.text, "in" | "if" | "for" | "else" | "and" | "or" | "not") => None,
        None => Some(OpenCall { name: last.text, extends: None, args }),
    }
}

/// The arguments in brackets, the last perhaps empty.
fn arguments<'a, 't>(inside: &'a [Token<'t>]) -> Vec<&'a [Token<'t>]> {
    let (mut parts, mut from, mut depth) = (Vec::new(), 0, 0usize);
    for (i, token) in inside.iter().enumerate() {
        match token.text {
            _ if token.kind != TokenKind::Mark => {}
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "," if depth == 0 => {
                parts.push(&inside[from..i]);
                from = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&inside[from..]);
    parts
}

fn setting<'t>(inside: &[Token<'t>], quoted: Option<&str>) -> Spot<'t> {
    let separates = |t: &Token<'_>| t.kind == TokenKind::Newline || t.is(",");
    let settings: Vec<&[Token<'t>]> = inside.split(separates).collect();
    let key = |part: &&[Token<'t>]| match part {
        [key, equals, ..] if equals.is("=") => Some(key.text),
        _ => None,
    };
    match (settings.last(), quoted) {
        (Some([]) | None, None) => Spot::Key(settings.iter().filter_map(key).collect()),
        (Some([key, equals]), None) if equals.is("=") => Spot::KeyValue(key.text),
        (Some([key, equals]), Some(_)) if equals.is("=") => Spot::KeyChoice(key.text),
        (Some([_, equals, ..]), None) if equals.is("=") => Spot::Expression,
        _ => Spot::Nothing,
    }
}

fn at_top<'t>(stmt: &[Token<'t>], first: &str) -> Spot<'t> {
    match (first, stmt) {
        ("", _) => Spot::Item,
        ("import", [_]) => Spot::ImportPath,
        ("import", [_, path, colon, names @ ..]) if colon.is(":") => {
            let file = (path.kind == TokenKind::Text).then(|| unquoted(path.text));
            Spot::Imported(file, names.iter().map(|name| name.text).collect())
        }
        ("net", [_, .., last]) if last.kind == TokenKind::Word || last.is(")") => {
            if stmt.iter().any(|t| t.text == "extends") { Spot::Nothing } else { Spot::Extends }
        }
        _ => Spot::Nothing,
    }
}

fn in_body<'t>(stmt: &[Token<'t>], first: &str) -> Spot<'t> {
    let Some(last) = stmt.last() else { return Spot::Statement };
    let has = |mark: &str| stmt.iter().any(|t| t.is(mark));
    match first {
        "input" | "output" | "block" | "recipe" => return Spot::Nothing,
        _ if EDITS.contains(&first) && !has(":") => {
            return if stmt.len() == 1 { Spot::Target } else { Spot::Nothing };
        }
        "let" => return if has("=") { Spot::Expression } else { Spot::Nothing },
        "expect" => return Spot::Expression,
        "default" => return if stmt.len() == 1 { Spot::DefaultOp } else { Spot::Nothing },
        "repeat" | "for" => {
            let into =
                stmt.iter().any(|t| t.text == "in") || (first == "repeat" && stmt.len() == 1);
            return if into { Spot::Expression } else { Spot::Nothing };
        }
        _ => {}
    }
    if has("::") {
        return Spot::Nothing;
    }
    match (last.kind, last.text) {
        (TokenKind::Mark, "->") | (TokenKind::Word, "else") => Spot::Element,
        (TokenKind::Mark, ":") => Spot::Statement,
        (TokenKind::Mark, "=") if stmt.iter().filter(|t| !t.is(".")).count() == 2 => Spot::Source,
        (TokenKind::Word, "if" | "and" | "or" | "not" | "has" | "in" | "repeat") => {
            Spot::Expression
        }
        (TokenKind::Mark, ")") | (TokenKind::Word, _) => Spot::Guard,
        (TokenKind::Mark, _) if stmt.iter().any(|t| t.text == "if") => Spot::Expression,
        _ => Spot::Nothing,
    }
}

fn unquoted(text: &str) -> &str {
    text.trim_matches('"')
}
