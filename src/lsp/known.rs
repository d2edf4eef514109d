//! What is known of a file, right or wrong.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::lex::{TokenKind, tokens};
use super::server::Server;
use crate::check::{Unchecked, check};
use crate::diag::FileId;
use crate::graph::{self, Graph, NodeId};
use crate::syntax::{self, Project};

/// A net of which something may be wrong.
pub(super) struct PartialNet {
    pub net: Unchecked,
    /// The first bytes of the statements and calls that have no value.
    pub unfinished: Unfinished,
}

pub(super) type Unfinished = BTreeSet<(FileId, usize)>;

/// A graph with the shapes of its values as they are shown, where they are known.
pub(super) struct ShownShapes {
    pub graph: Graph,
    pub shapes: HashMap<NodeId, String>,
}

impl Server {
    /// The trees of a file and of all that it reads, as far as they make sense.
    pub(super) fn project(&self, path: &str) -> Option<Project> {
        let project = syntax::load_partial(path, &self.texts).ok()?;
        let text = project.sources.get(project.root).text.clone();
        if !project.file(project.root).items.is_empty() {
            return Some(project);
        }
        let Some(closed) = closed(&text) else { return Some(project) };
        // Lines are counted in the text as it is shown.
        let shown = format!("{text}{}", &closed[text.len()..]);
        let mut texts = self.texts.clone();
        texts.insert(path.to_owned(), closed);
        let mut project = syntax::load_partial(path, &texts).ok()?;
        project.sources.replace(project.root, shown);
        Some(project)
    }
}

/// A text with the `}` that it lacks, each byte in its place: at the end, or on the blank line
/// above the next item.
fn closed(text: &str) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let mut open = 0_usize;
    let all = tokens(text);
    for (i, token) in all.iter().enumerate() {
        let starts_line = i == 0 || all[i - 1].kind == TokenKind::Newline;
        let item = ["import", "block", "net"].contains(&token.text);
        // A block within a body is indented.
        if starts_line && item && text[..token.start].ends_with('\n') && open > 0 {
            let above = all[..i].iter().rev().find(|t| t.kind != TokenKind::Newline);
            let commented = above.is_some_and(|t| t.kind == TokenKind::Comment);
            let end = text[..token.start].trim_end().len() + usize::from(commented);
            // The last newline stays.
            if let Some(gap) = bytes.get_mut(end..token.start).filter(|gap| gap.len() > open) {
                gap[..open].fill(b'}');
                open = 0;
            }
        }
        match token.text {
            _ if token.kind != TokenKind::Mark => {}
            "{" => open += 1,
            "}" => open = open.saturating_sub(1),
            _ => {}
        }
    }
    bytes.extend(b"\n}".repeat(open));
    String::from_utf8(bytes).ok().filter(|closed| closed != text)
}

/// The net of a file, with the shapes of all values that do not depend on something wrong.
pub(super) fn net(project: &Project) -> Option<PartialNet> {
    let expanded = graph::expand(project, &[]);
    let net = check(expanded.graph?).map_or_else(|failed| failed.unchecked, Unchecked::from);
    let unfinished = expanded.unfinished.iter().map(|span| (span.file, span.start)).collect();
    Some(PartialNet { net, unfinished })
}

impl ShownShapes {
    pub(super) fn of(net: &Unchecked) -> ShownShapes {
        let shapes = net.shapes.iter().map(|(id, shape)| (*id, shape.to_string()));
        ShownShapes { graph: net.graph.clone(), shapes: shapes.collect() }
    }
}

/// The nodes that the output depends on; all, while there is none.
pub(super) fn used(graph: &Graph) -> HashSet<NodeId> {
    let Some((_, output)) = graph.output() else { return graph.ids().collect() };
    let (mut used, mut left) = (HashSet::new(), vec![output]);
    while let Some(id) = left.pop() {
        if used.insert(id) {
            left.extend(graph.operands(id));
        }
    }
    used
}
