//! What can stand at the cursor. The text before it decides, since the line is half written.

use std::collections::BTreeSet;

use lsp_types::{CompletionItem, CompletionItemKind, Position};

use super::server::Server;
use crate::graph::names::{NameKind, Names};
use crate::graph::op;
use crate::recipe;
use crate::syntax::ast::{Block, ExprKind, Param, ParamType};
use crate::syntax::{self, KEYWORDS, Project, print_expr};

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
        if let Some((outside, written)) =
            line.rsplit_once('"').filter(|_| line.matches('"').count() % 2 == 1)
        {
            return match last_word(outside) {
                "import" | "extends" => files(path, written),
                _ => self.choices(path, text, offset, outside),
            };
        }
        if word == "import" {
            return self.imports(path, line);
        }
        if let Some(head) = opened(line, '(', ')').filter(|head| head.contains("extends")) {
            return self.parents_parameters(path, head, &line[head.len()..]);
        }
        // The line is half written; without it the rest of the file reads well.
        let Some(project) = self.without_line(path, text, offset) else { return Vec::new() };
        if matches!(word, "after" | "before" | "replace" | "remove") && !line.contains(':') {
            return self.edit_paths(path, &project);
        }
        if opened(before, '{', '}').is_some_and(|head| last_word(head) == "recipe") {
            let keys = recipe::KEYS.iter().map(|key| (key.name, Some(key.kind.describe())));
            return items(keys, CompletionItemKind::PROPERTY);
        }
        let names = Names::of(&project);
        let mut found = Vec::new();
        if let Some(head) = opened(line, '(', ')') {
            let given = &line[head.len()..];
            found.extend(arguments(
                block(&names, &project, last_word(head)),
                last_word(head),
                given,
            ));
        } else {
            found.extend(items(KEYWORDS.iter().map(|k| (*k, None)), CompletionItemKind::KEYWORD));
        }
        let mut seen = BTreeSet::new();
        for reference in names.in_file(project.root) {
            let name = project.sources.text(reference.def.span);
            let kind = match reference.def.kind {
                NameKind::Block(..) => CompletionItemKind::FUNCTION,
                NameKind::Param(_) => CompletionItemKind::VARIABLE,
                NameKind::Value => CompletionItemKind::FIELD,
                NameKind::Op(_) | NameKind::File | NameKind::Unread => continue,
            };
            if seen.insert(name) {
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
        let mut rest = text.to_owned();
        if !text[start..end].contains(['{', '}']) {
            rest.replace_range(start..end, "");
        }
        // Nor is every `}` there yet.
        let code = rest.lines().map(|line| line.split('#').next().unwrap_or(line));
        let count =
            |brace: char| code.clone().map(|line| line.matches(brace).count()).sum::<usize>();
        let missing = count('{').saturating_sub(count('}'));
        rest.push_str(&"\n}".repeat(missing));
        let mut overlay = self.texts.clone();
        overlay.insert(path.to_owned(), rest);
        syntax::load_partial(path, &overlay).ok()
    }

    /// The blocks of the file that an import names.
    fn imports(&self, path: &str, line: &str) -> Vec<CompletionItem> {
        let Some(project) = self.quoted(path, line) else { return Vec::new() };
        let blocks = project.file(project.root).blocks();
        items(blocks.map(|block| (block.name.node.as_str(), None)), CompletionItemKind::FUNCTION)
    }

    /// The parameters of the net that a head extends.
    fn parents_parameters(&self, path: &str, head: &str, given: &str) -> Vec<CompletionItem> {
        let parent = self.quoted(path, head);
        parent.map_or_else(Vec::new, |parent| missing(declared(params_of_net(&parent)), given))
    }

    /// The strings that the argument before an open quote can be.
    fn choices(&self, path: &str, text: &str, offset: usize, outside: &str) -> Vec<CompletionItem> {
        let Some(head) = opened(outside, '(', ')') else { return Vec::new() };
        let arg = outside[head.len() + 1..].rsplit(',').next().unwrap_or("");
        let name = arg.split('=').next().unwrap_or("").trim();
        let project = match head.contains("extends") {
            true => self.quoted(path, head),
            false => self.without_line(path, text, offset),
        };
        let Some(project) = project else { return Vec::new() };
        let params = match head.contains("extends") {
            true => params_of_net(&project),
            false => block(&Names::of(&project), &project, last_word(head))
                .map_or(&[][..], |b| &b.params),
        };
        let ty = params.iter().find(|p| p.name.node == name).and_then(|p| p.ty.as_ref());
        let Some(ParamType::OneOf(options)) = ty.map(|ty| &ty.node) else { return Vec::new() };
        let strings = options.iter().filter_map(|option| match &option.node {
            ExprKind::Str(choice) => Some((choice.as_str(), None)),
            _ => None,
        });
        items(strings, CompletionItemKind::VALUE)
    }

    /// The file that a line names in quotes.
    fn quoted(&self, path: &str, line: &str) -> Option<Project> {
        self.project(&format!("{}/{}", folder(path), line.split('"').nth(1)?))
    }

    /// The paths of the net that is extended, and of all that is in them.
    fn edit_paths(&self, path: &str, project: &Project) -> Vec<CompletionItem> {
        let parents = project.file(project.root).nets().filter_map(|net| net.extends.as_ref());
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

/// A block of a name that the file mentions.
fn block<'p>(names: &Names<'p>, project: &Project, name: &str) -> Option<&'p Block> {
    names.in_file(project.root).find_map(|reference| match reference.def.kind {
        NameKind::Block(block, _) if block.name.node == name => Some(block),
        _ => None,
    })
}

