//! What a name under the cursor is and costs.

use std::collections::BTreeMap;

use lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind, Position};

use super::index::{Index, Kind};
use super::{Server, place};
use crate::check::Checked;
use crate::diag::Span;
use crate::graph::{NodeId, Origin};
use crate::syntax::Project;
use crate::syntax::ast::{Block, ItemKind};

/// How many places of one name are listed.
const MAX_LISTED: usize = 4;

impl Server {
    pub(super) fn hover(&self, path: &str, at: Position) -> Option<Hover> {
        let project = self.project(path)?;
        let index = Index::of(&project, project.root);
        let mention = index.at(self.offset(path, at)?)?;
        let net = self.compiled(path).net;
        let text = |span: Span| project.sources.text(span);
        let mut parts = match mention.def.kind {
            Kind::Op(signature) => vec![code(&signature.text()), signature.doc.to_owned()],
            Kind::Block(block) => about_block(&project, block),
            Kind::Param(param) => {
                let end = param.default.as_ref().map(|d| d.span).or(param.ty.as_ref().map(|t| t.span));
                let mut parts = vec![code(text(end.map_or(param.name.span, |end| param.name.span.to(end))))];
                let given = net.iter().flat_map(|n| &n.graph().params);
                if let Some((_, value)) = given.clone().find(|(name, _)| of_net(&project, param, name)) {
                    parts.push(format!("here `{value}`"));
                }
                parts
            }
            Kind::Value => vec![code(text(mention.def.span))],
            Kind::File => return None,
        };
        if let Some(net) = &net {
            let places = match mention.def.kind {
                Kind::Value => by_label(net, text(mention.def.span)),
                Kind::Op(_) | Kind::Block(_) => by_call(net, mention.span),
                Kind::Param(_) | Kind::File => BTreeMap::new(),
            };
            parts.extend(costs(net, &places));
        }
        let contents = MarkupContent { kind: MarkupKind::Markdown, value: parts.join("\n\n") };
        let range = Some(place::range(&project.sources, mention.span));
        Some(Hover { contents: HoverContents::Markup(contents), range })
    }
}

fn code(text: &str) -> String {
    format!("```net\n{text}\n```")
}

/// Whether `name` is this very parameter, declared by a net.
fn of_net(project: &Project, param: &crate::syntax::ast::Param, name: &str) -> bool {
    let nets = project.files.values().flat_map(|file| &file.items);
    param.name.node == name
        && nets.into_iter().any(|item| match &item.kind {
            ItemKind::Net(net) => net.params.iter().any(|p| p.name.span == param.name.span),
            ItemKind::Import(_) | ItemKind::Block(_) => false,
        })
}

/// Its head, and the comment lines above it.
fn about_block(project: &Project, block: &Block) -> Vec<String> {
    let source = &project.sources.get(block.name.span.file).text;
    let head = source.get(block.name.span.start..block.body.place.span.start).unwrap_or("");
    let head = format!("block {}", head.trim_end_matches('{').trim_end());
    let line = source[..block.name.span.start].rfind('\n').map_or(0, |i| i + 1);
    let above = source[..line].lines().rev().map(str::trim);
    let mut doc: Vec<&str> = above.map_while(|l| l.strip_prefix('#')).map(str::trim).collect();
    doc.reverse();
    let doc = (!doc.is_empty()).then(|| doc.join("\n"));
    std::iter::once(code(&head)).chain(doc).collect()
}

/// The places of a net, by path, with their ops in order.
type Places<'n> = BTreeMap<&'n str, Vec<NodeId>>;

/// The nodes that the call at a span stands for.
fn by_call(net: &Checked, name: Span) -> Places<'_> {
    let mut places = Places::new();
    for &id in net.order() {
        let node = net.node(id);
        let Some(depth) = node.origin.as_ref().and_then(|o| depth_of(o, name)) else { continue };
        let calls = node.origin.as_ref().map_or(0, |o| o.calls.len());
        // Each call inside the one that is pointed at has given the path a part of its own.
        let mut path = node.path.as_str();
        for _ in depth..calls {
            path = path.rsplit_once('.').map_or(path, |(front, _)| front);
        }
        places.entry(path).or_default().push(id);
    }
    places
}

/// How many calls are around the one whose name stands at `name`.
fn depth_of(origin: &Origin, name: Span) -> Option<usize> {
    let mut spans = origin.calls.iter().map(|frame| frame.span).chain([origin.span]);
    spans.position(|s| s.file == name.file && s.start == name.start)
}

/// The nodes below a label.
fn by_label<'n>(net: &'n Checked, label: &str) -> Places<'n> {
    let mut places = Places::new();
    for &id in net.order() {
        let path = net.node(id).path.as_str();
        let mut end = 0;
        for part in path.split('.') {
            end += part.len();
            if part == label {
                places.entry(&path[..end]).or_default().push(id);
                break;
            }
            end += 1;
        }
    }
    places
}

fn costs(net: &Checked, places: &Places<'_>) -> Option<String> {
    let line = |(path, nodes): (&&str, &Vec<NodeId>)| {
        let shape = nodes.last().map_or(String::new(), |&id| net.shape(id).to_string());
        let sum = |of: &dyn Fn(NodeId) -> u64| nodes.iter().fold(0u64, |n, &id| n.saturating_add(of(id)));
        let (params, macs) = (sum(&|id| net.node_params(id)), sum(&|id| net.node_macs(id)));
        format!("- `{path}` :: `{shape}`, {params} parameters, {macs} MACs")
    };
    let mut lines: Vec<String> = places.iter().take(MAX_LISTED).map(line).collect();
    if places.len() > MAX_LISTED {
        lines.push(format!("- and {} more", places.len() - MAX_LISTED));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}
