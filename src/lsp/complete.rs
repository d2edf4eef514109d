//! What can stand at the cursor. The text before it decides, since the line is half written.

use std::collections::BTreeSet;

use lsp_types::{CompletionItem, CompletionItemKind, Position};

use super::Server;
use super::index::{Index, Kind};
use crate::graph::op;
use crate::run::Recipe;
use crate::syntax::ast::ItemKind;
use crate::syntax::{KEYWORDS, Project, print_expr};

impl Server {
    pub(super) fn complete(&self, path: &str, at: Position) -> Vec<CompletionItem> {
        let (Some(text), Some(offset)) = (self.texts.get(path), self.offset(path, at)) else {
            return Vec::new();
        };
        let before = &text[..offset];
        let line = before.rsplit('\n').next().unwrap_or("").trim_start();
        let word = line.split_whitespace().next().unwrap_or("");
        if line.contains('#') {
            return Vec::new();
        }
        if word == "import" {
            return self.imports(path, line);
        }
        // The line is half written; without it the rest of the file reads well.
        let Some(project) = self.without_line(path, text, offset) else { return Vec::new() };
        if matches!(word, "after" | "before" | "replace" | "remove") && !line.contains(':') {
            return self.edit_paths(path, &project);
        }
        if opened(before, '{', '}').is_some_and(|head| last_word(head) == "recipe") {
            return items(Recipe::KEYS.iter().map(|key| (*key, None)), CompletionItemKind::PROPERTY);
        }
        let index = Index::of(&project, project.root);
        let mut found = Vec::new();
        if let Some(head) = opened(line, '(', ')') {
            let given = &line[head.len()..];
            found.extend(arguments(&index, last_word(head), given));
        } else {
            found.extend(items(KEYWORDS.iter().map(|k| (*k, None)), CompletionItemKind::KEYWORD));
        }
        let mut names = BTreeSet::new();
        for mention in index.mentions.iter() {
            let name = project.sources.text(mention.def.span);
            let kind = match mention.def.kind {
                Kind::Block(_) => CompletionItemKind::FUNCTION,
                Kind::Param(_) => CompletionItemKind::VARIABLE,
                Kind::Value => CompletionItemKind::FIELD,
                Kind::Op(_) | Kind::File => continue,
            };
            if names.insert(name) {
                found.push(item(name, None, kind));
            }
        }
        for signature in op::signatures() {
            found.push(item(signature.name, Some(signature.text()), CompletionItemKind::FUNCTION));
        }
        found
    }

    fn without_line(&self, path: &str, text: &str, offset: usize) -> Option<Project> {
        let start = text[..offset].rfind('\n').map_or(0, |i| i + 1);
        let end = text[offset..].find('\n').map_or(text.len(), |i| offset + i);
        let mut overlay = self.texts.clone();
        let line = &text[start..end];
        if !line.contains(['{', '}']) {
            overlay.insert(path.to_owned(), format!("{}{}", &text[..start], &text[end..]));
        }
        crate::syntax::load_partial(path, &overlay).ok()
    }

    /// The blocks of the file that an import names.
    fn imports(&self, path: &str, line: &str) -> Vec<CompletionItem> {
        let Some(from) = line.split('"').nth(1) else { return Vec::new() };
        let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        let Some(project) = self.project(&format!("{folder}/{from}")) else { return Vec::new() };
        let blocks = project.file(project.root).items.iter().filter_map(|item| match &item.kind {
            ItemKind::Block(block) => Some((block.name.node.as_str(), None)),
            ItemKind::Import(_) | ItemKind::Net(_) => None,
        });
        items(blocks, CompletionItemKind::FUNCTION)
    }

    /// The paths of the net that is extended, and of all that is in them.
    fn edit_paths(&self, path: &str, project: &Project) -> Vec<CompletionItem> {
        let parents = project.file(project.root).items.iter().filter_map(|item| match &item.kind {
            ItemKind::Net(net) => net.extends.as_ref(),
            ItemKind::Import(_) | ItemKind::Block(_) => None,
        });
        let mut paths = BTreeSet::new();
        for extends in parents {
            let parent = project.linked(project.root, &extends.path.node);
            let name = parent.map_or(path, |id| project.sources.get(id).name.as_str());
            let Some(net) = self.compiled(name).net else { continue };
            for &id in net.order().iter().filter(|id| **id != net.input()) {
                let mut rest = net.node(id).path.as_str();
                paths.insert(rest.to_owned());
                while let Some((front, _)) = rest.rsplit_once('.') {
                    paths.insert(front.to_owned());
                    rest = front;
                }
            }
        }
        items(paths.iter().map(|p| (p.as_str(), None)), CompletionItemKind::FIELD)
    }
}

/// What stands before the innermost bracket that is still open.
fn opened(text: &str, open: char, close: char) -> Option<&str> {
    let mut depth = 0;
    for (i, c) in text.char_indices().rev() {
        if c == close {
            depth += 1;
        } else if c == open && depth == 0 {
            return Some(&text[..i]);
        } else if c == open {
            depth -= 1;
        }
    }
    None
}

fn last_word(text: &str) -> &str {
    let text = text.trim_end();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.rfind(|c| !word(c)).map_or(text, |i| {
        let next = text[i..].chars().next().map_or(1, char::len_utf8);
        &text[i + next..]
    })
}

/// The arguments of an op or block that are not given yet, each with its default.
fn arguments(index: &Index<'_>, call: &str, given: &str) -> Vec<CompletionItem> {
    let named = |name: &str| {
        given
            .split([',', '('])
            .any(|a| a.split('=').next().is_some_and(|a| a.trim() == name) && a.contains('='))
    };
    let block = index.scope_block(call);
    let args: Vec<(String, Option<String>)> = match (block, op::signature(call)) {
        (Some(block), _) => {
            block.params.iter().map(|p| (p.name.node.clone(), p.default.as_ref().map(print_expr))).collect()
        }
        (None, Some(signature)) => {
            signature.args.iter().map(|p| (p.name.to_owned(), p.default.text())).collect()
        }
        (None, None) => Vec::new(),
    };
    let missing = args.into_iter().filter(|(name, _)| !named(name));
    missing
        .map(|(name, default)| CompletionItem {
            insert_text: Some(format!("{name} = ")),
            ..item(&name, default.map(|d| format!("= {d}")), CompletionItemKind::PROPERTY)
        })
        .collect()
}

fn items<'n>(
    names: impl Iterator<Item = (&'n str, Option<String>)>,
    kind: CompletionItemKind,
) -> Vec<CompletionItem> {
    names.map(|(name, detail)| item(name, detail, kind)).collect()
}

fn item(name: &str, detail: Option<String>, kind: CompletionItemKind) -> CompletionItem {
    CompletionItem { label: name.into(), detail, kind: Some(kind), ..CompletionItem::default() }
}
