//! The kinds of words, for colours.

use gen_lsp_types::{Position, SemanticToken, SemanticTokens, SemanticTokensLegend};

use super::lex::{TokenKind, tokens};
use super::server::Server;
use crate::graph::names::{NameKind, Names, ReferenceRole};
use crate::syntax::is_keyword;

/// The kinds, in the order in which an answer counts them.
const KINDS: &[&str] = &[
    "keyword",
    "function",
    "parameter",
    "variable",
    "property",
    "type",
    "string",
    "number",
    "comment",
];
const MODIFIERS: &[&str] = &["declaration", "defaultLibrary"];
const DECLARATION: u32 = 1;
const LIBRARY: u32 = 2;

/// The words of the types of parameters.
const TYPES: &[&str] = &["int", "float", "bool", "one_of", "subset", "list"];

pub(super) fn legend() -> SemanticTokensLegend {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    SemanticTokensLegend { token_types: names(KINDS), token_modifiers: names(MODIFIERS) }
}

impl Server {
    pub(super) fn tokens(&self, path: &str) -> Option<SemanticTokens> {
        let project = self.project(path)?;
        let names = Names::of(&project);
        let text = self.texts.get(path)?;
        let all = tokens(text);
        let mut data = Vec::new();
        // The token before, and how far the text is counted.
        let (mut last, mut here, mut counted) = (Position::new(0, 0), Position::new(0, 0), 0);
        for (i, token) in all.iter().enumerate() {
            let next = all.get(i + 1);
            let before = i.checked_sub(1).and_then(|i| all.get(i));
            let (kind, modifiers) = match token.kind {
                TokenKind::Newline | TokenKind::Mark => continue,
                TokenKind::Comment => ("comment", 0),
                TokenKind::Text => ("string", 0),
                TokenKind::Number => ("number", 0),
                TokenKind::Word => {
                    let reference = names.at(project.root, token.start);
                    let reference = reference.filter(|r| token.start < r.span.end);
                    let declares = reference.is_some_and(|r| r.role == ReferenceRole::Definition);
                    let declaration = if declares { DECLARATION } else { 0 };
                    match reference.map(|reference| reference.def.kind) {
                        Some(NameKind::Op(_)) => ("function", LIBRARY),
                        Some(NameKind::Block(..) | NameKind::Unread) => ("function", declaration),
                        Some(NameKind::Param(_)) => ("parameter", declaration),
                        Some(NameKind::Value) => ("variable", declaration),
                        Some(NameKind::File) => ("keyword", 0),
                        None if is_keyword(token.text) || token.text == "in" => ("keyword", 0),
                        None if next.is_some_and(|next| next.is("=")) => ("property", 0),
                        None if TYPES.contains(&token.text)
                            && before.is_some_and(|b| b.is(":") || b.is("(")) =>
                        {
                            ("type", 0)
                        }
                        None if next.is_some_and(|next| next.is("(")) => ("function", LIBRARY),
                        None => continue,
                    }
                }
            };
            let Some(kind) = KINDS.iter().position(|known| *known == kind) else { continue };
            for c in text[counted..token.start].chars() {
                here = match c {
                    '\n' => Position::new(here.line + 1, 0),
                    c => Position::new(here.line, here.character + c.len_utf16() as u32),
                };
            }
            counted = token.start;
            let same_line = if here.line == last.line { last.character } else { 0 };
            data.push(SemanticToken {
                delta_line: here.line - last.line,
                delta_start: here.character - same_line,
                length: token.text.encode_utf16().count() as u32,
                token_type: kind as u32,
                token_modifiers_bitset: modifiers,
            });
            last = here;
        }
        Some(SemanticTokens { result_id: None, data })
    }
}
