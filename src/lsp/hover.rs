//! What a name under the cursor is and costs.

use gen_lsp_types::{Hover, MarkupContent, MarkupKind, Position};

use super::complete::cursor::{Spot, enclosing_call, spot};
use super::complete::scope::Visible;
use super::known::{self, ShownShapes};
use super::lex::tokens;
use super::paths::{PathIndex, Places};
use super::place;
use super::server::Server;
use super::symbolic::{self, Symbolic};
use crate::check::Unchecked;
use crate::diag::Span;
use crate::graph::names::{NameKind, Names, Reference, ReferenceRole};
use crate::graph::{Graph, NodeId};
use crate::limits::MAX_PROBED_NODES;
use crate::recipe::KEYS;
use crate::syntax::Project;
use crate::syntax::ast::{Block, Param};
use crate::tools::reference::{BlockText, op_rules};

/// How many places of one name are listed.
const MAX_LISTED: usize = 4;

impl Server {
    pub(super) fn hover(&self, path: &str, at: Position) -> Option<Hover> {
        let project = self.project(path)?;
        let names = Names::of(&project);
        let offset = self.offset(path, at)?;
        let Some(&mention) = names.at(project.root, offset) else {
            return self.about_argument(path, &project, offset);
        };
        let net = known::net(&project);
        let text = |span: Span| project.sources.text(span);
        let mut parts = match mention.def.kind {
            NameKind::Op(signature) => vec![code(&signature.text()), signature.doc.to_owned()],
            NameKind::Block(block, _) => about_block(&project, block),
            NameKind::Param(param) => {
                let end =
                    param.default.as_ref().map(|d| d.span).or(param.ty.as_ref().map(|t| t.span));
                let mut parts =
                    vec![code(text(end.map_or(param.name.span, |end| param.name.span.to(end))))];
                let given = net.iter().flat_map(|n| &n.net.graph.params);
                if let Some((_, value)) =
                    given.clone().find(|(name, _)| of_net(&project, param, name))
                {
                    parts.push(format!("here `{value}`"));
                }
                parts
            }
            NameKind::Value => vec![code(text(mention.def.span))],
            NameKind::File | NameKind::Unread => return None,
        };
        let index = PathIndex::of(&project, &names);
        let concrete = net.and_then(|known| {
            let net = &known.net;
            let at = if mention.def.kind.is_value() { mention.def.span } else { mention.span };
            let ends = !known.unfinished.contains(&(at.file, at.start));
            costs(net, &places(&index, &net.graph, &mention)).filter(|_| ends)
        });
        let range = Some(place::range(&project.sources, mention.span));
        parts.extend(concrete.or_else(|| in_symbols(&project, &mention)));
        if let NameKind::Op(signature) = mention.def.kind {
            parts.push(op_rules(signature));
        }
        let contents = MarkupContent { kind: MarkupKind::Markdown, value: parts.join("\n\n") };
        Some(Hover { contents: contents.into(), range })
    }
}

impl Server {
    /// What the name of an op's argument or of a recipe's key means.
    fn about_argument(&self, path: &str, project: &Project, offset: usize) -> Option<Hover> {
        let text = self.texts.get(path)?;
        let all = tokens(text);
        let word =
            all.iter().position(|t| t.start <= offset && offset <= t.end() && t.is_word())?;
        let word = all.get(word).filter(|_| all.get(word + 1).is_some_and(|t| t.is("=")))?;
        let before = &text[..word.start];
        let about = match enclosing_call(before) {
            Some(call) => {
                let callee = self.callee(path, project, &Visible::at(project, offset), &call)?;
                let takes = callee.takes.iter().find(|takes| takes.name == word.text)?;
                [code(&takes.text()), takes.accepts.clone()].join("\n\n")
            }
            None if matches!(spot(before), Spot::Key(_)) => {
                let key = KEYS.iter().find(|key| key.name == word.text)?;
                [code(key.name), key.about(), format!("It is {}.", key.kind.describe())]
                    .join("\n\n")
            }
            None => return None,
        };
        let span = Span { file: project.root, start: word.start, end: word.end() };
        let contents = MarkupContent { kind: MarkupKind::Markdown, value: about };
        let range = Some(place::range(&project.sources, span));
        Some(Hover { contents: contents.into(), range })
    }
}

/// The nodes that a name stands for where it is mentioned.
fn places<'n>(index: &PathIndex<'_>, graph: &'n Graph, mention: &Reference<'_>) -> Places<'n> {
    match mention.def.kind {
        NameKind::Value => index.of_label(graph, mention.def.span),
        NameKind::Op(_) | NameKind::Block(..) => index.of_call(graph, mention.span),
        NameKind::Param(_) | NameKind::File | NameKind::Unread => Places::new(),
    }
}

/// The shapes at a name in a block that nothing calls.
fn in_symbols(project: &Project, mention: &Reference<'_>) -> Option<String> {
    let mut budget = MAX_PROBED_NODES;
    let all = symbolic::of(project, mention.span, &mut budget);
    let mut found = all.iter().map(|inside| shapes_in(inside, mention));
    let first = found.next()??;
    found.all(|other| other.as_ref() == Some(&first)).then_some(first)
}

fn shapes_in(inside: &Symbolic, mention: &Reference<'_>) -> Option<String> {
    let ShownShapes { graph, shapes } = &inside.known;
    let names = Names::of(&inside.project);
    let index = PathIndex::of(&inside.project, &names);
    let places = match (mention.role, mention.def.kind) {
        // The block as a whole, where it is defined.
        (ReferenceRole::Definition, NameKind::Block(..)) => index.of_call(graph, inside.call),
        _ => places(&index, graph, mention),
    };
    let (_, nodes) = places.into_iter().next()?;
    let from = graph.operands(*nodes.first()?).first().and_then(|id| shapes.get(id));
    let to = shapes.get(nodes.last()?)?;
    Some(match from {
        Some(from) => format!("`{from} -> {to}`"),
        None => format!("`{to}`"),
    })
}

pub(super) fn code(text: &str) -> String {
    format!("```net\n{text}\n```")
}

/// Whether `name` is this very parameter, declared by a net.
fn of_net(project: &Project, param: &Param, name: &str) -> bool {
    let mut params =
        project.files.values().flat_map(|file| file.nets()).flat_map(|net| &net.params);
    param.name.node == name && params.any(|p| p.name.span == param.name.span)
}

/// Its head, and the comment lines above it.
pub(super) fn about_block(project: &Project, block: &Block) -> Vec<String> {
    let BlockText { head, doc, .. } = BlockText::of(block, &project.sources);
    let doc = (!doc.is_empty()).then_some(doc);
    std::iter::once(code(&format!("block {head}"))).chain(doc).collect()
}

fn costs(net: &Unchecked, places: &Places<'_>) -> Option<String> {
    let line = |(path, nodes): (&&str, &Vec<NodeId>)| {
        let shape = net.shapes.get(nodes.last()?)?;
        let sum = |of: &dyn Fn(NodeId) -> Option<u64>| {
            nodes.iter().filter_map(|id| of(*id)).fold(0, u64::saturating_add)
        };
        let (params, macs) = (sum(&|id| net.node_params(id)), sum(&|id| net.node_macs(id)));
        Some(format!("- `{path}` :: `{shape}`, {params} parameters, {macs} MACs"))
    };
    let all: Vec<String> = places.iter().filter_map(line).collect();
    let mut lines = all.get(..MAX_LISTED).unwrap_or(&all).to_vec();
    if all.len() > MAX_LISTED {
        lines.push(format!("- and {} more", all.len() - MAX_LISTED));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}
