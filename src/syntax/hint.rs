use super::parser::Rule;

/// Where and why the grammar could not go on.
pub(super) struct Failure<'a> {
    /// The whole text.
    pub text: &'a str,
    /// The text as the grammar reads it: what failed before is blank.
    pub code: &'a str,
    /// The byte where it could not go on.
    pub at: usize,
    /// The statement up to there.
    pub before: &'a str,
    /// What stands there; empty at the end of a line.
    pub token: &'a str,
    /// What follows.
    pub after: &'a str,
    /// What could have stood there.
    pub rules: &'a [Rule],
}

/// What was probably meant, where the word or mark that stands there tells.
pub(super) fn hint(failure: &Failure<'_>) -> Option<String> {
    by_first_word(failure).or_else(|| by_token(failure))
}

/// The words that are never names.
pub const KEYWORDS: &[&str] = &[
    "import", "block", "net", "extends", "input", "output", "let", "repeat", "for", "default",
    "expect", "recipe", "after", "before", "replace", "remove", "if", "else", "or", "and", "not",
    "has", "true", "false", "same",
];

/// Whether a word is reserved.
pub fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

/// Statements of other languages.
fn by_first_word(failure: &Failure<'_>) -> Option<String> {
    let text = if failure.before.is_empty() { failure.token } else { failure.before };
    let first = text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(text);
    let help = match first {
        "def" | "fn" | "fun" | "func" | "function" | "class" | "module" => {
            "A block is declared as `block name(parameters) { ... }`."
        }
        "var" | "const" => {
            "A number gets a name by `let half = width//2`, a side value by `name = source -> ...`."
        }
        "for" => "Write `for i in 0..3 { ... }`, or `for (c, s) in [(16, 1), (32, 2)] { ... }`.",
        "while" | "loop" => "Stages are repeated with `repeat 3 { ... }`.",
        "if" => "A guard follows what it guards: `conv_bn if stride != 1`.",
        "return" => "A block's result is what its last stage computes.",
        "from" => "Blocks are imported with `import \"lib.net\": name, name`.",
        "train" | "training" | "fit" | "config" | "hyperparameters" | "hyperparams" => {
            "How a net is trained is said by `recipe { epochs = 24 }`."
        }
        "self" => "A stage is written `label: conv(64) -> bn`.",
        _ => return None,
    };
    Some(help.to_owned())
}

fn by_token(failure: &Failure<'_>) -> Option<String> {
    let help = match failure.token {
        "(" if names_a_call(failure.before) => {
            "A branch starts from a value that has a name, `name = source -> conv(64)`; \
             a stage is written `name: conv(64)`."
        }
        "=" if failure.before.trim_end() == "output" => {
            "The output is the last value, with a name and a shape: `output logits: [N, 10]`."
        }
        "=" if failure.before.trim_end() == "input" => {
            "An input has a name and a shape: `input image: [N, 3, 32, 32]`."
        }
        ":" | "=" if is_keyword(failure.before.trim_end()) => {
            return Some(reserved(failure.before.trim_end()));
        }
        ":" if failure.before.starts_with("input") || failure.before.starts_with("output") => {
            return None;
        }
        "//" | "/*" if failure.before.is_empty() => "A comment starts with `#`.",
        "+" | "-" | "*" | "/" if failure.rules.contains(&Rule::arrow) => {
            "Values are joined by ops: `a -> add(b)`, `a -> sub(b)`, `a -> mul(b)`."
        }
        number if is_number(number) && names_a_call(failure.before) => {
            "A number gets a name by `let half = 1/2`; with values calculate ops: \
             1 - t is `t -> mul(-1) -> add(1)`."
        }
        "+=" | "-=" | "*=" => "A value never changes: a stage `name: add(other)` makes a new one.",
        word if names_a_number(failure, word) => {
            "A `let` stands within a block or the net; a parameter is given from outside: \
             `net x(width = 64)`."
        }
        "?" if edits(failure.before) => {
            "`*` stands for any characters of one part of a path, `**` for any number of parts."
        }
        "?" => "Write `2 if small else 1`, between ops too: `conv(16) if small else bn`.",
        "elif" | "elseif" => "A further choice follows `else`: `a if x else b if y else c`.",
        "->" if wants(failure, Rule::ascribe) && wants(failure, Rule::open_brace) => {
            "A signature states both shapes: `:: [N, C, H, W] -> [N, c, H, W]`."
        }
        "^" | "**" => "There is no operator for powers; multiply.",
        "*" if failure.before.ends_with('*') => "There is no operator for powers; multiply.",
        "->" if failure.before.contains("::") => {
            "`:: [..]` states the shape of a stage's result and ends it."
        }
        "}" if failure.before.is_empty() => "Every `{` is closed already; remove this one.",
        "import" | "net" if !wants_name(failure) => {
            "Imports and nets stand outside of all braces. Is a `}` missing above?"
        }
        word if is_keyword(word) && (wants_name(failure) || wants_use_of_name(failure)) => {
            return Some(reserved(word));
        }
        text if text.starts_with(|c: char| !c.is_ascii() && c.is_alphanumeric()) => {
            "Names are made of the letters a to z and A to Z, digits and `_`."
        }
        text if text.starts_with(|c: char| !c.is_ascii() && c.is_whitespace()) => {
            "Write an ordinary space."
        }
        _ if failure.before.ends_with("import ") && !failure.rules.contains(&Rule::ident) => {
            "An import names a file and the blocks that it takes: `import \"lib.net\": conv_bn`."
        }
        text if is_number(text) && text.contains(|c: char| c.is_ascii_alphabetic()) => {
            "A number ends before a letter, and a name starts with one."
        }
        _ => return None,
    };
    Some(help.to_owned())
}

