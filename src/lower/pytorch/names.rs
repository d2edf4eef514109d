//! The names of weights in the module's `state_dict`, and their mapping from netc's names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::python::{Code, string};
use super::tree::{GroupId, Item, Tree, is_round};
use crate::lower::Plan;

/// The path of each step's module in the `state_dict`.
pub(super) struct Names {
    of: HashMap<usize, String>,
    /// The names of modules that are left out, because each is the only one of an iteration.
    rounds: Vec<String>,
    /// Paths of modules that are exceptions to the rule.
    odd: BTreeMap<String, String>,
}

impl Names {
    pub fn new(plan: &Plan, tree: &Tree) -> Names {
        let mut of = HashMap::new();
        let mut waiting: Vec<(GroupId, String)> = vec![(tree.groups.len() - 1, String::new())];
        while let Some((id, prefix)) = waiting.pop() {
            for child in &tree.groups[id].children {
                let name = match prefix.is_empty() {
                    true => child.attribute.clone(),
                    false => format!("{prefix}.{}", child.attribute),
                };
                match child.item {
                    Item::Op(step) => {
                        of.insert(step, name);
                    }
                    Item::Group(inner) => waiting.push((tree.inlined(inner), name)),
                }
            }
        }
        let mut names = Names { of, rounds: tree.rounds.clone(), odd: BTreeMap::new() };
        for (i, step) in plan.steps().iter().enumerate() {
            let shapes: Vec<_> = step.operand_shapes.iter().collect();
            let expected = names.by_rule(&step.path);
            if !step.op.tensors(&shapes).is_empty() && names.of[&i] != expected {
                names.odd.insert(step.path.clone(), names.of[&i].clone());
            }
        }
        names
    }

    /// The path by the rule: the name of an iteration's only module is left out.
    fn by_rule(&self, path: &str) -> String {
        let mut parts: Vec<&str> = Vec::new();
        let mut segments = path.split('.').peekable();
        while let Some(segment) = segments.next() {
            if !parts.is_empty() && is_round(segment) {
                segments.next_if(|next| self.rounds.iter().any(|round| round == next));
            }
            parts.push(segment);
        }
        parts.join(".")
    }

    /// Whether any name is left out.
    pub fn has_rounds(&self) -> bool {
        !self.rounds.is_empty()
    }

    /// Whether any names differ.
    pub fn changes(&self) -> bool {
        self.has_rounds() || !self.odd.is_empty()
    }

    /// A step's module as an expression: `self.layers[0].bn`.
    pub fn expression(&self, step: usize) -> String {
        let name = self.of.get(&step).map_or("", String::as_str);
        name.split('.').fold("self".to_string(), |text, part| match is_round(part) {
            true => format!("{text}[{part}]"),
            false => format!("{text}.{part}"),
        })
    }

    /// Writes the function that maps a netc name to a `state_dict` name.
    pub fn write(&self, code: &mut Code) {
        if !self.changes() {
            return;
        }
        code.line(0, "");
        code.line(0, "");
        if !self.odd.is_empty() {
            code.line(0, "MOVED = {");
            for (path, name) in &self.odd {
                code.line(4, &format!("{}: {},", string(path), string(name)));
            }
            code.line(0, "}");
            code.line(0, "");
            code.line(0, "");
        }
        code.line(0, "def state_name(name: str) -> str:");
        code.line(4, "\"\"\"The name in the state_dict of what netc names by its path.\"\"\"");
        if !self.odd.is_empty() {
            code.line(4, "module, _, tensor = name.rpartition(\".\")");
            code.line(4, "if module in MOVED:");
            code.line(8, "return f\"{MOVED[module]}.{tensor}\"");
        }
        if self.has_rounds() {
            let inner: BTreeSet<&str> = self.rounds.iter().map(String::as_str).collect();
            let inner: Vec<&str> = inner.into_iter().collect();
            code.line(4, "# A round of one module is that module here.");
            let rounds = format!("r\"(\\.\\d+)\\.(?:{})(?=\\.)\"", inner.join("|"));
            code.line(4, &format!("return re.sub({rounds}, r\"\\1\", name)"));
        } else {
            code.line(4, "return name");
        }
    }
}