/// The arguments of a call that are not given yet: of a block, else of an op.
fn arguments(block: Option<&Block>, call: &str, given: &str) -> Vec<CompletionItem> {
    match (block, op::signature(call)) {
        (Some(block), _) => missing(declared(&block.params), given),
        (None, Some(signature)) => {
            missing(signature.args.iter().map(|p| (p.name.to_owned(), p.default.text())), given)
        }
        (None, None) => Vec::new(),
    }
}

/// The parameters that a file's net declares.
fn params_of_net(project: &Project) -> &[Param] {
    project.file(project.root).nets().next().map_or(&[], |net| &net.params)
}

/// Parameters with their defaults.
fn declared<'p>(
    params: impl IntoIterator<Item = &'p Param>,
) -> impl Iterator<Item = (String, Option<String>)> {
    params.into_iter().map(|p| (p.name.node.clone(), p.default.as_ref().map(print_expr)))
}

/// Those arguments that are not given yet, each with its default.
fn missing(
    args: impl Iterator<Item = (String, Option<String>)>,
    given: &str,
) -> Vec<CompletionItem> {
    let named = |name: &str| {
        given
            .split([',', '('])
            .any(|a| a.split('=').next().is_some_and(|a| a.trim() == name) && a.contains('='))
    };
    args.filter(|(name, _)| !named(name))
        .map(|(name, default)| CompletionItem {
            insert_text: Some(format!("{name} = ")),
            ..item(&name, default.map(|d| format!("= {d}")), CompletionItemKind::PROPERTY)
        })
        .collect()
}

/// The other files that a path in quotes can go on to.
fn files(path: &str, written: &str) -> Vec<CompletionItem> {
    let inner = written.rfind('/').map_or("", |slash| &written[..=slash]);
    let found = syntax::nets_beside(&format!("{}/{inner}_", folder(path)));
    let others = found.iter().filter(|file| *file != path);
    let names: Vec<&str> = others.filter_map(|file| file.rsplit('/').next()).collect();
    items(names.into_iter().map(|name| (name, None)), CompletionItemKind::FILE)
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or(".", |(folder, _)| folder)
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
