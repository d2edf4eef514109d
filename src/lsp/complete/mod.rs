//! What is offered at the cursor.

mod before;
pub(super) mod cursor;
mod items;
pub(super) mod scope;

use std::collections::BTreeSet;

use gen_lsp_types::{CompletionItem, CompletionItemKind as Kind, Position, TextEdit};

use super::callee::Called;
use super::known;
use super::place;
use super::server::{Server, beside, folder};
use crate::graph::{FUNCTIONS, op};
use crate::recipe::{KEYS, KeyKind};
use crate::syntax::{self, Overlay, Project, STD, import_edit};
use before::{EDITS, STATEMENTS};
use cursor::{OpenCall, Spot, spot};
use items::{ARGUMENTS, NAMES, OPS, WORDS, argument, block, imported, item, key, op_item, words};
use scope::Visible;

impl Server {
    pub(super) fn complete(&self, path: &str, at: Position) -> Vec<CompletionItem> {
        let (Some(text), Some(offset)) = (self.texts.get(path), self.offset(path, at)) else {
            return Vec::new();
        };
        match spot(&text[..offset]) {
            Spot::Nothing => Vec::new(),
            Spot::Item => words(&["import", "block", "net"]),
            Spot::Extends => words(&["extends"]),
            Spot::Guard => words(&["if"]),
            Spot::Type => words(&["int", "float", "bool", "one_of", "subset", "list"]),
            Spot::File(written) => files(path, written),
            Spot::ImportPath => {
                let quoted = files(path, "")
                    .into_iter()
                    .map(|file| CompletionItem { label: format!("\"{}\"", file.label), ..file });
                quoted.chain(words(&["std"])).collect()
            }
            Spot::Imported(from, given) => {
                let Some(library) = self.exporter(path, from.unwrap_or(STD)) else {
                    return Vec::new();
                };
                let blocks = library.file(library.root).blocks();
                let new = blocks.filter(|block| !given.contains(&block.name.node.as_str()));
                new.map(|it| block(&library, it)).collect()
            }
            Spot::Key(given) => {
                KEYS.iter().filter(|it| !given.contains(&it.name)).map(key).collect()
            }
            Spot::KeyValue(name) => match key_kind(name) {
                Some(KeyKind::Word(options)) => options
                    .iter()
                    .map(|word| item(&format!("\"{word}\""), Kind::Value, NAMES))
                    .collect(),
                Some(KeyKind::Bool) => words(&["true", "false"]),
                _ => self.within(path, offset, |_, scope| expressions(scope)),
            },
            Spot::KeyChoice(name) => match key_kind(name) {
                Some(KeyKind::Word(options)) => {
                    options.iter().map(|word| item(word, Kind::Value, NAMES)).collect()
                }
                Some(KeyKind::Paths) => self.paths(path),
                _ => Vec::new(),
            },
            Spot::Target => self.target_paths(path),
            Spot::DefaultOp => op::signatures().map(op_item).collect(),
            Spot::Expression => self.within(path, offset, |_, scope| expressions(scope)),
            Spot::Source => self.within(path, offset, |_, scope| values(scope)),
            Spot::Element => self.within(path, offset, |project, scope| {
                let mut found = elements(project, scope);
                found.extend(self.importable(path, project, scope));
                found
            }),
            Spot::Statement => self.within(path, offset, |project, scope| {
                let mut found = elements(project, scope);
                found.extend(self.importable(path, project, scope));
                found.extend(values(scope));
                found.extend(words(STATEMENTS));
                let extends = project.file(project.root).nets().any(|net| net.extends.is_some());
                found.extend(words(if extends { EDITS } else { &[] }));
                found
            }),
            Spot::Argument(call) => self.called(path, offset, &call, |callee, scope| {
                let mut found: Vec<CompletionItem> = callee
                    .takes
                    .iter()
                    .filter(|takes| !call.gives(&takes.name))
                    .map(argument)
                    .collect();
                match (callee.joins, call.extends) {
                    (true, _) => found.extend(values(scope)),
                    (false, None) => found.extend(expressions(scope)),
                    // The parameters of a parent are given by name.
                    (false, Some(_)) => {}
                }
                found
            }),
            Spot::Value(call) => self.called(path, offset, &call, |callee, scope| {
                let listed = callee.current(&call).map_or(&[][..], |takes| &takes.values);
                let mut found: Vec<CompletionItem> =
                    listed.iter().map(|value| item(value, Kind::Value, ARGUMENTS)).collect();
                found.extend(expressions(scope));
                found
            }),
            Spot::Choice(call) => self.called(path, offset, &call, |callee, _| {
                let listed = callee.current(&call).map_or(&[][..], |takes| &takes.values);
                let strings = listed.iter().filter_map(|value| value.strip_prefix('"'));
                let inner = strings.map(|value| value.trim_end_matches('"'));
                inner.map(|value| item(value, Kind::Value, ARGUMENTS)).collect()
            }),
        }
    }

