//! Completions of one kind each.

use gen_lsp_types::{
    CompletionItem, CompletionItemKind as Kind, CompletionItemLabelDetails, Documentation,
    MarkupContent, MarkupKind, TextEdit,
};

use super::super::callee::{Called, Takes};
use crate::graph::op::Signature;
use crate::recipe::Key;
use crate::syntax::ast::Block;
use crate::syntax::{Project, written};

/// In this order they are offered.
pub(super) const ARGUMENTS: &str = "1";
pub(super) const NAMES: &str = "2";
pub(super) const BLOCKS: &str = "3";
pub(super) const OPS: &str = "4";
pub(super) const OTHERS: &str = "5";
pub(super) const WORDS: &str = "6";

pub(super) fn item(name: &str, kind: Kind, rank: &str) -> CompletionItem {
    CompletionItem {
        label: name.to_owned(),
        kind: Some(kind),
        sort_text: Some(format!("{rank}{name}")),
        ..CompletionItem::default()
    }
}

pub(super) fn words(words: &[&str]) -> Vec<CompletionItem> {
    words.iter().map(|word| item(word, Kind::Keyword, WORDS)).collect()
}

pub(super) fn op_item(signature: &'static Signature) -> CompletionItem {
    let documented = documented(&Called::op(signature).reference());
    CompletionItem {
        detail: Some(signature.text()),
        documentation: documented,
        ..item(signature.name, Kind::Function, OPS)
    }
}

pub(super) fn block(project: &Project, block: &Block) -> CompletionItem {
    let callee = Called::block(project, block);
    let takes: Vec<String> = callee.takes.iter().map(Takes::text).collect();
    CompletionItem {
        detail: Some(format!("block {}({})", callee.name, takes.join(", "))),
        documentation: documented(&callee.reference()),
        ..item(&callee.name, Kind::Function, BLOCKS)
    }
}

/// A block that is imported along.
pub(super) fn imported(item: CompletionItem, from: &str, edit: TextEdit) -> CompletionItem {
    let from = written(from);
    CompletionItem {
        sort_text: Some(format!("{OTHERS}{}", item.label)),
        label_details: Some(CompletionItemLabelDetails {
            detail: None,
            description: Some(from.clone()),
        }),
        detail: item.detail.map(|detail| format!("import {from}: {detail}")),
        additional_text_edits: Some(vec![edit]),
        ..item
    }
}

/// An argument that is not given yet.
pub(super) fn argument(takes: &Takes) -> CompletionItem {
    CompletionItem {
        detail: takes.default.as_ref().map(|default| format!("= {default}")),
        documentation: documented(&takes.accepts),
        insert_text: Some(format!("{} = ", takes.name)),
        ..item(&takes.name, Kind::Property, ARGUMENTS)
    }
}

pub(super) fn key(key: &Key) -> CompletionItem {
    CompletionItem {
        detail: Some(key.kind.describe()),
        documentation: documented(&key.about()),
        insert_text: Some(format!("{} = ", key.name)),
        ..item(key.name, Kind::Property, ARGUMENTS)
    }
}

fn documented(text: &str) -> Option<Documentation> {
    let content = MarkupContent { kind: MarkupKind::Markdown, value: text.to_owned() };
    (!text.is_empty()).then(|| content.into())
}
