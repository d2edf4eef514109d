//! The names that weights have in the module's `state_dict`, beside those that netc gives them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::python::Code;
use super::tree::{Form, GroupId, Item, Tree, is_round};
use crate::lower::Plan;

/// Where each step is in the tree, as a `state_dict` says it.
pub(super) struct Names {
    of: HashMap<usize, String>,
    /// What the only module of a round is called, where that is left out.
    rounds: Vec<String>,
    has_rounds: bool,
    /// Paths of modules that the rule for rounds does not give.
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
                    Item::Group(inner) => waiting.push((tree.inside(inner), name)),
                }
            }
        }
        let has_rounds = tree.groups.iter().any(|group| group.form == Form::Rounds);
        let mut names = Names { of, rounds: tree.rounds.clone(), has_rounds, odd: BTreeMap::new() };
        for (i, step) in plan.steps().iter().enumerate() {
            let shapes: Vec<_> = step.operand_shapes.iter().collect();
            let expected = names.by_rule(&step.path);
            if !step.op.tensors(&shapes).is_empty() && names.of[&i] != expected {
                names.odd.insert(step.path.clone(), names.of[&i].clone());
            }
        }
        names
    }

    /// What the rule makes of a path: rounds counted from 0, the name of their only module left out.
    fn by_rule(&self, path: &str) -> String {
        let mut parts: Vec<String> = Vec::new();
        let mut segments = path.split('.').enumerate().peekable();
        while let Some((i, segment)) = segments.next() {
            if i == 0 || !self.has_rounds || !is_round(segment) {
                parts.push(segment.to_string());
                continue;
            }
            parts.push(segment.parse::<u64>().map_or(0, |n| n.saturating_sub(1)).to_string());
            segments.next_if(|(_, next)| self.rounds.iter().any(|round| round == next));
        }
        parts.join(".")
    }

    /// Whether a `repeat` is a sequence.
    pub fn has_rounds(&self) -> bool {
        self.has_rounds
    }

    /// Whether names differ at all.
    pub fn changes(&self) -> bool {
        self.has_rounds || !self.odd.is_empty()
    }

    /// A step's module as an expression: `self.layers[0].bn`.
    pub fn expression(&self, step: usize) -> String {
        let name = self.of.get(&step).map_or("", String::as_str);
        name.split('.').fold("self".to_string(), |text, part| match is_round(part) {
            true => format!("{text}[{part}]"),
            false => format!("{text}.{part}"),
        })
    }

    /// Writes the function that takes a name of netc to one of the `state_dict`.
    pub fn write(&self, code: &mut Code) {
        if !self.changes() {
            return;
        }
        code.line(0, "");
        code.line(0, "");
        if !self.odd.is_empty() {
            code.line(0, "MOVED = {");
            for (path, name) in &self.odd {
                code.line(4, &format!("{path:?}: {name:?},"));
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
        if self.has_rounds {
            let inner: BTreeSet<&str> = self.rounds.iter().map(String::as_str).collect();
            let inner: Vec<&str> = inner.into_iter().collect();
            let left_out = match inner.is_empty() {
                true => String::new(),
                false => format!("(?:\\.(?:{}))?", inner.join("|")),
            };
            code.line(4, "# Rounds count from 1 in netc, from 0 here.");
            code.line(4, &format!("rounds = r\"\\.(\\d+){left_out}(?=\\.)\""));
            code.line(4, "return re.sub(rounds, lambda found: f\".{int(found[1]) - 1}\", name)");
        } else {
            code.line(4, "return name");
        }
    }
}