/// What could stand there instead.
pub(super) fn by_expected(failure: &Failure<'_>) -> Option<String> {
    let wants = |rule: Rule| failure.rules.contains(&rule);
    if failure.token.is_empty() && (wants(Rule::open_brace) || wants(Rule::body)) {
        return Some("`{` stands on the same line as what it opens.".to_owned());
    }
    if wants(Rule::ty) {
        let types = "`int`, `int(8..1024)`, `float(0..1)`, `bool`, `one_of(\"a\", \"b\")`, `subset(1, 2, 3)`, `list(int)`";
        return Some(format!("The types are {types}."));
    }
    if failure.rules == [Rule::open_bracket] {
        return Some("A shape is a list in brackets: `[N, 3, 32, 32]`.".to_owned());
    }
    if failure.before.is_empty() && (wants(Rule::item) || wants(Rule::file)) {
        return Some(
            "A file holds imports, blocks and one net; stages stand within a block or the net."
                .to_owned(),
        );
    }
    None
}

/// Whether a text is one word that starts like a name.
pub(super) fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

fn reserved(word: &str) -> String {
    format!("`{word}` is a keyword and cannot be a name.")
}

/// Whether what a name stands for could have come here.
fn wants_use_of_name(failure: &Failure<'_>) -> bool {
    use Rule::*;
    let uses = |rule: &Rule| {
        matches!(rule, statement | chain | element | step | call | arg | expr | operand | path)
    };
    failure.rules.iter().any(uses) && !matches!(failure.token, "else" | "or" | "and" | "has")
}

/// Whether `let width = 64` or `width = 64` stands outside of all bodies.
fn names_a_number(failure: &Failure<'_>, word: &str) -> bool {
    let assigned = is_word(word) && failure.after.trim_start().starts_with('=');
    let outside = wants(failure, Rule::item) || wants(failure, Rule::file);
    failure.before.is_empty() && outside && (assigned || word == "let")
}

/// Whether a statement is an edit of a parent.
fn edits(before: &str) -> bool {
    let verb = before.split_whitespace().next().unwrap_or_default();
    ["after", "before", "replace", "remove"].contains(&verb)
}

fn wants(failure: &Failure<'_>, rule: Rule) -> bool {
    failure.rules.contains(&rule)
}

/// Whether a new name could have come here.
fn wants_name(failure: &Failure<'_>) -> bool {
    failure.rules.iter().any(|rule| matches!(rule, Rule::ident | Rule::path | Rule::param))
}

/// Whether the statement reads `name = word`.
fn names_a_call(before: &str) -> bool {
    before.split_once('=').is_some_and(|(name, source)| {
        let word =
            |text: &str| text.trim().chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
        word(name) && word(source)
    })
}
