//! What a name under the cursor is and costs.

use lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind, Position};

use super::paths::{PathIndex, Places};
use super::place;
use super::server::Server;
use crate::check::Checked;
use crate::diag::Span;
use crate::graph::NodeId;
use crate::graph::names::{NameKind, Names};
use crate::syntax::Project;
use crate::syntax::ast::{Block, Param};

/// How many places of one name are listed.
const MAX_LISTED: usize = 4;

impl Server {
    pub(super) fn hover(&self, path: &str, at: Position) -> Option<Hover> {
        let project = self.project(path)?;
        let names = Names::of(&project);
        let mention = names.at(project.root, self.offset(path, at)?)?;
        let net = self.compiled(path).net;
        let text = |span: Span| project.sources.text(span);
        let mut parts = match mention.def.kind {
            NameKind::Op(signature) => vec![code(&signature.text()), signature.doc.to_owned()],
            NameKind::Block(block, _) => about_block(&project, block),
            NameKind::Param(param) => {
                let end =
                    param.default.as_ref().map(|d| d.span).or(param.ty.as_ref().map(|t| t.span));
                let mut parts =
                    vec![code(text(end.map_or(param.name.span, |end| param.name.span.to(end))))];
                let given = net.iter().flat_map(|n| &n.graph().params);
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
        if let Some(net) = &net {
            let paths = PathIndex::of(&project, &names);
            let places = match mention.def.kind {
                NameKind::Value => paths.of_label(net, mention.def.span),
                NameKind::Op(_) | NameKind::Block(..) => paths.of_call(net, mention.span),
                NameKind::Param(_) | NameKind::File | NameKind::Unread => Places::new(),
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
fn of_net(project: &Project, param: &Param, name: &str) -> bool {
    let mut params =
        project.files.values().flat_map(|file| file.nets()).flat_map(|net| &net.params);
    param.name.node == name && params.any(|p| p.name.span == param.name.span)
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

fn costs(net: &Checked, places: &Places<'_>) -> Option<String> {
    let line = |(path, nodes): (&&str, &Vec<NodeId>)| {
        let shape = nodes.last().map_or(String::new(), |&id| net.shape(id).to_string());
        let sum =
            |of: &dyn Fn(NodeId) -> u64| nodes.iter().fold(0u64, |n, &id| n.saturating_add(of(id)));
        let (params, macs) = (sum(&|id| net.node_params(id)), sum(&|id| net.node_macs(id)));
        format!("- `{path}` :: `{shape}`, {params} parameters, {macs} MACs")
    };
    let mut lines: Vec<String> = places.iter().take(MAX_LISTED).map(line).collect();
    if places.len() > MAX_LISTED {
        lines.push(format!("- and {} more", places.len() - MAX_LISTED));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}
