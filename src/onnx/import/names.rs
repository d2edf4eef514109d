//! UniquePaths of a model as names of the language.

use std::collections::{HashMap, HashSet};

use crate::graph::op;
use crate::onnx::proto::{GraphProto, NodeProto};
use crate::syntax;

use super::attributes::Node;
use super::error::LONGEST;

/// The maximum length in bytes of a node's name or scopes in which modules are looked for.
const MOST_SCOPES: usize = 1000;

/// The paths given so far.
#[derive(Debug)]
pub(super) struct UniquePaths {
    used: HashSet<String>,
    /// How often each path was requested.
    wanted: HashMap<String, usize>,
    /// How many nodes are in each module.
    sizes: HashMap<String, usize>,
    nodes: usize,
}

impl UniquePaths {
    pub fn new(graph: &GraphProto) -> UniquePaths {
        let mut sizes: HashMap<String, usize> = HashMap::new();
        for node in &graph.node {
            let modules = modules(node);
            for depth in 1..=modules.len() {
                *sizes.entry(modules[..depth].join(".")).or_default() += 1;
            }
        }
        UniquePaths { used: HashSet::new(), wanted: HashMap::new(), sizes, nodes: graph.node.len() }
    }

    /// A path for the op that a node becomes: as netc wrote it, or else in the module that it
    /// belongs to.
    pub fn path(&mut self, node: &Node, op: &str) -> String {
        let name = node.proto.name();
        if node.note("netc.op").is_some() && is_path(name) && !self.used.contains(name) {
            return self.unique(name);
        }
        match self.stage(node.proto) {
            Some(stage) => self.unique(&format!("{stage}.{op}")),
            None => self.unique(op),
        }
    }

    /// The stage that a node belongs to: the outermost module around it that is not most of the
    /// net, if it contains several nodes.
    fn stage(&self, node: &NodeProto) -> Option<String> {
        let modules = modules(node);
        let size = |depth: usize| self.sizes.get(&modules[..depth].join(".")).copied().unwrap_or(0);
        let depth = (1..=modules.len()).find(|&depth| 2 * size(depth) <= self.nodes)?;
        let name = &modules[depth - 1];
        let numbered = name.starts_with(|c: char| c.is_ascii_digit());
        (size(depth) > 1 && !numbered).then(|| identifier(name, "stage"))
    }

    /// An unused path.
    pub fn unique(&mut self, wanted: &str) -> String {
        let mut path = wanted.to_string();
        let count = self.wanted.entry(path.clone()).or_insert(1);
        while !self.used.insert(path.clone()) {
            *count += 1;
            path = format!("{wanted}_{count}");
        }
        path
    }
}

/// The modules that contain a node, outermost first, as PyTorch's exporters write them.
fn modules(node: &NodeProto) -> Vec<String> {
    let scopes =
        node.metadata_props.iter().find(|entry| entry.key() == "pkg.torch.onnx.name_scopes");
    let found: Vec<String> = match scopes {
        // ['', 'layer1', 'layer1.0', 'layer1.0.conv1', 'conv2d_1']
        Some(scopes) if scopes.value().len() > MOST_SCOPES => Vec::new(),
        None if node.name().len() > MOST_SCOPES => Vec::new(),
        Some(scopes) => {
            let all: Vec<&str> = scopes.value().split('\'').skip(1).step_by(2).collect();
            let module =
                all.len().checked_sub(2).and_then(|i| all.get(i)).copied().unwrap_or_default();
            module.split('.').map(str::to_string).collect()
        }
        // /layer1/layer1.0/conv1/Conv
        None => {
            let mut path = String::new();
            let parts: Vec<&str> = node.name().split('/').skip(1).collect();
            for part in &parts[..parts.len().saturating_sub(1)] {
                let last = path.rsplit('.').next().unwrap_or_default();
                let within = part
                    .strip_prefix(last)
                    .filter(|_| !last.is_empty())
                    .and_then(|p| p.strip_prefix('.'));
                match within {
                    Some(more) => path = format!("{path}.{more}"),
                    None if path.is_empty() => path = part.to_string(),
                    None => path = format!("{path}.{part}"),
                }
            }
            path.split('.').map(str::to_string).collect()
        }
    };
    found.into_iter().filter(|name| !name.is_empty() && name.len() <= LONGEST).take(8).collect()
}

/// A name as an identifier that is not the name of an op; `otherwise` if nothing is left of it.
pub(super) fn identifier(name: &str, otherwise: &str) -> String {
    let mut clean: String = name
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    clean = clean.trim_matches('_').to_string();
    if clean.starts_with(|c: char| c.is_ascii_digit()) {
        clean = format!("_{clean}");
    }
    if clean.is_empty() || syntax::is_keyword(&clean) || op::signature(&clean).is_some() {
        return otherwise.into();
    }
    clean
}

fn is_path(name: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let first = name.split('.').next().unwrap_or_default();
    name.split('.').all(word)
        && !first.starts_with(|c: char| c.is_ascii_digit())
        && !syntax::is_keyword(first)
}
