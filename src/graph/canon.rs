use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use super::{Graph, NodeId, Op};

impl Graph {
    /// The graph as text that describes only what it computes: two graphs have the same text if and
    /// only if they are equal up to the names of their nodes. One line per node, operands by line
    /// number, in the order of a traversal from the output. Nodes that the output does not depend
    /// on are left out, except inputs. Empty without an output.
    pub fn canonical(&self) -> String {
        let order = self.canonical_order();
        let line_of: HashMap<NodeId, usize> =
            order.iter().enumerate().map(|(i, &id)| (id, i)).collect();
        let mut lines: Vec<String> = Vec::new();
        for &id in &order {
            let op = &self.get(id).op;
            let mut line = op.name().to_string();
            if let Op::Input(input) = op {
                line += &format!(" {}", input.0);
            }
            for (name, value) in op.attributes() {
                line += &format!(" {name}={value}");
            }
            for &operand in self.operands(id) {
                line += &format!(" %{}", line_of.get(&operand).copied().unwrap_or(usize::MAX));
            }
            lines.push(line);
        }
        lines.join("\n")
    }

    /// The nodes of [`Graph::canonical`], one per line. In two graphs with the same text, nodes at
    /// the same index correspond.
    pub fn canonical_order(&self) -> Vec<NodeId> {
        let mut order: Vec<NodeId> = Vec::new();
        let mut stack: Vec<(NodeId, bool)> =
            self.output().map(|(_, id)| (id, false)).into_iter().collect();
        stack.extend(self.inputs().iter().rev().map(|&id| (id, false)));
        let mut entered: HashSet<NodeId> = HashSet::new();
        while let Some((id, operands_done)) = stack.pop() {
            if operands_done {
                order.push(id);
            } else if entered.insert(id) {
                stack.push((id, true));
                stack.extend(self.operands(id).iter().rev().map(|&operand| (operand, false)));
            }
        }
        order
    }

    /// SHA-256 of [`Graph::canonical`], in hexadecimal: the identity of the architecture.
    pub fn hash(&self) -> String {
        Sha256::digest(self.canonical().as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}