    fn within(
        &self,
        path: &str,
        offset: usize,
        offer: impl FnOnce(&Project, &Visible<'_>) -> Vec<CompletionItem>,
    ) -> Vec<CompletionItem> {
        let Some(project) = self.project(path) else { return Vec::new() };
        offer(&project, &Visible::at(&project, offset))
    }

    fn called(
        &self,
        path: &str,
        offset: usize,
        call: &OpenCall<'_>,
        offer: impl FnOnce(&Called, &Visible<'_>) -> Vec<CompletionItem>,
    ) -> Vec<CompletionItem> {
        self.within(path, offset, |project, scope| match self.callee(path, project, scope, call) {
            Some(callee) => offer(&callee, scope),
            None => expressions(scope),
        })
    }

    /// The blocks of the files beside this one and of the library in netc, each with the edit that
    /// imports it.
    fn importable(
        &self,
        path: &str,
        project: &Project,
        scope: &Visible<'_>,
    ) -> Vec<CompletionItem> {
        let tree = project.file(project.root);
        let mut found = Vec::new();
        for exporter in syntax::exporters(path, &self.texts) {
            let Some(library) = self.exporter(path, &exporter.path) else { continue };
            let blocks = library.file(library.root).blocks();
            for it in blocks.filter(|it| scope.callee(&it.name.node).is_none()) {
                let names = [it.name.node.as_str()];
                let (at, text) =
                    import_edit(&project.sources, project.root, tree, &exporter.path, &names);
                let edit = TextEdit::new(place::range(&project.sources, at), text);
                found.push(imported(block(&library, it), &exporter.path, edit));
            }
        }
        found
    }

    /// The file at a path that another names, or the library in netc.
    fn exporter(&self, path: &str, named: &str) -> Option<Project> {
        if named != STD {
            return self.project(&beside(path, named));
        }
        let text = Overlay::from([("text.net".to_owned(), "import std: x\n".to_owned())]);
        let mut project = syntax::load_partial("text.net", &text).ok()?;
        project.root = project.linked(project.root, STD)?;
        Some(project)
    }

    /// The paths of all nodes of the file's own net, and of the stages around them.
    fn paths(&self, path: &str) -> Vec<CompletionItem> {
        let project = self.project(path);
        let Some(known) = project.as_ref().and_then(known::net) else { return Vec::new() };
        let net = known.net;
        let mut paths = BTreeSet::new();
        for id in net.graph.ids().filter(|id| !net.graph.inputs().contains(id)) {
            let mut rest = net.graph.get(id).path.as_str();
            paths.insert(rest);
            while let Some((front, _)) = rest.rsplit_once('.') {
                paths.insert(front);
                rest = front;
            }
        }
        paths.into_iter().map(|path| item(path, Kind::Field, NAMES)).collect()
    }

    /// The paths of the net that is extended.
    fn target_paths(&self, path: &str) -> Vec<CompletionItem> {
        let Some(project) = self.project(path) else { return Vec::new() };
        let parents = project.file(project.root).nets().filter_map(|net| net.extends.as_ref());
        let parent = |extends: &syntax::ast::Extends| {
            let parent = project.linked(project.root, &extends.path.node)?;
            Some(self.paths(&project.sources.get(parent).name))
        };
        parents.filter_map(parent).flatten().collect()
    }
}

fn key_kind(name: &str) -> Option<KeyKind> {
    KEYS.iter().find(|key| key.name == name).map(|key| key.kind)
}

/// What can be an element of a chain.
fn elements(project: &Project, scope: &Visible<'_>) -> Vec<CompletionItem> {
    let blocks = scope.blocks.iter().map(|it| block(project, it));
    blocks.chain(op::signatures().map(op_item)).chain(words(&["repeat", "for"])).collect()
}

fn values(scope: &Visible<'_>) -> Vec<CompletionItem> {
    let names = scope.values.iter().map(|name| name.node.as_str());
    let names: BTreeSet<&str> = names.chain(scope.in_block.then_some("in")).collect();
    names.into_iter().map(|name| item(name, Kind::Variable, NAMES)).collect()
}

/// What an expression may be made of.
fn expressions(scope: &Visible<'_>) -> Vec<CompletionItem> {
    let params = scope.params.iter().map(|param| param.name.node.as_str());
    let names: BTreeSet<&str> = params.chain(scope.sizes.iter().map(String::as_str)).collect();
    let names = names.into_iter().map(|name| item(name, Kind::Variable, NAMES));
    let functions = FUNCTIONS.iter().map(|name| item(name, Kind::Function, OPS));
    let counts = ["params", "macs"].map(|name| item(name, Kind::Constant, OPS));
    let words = ["same", "true", "false"].map(|name| item(name, Kind::Keyword, WORDS));
    names.chain(functions).chain(counts).chain(words).collect()
}

/// The other files that a path in quotes can go on to.
fn files(path: &str, written: &str) -> Vec<CompletionItem> {
    let inner = written.rfind('/').map_or("", |slash| &written[..=slash]);
    let found = syntax::nets_beside(&format!("{}/{inner}_", folder(path)));
    let others = found.iter().filter(|file| *file != path);
    let names = others.filter_map(|file| file.rsplit('/').next());
    names.map(|name| item(name, Kind::File, NAMES)).collect()
}
