use std::collections::HashSet;
use std::fmt::Write as _;

use super::{Graph, NodeId, Op, Origin, Value};
use crate::diag::Sources;

impl Graph {
    /// The flat net as `.net` text: no blocks, no parameters, one op per line, each with its
    /// origin. It resolves to the same graph with the same paths. Nodes come in `order`;
    /// `shape_of` gives the shapes of the input and the output as text.
    pub fn flat_text(
        &self,
        order: &[NodeId],
        shape_of: impl Fn(NodeId) -> String,
        sources: Option<&Sources>,
    ) -> String {
        let trunk = self.trunk();
        let mut lines: Vec<(String, String)> = Vec::new();
        for &id in order {
            let node = self.get(id);
            let paths: Vec<&str> =
                self.operands(id).iter().map(|&o| self.get(o).path.as_str()).collect();
            let text = match &node.op {
                Op::Input(_) => format!("input {}: {}", node.path, shape_of(id)),
                op if trunk.contains(&id) => stage(&node.path, &op.text(&paths[1..])),
                op => format!("{} = {} -> {}", node.path, paths[0], op.text(&paths[1..])),
            };
            let origin = node.origin.as_ref().zip(sources).map(|(o, s)| origin_text(o, s));
            lines.push((text, origin.unwrap_or_default()));
        }
        if let Some((name, id)) = self.output() {
            lines.push((format!("output {name}: {}", shape_of(id)), String::new()));
        }
        let settings = self.settings_text();
        let width = lines.iter().map(|(text, _)| text.chars().count()).max().unwrap_or(0);
        let mut out = format!("net {} {{\n", self.name);
        for (text, origin) in &lines {
            // Writing into a string cannot fail.
            let _ = match origin.is_empty() {
                true => writeln!(out, "  {text}"),
                false => writeln!(out, "  {text:width$}  # {origin}"),
            };
        }
        out + &settings + "}\n"
    }

    fn settings_text(&self) -> String {
        let settings = self.recipe();
        match settings.is_empty() {
            true => String::new(),
            false => {
                let lines: String =
                    settings.iter().map(|(key, value)| format!("    {key} = {value}\n")).collect();
                format!("\n  recipe {{\n{lines}  }}\n")
            }
        }
    }

    /// The effective settings, each key once.
    pub fn recipe(&self) -> Vec<(&str, &Value)> {
        let mut last: Vec<(&str, &Value)> = Vec::new();
        for setting in self.settings.iter().filter(|s| s.applies()) {
            last.retain(|(key, _)| *key != setting.key.node);
            last.push((&setting.key.node, &setting.value));
        }
        last
    }

    /// The trunk: the path from the input to the output along first operands.
    pub fn trunk(&self) -> HashSet<NodeId> {
        let mut trunk = HashSet::new();
        let mut at = self.output().map(|(_, id)| id);
        while let Some(id) = at.filter(|id| trunk.insert(*id)) {
            at = self.operands(id).first().copied();
        }
        trunk
    }
}

/// An op whose path is its name has no label, because a label may not shadow an op.
fn stage(path: &str, op: &str) -> String {
    if super::op::signature(path).is_some() { op.into() } else { format!("{path}: {op}") }
}

fn origin_text(origin: &Origin, sources: &Sources) -> String {
    let calls = origin.calls.iter().rev().map(|c| format!(", in {}", c.block));
    calls.fold(sources.place(origin.span), |text, call| text + &call)
}
