//! A net as a graph of calls, before it is written as text.

use std::collections::HashMap;

use super::readable::Defaults;
use crate::check::Checked;
use crate::graph::{NodeId, Op, Value, op};

/// Calls in topological order; the first stands for the incoming value.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    pub steps: Vec<Step>,
    pub output: usize,
}

/// A call with its operands.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// The op or the block.
    pub head: String,
    /// The values that it reads, the current value first.
    pub operands: Vec<usize>,
    /// Every argument by name.
    pub values: Vec<(String, Value)>,
    /// The arguments that are written, as text.
    pub said: Vec<(String, String)>,
    /// The positional argument.
    pub positional: Option<String>,
    /// Whether it is a call of a block.
    pub is_block: bool,
    /// The channels of what it reads.
    pub channels: u64,
    /// The path of its last node.
    pub path: String,
    /// The stage that it belongs to: the first segment of its path; `None` for an op without a
    /// label.
    pub stage: Option<String>,
}

impl Flow {
    /// The net with one call per op, without default arguments.
    pub fn of(net: &Checked, defaults: &Defaults) -> Flow {
        let mut at: HashMap<NodeId, usize> = HashMap::from([(net.input(), 0)]);
        let mut steps = vec![Step::input(&net.node(net.input()).path)];
        for &id in net.order().iter().filter(|&&id| id != net.input()) {
            let node = net.node(id);
            let operands = net.graph().operands(id);
            let mut stated = node.op.stated(operands.len());
            stated.retain(|argument| {
                !defaults.get(node.op.name()).is_some_and(|d| d.contains(argument))
            });
            at.insert(id, steps.len());
            steps.push(Step {
                head: node.op.name().into(),
                operands: operands.iter().map(|o| at[o]).collect(),
                values: node.op.attributes().into_iter().map(|(n, v)| (n.to_string(), v)).collect(),
                said: stated.into_iter().map(|(n, v)| (n.to_string(), v.to_string())).collect(),
                positional: positional(&node.op).map(str::to_string),
                is_block: false,
                channels: operands.first().map_or(0, |&o| net.shape(o).channels()),
                path: node.path.clone(),
                stage: stage(&node.op, &node.path).map(str::to_string),
            });
        }
        Flow { steps, output: at[&net.output()] }
    }

    /// The readers of each step, with multiplicity.
    pub fn readers(&self) -> Vec<Vec<usize>> {
        let mut readers = vec![Vec::new(); self.steps.len()];
        for (i, step) in self.steps.iter().enumerate() {
            step.operands.iter().for_each(|&operand| readers[operand].push(i));
        }
        readers
    }

    /// The trunk: the path from the incoming value to the output along first operands.
    pub fn trunk(&self) -> Vec<bool> {
        let mut trunk = vec![false; self.steps.len()];
        let mut at = Some(self.output);
        while let Some(i) = at {
            trunk[i] = true;
            at = self.steps[i].operands.first().copied();
        }
        trunk
    }

    /// Removes steps; each removed one is replaced by a later step.
    pub fn without(self, gone: &HashMap<usize, usize>) -> Flow {
        let mut new = vec![0; self.steps.len()];
        let mut steps = Vec::new();
        for (i, mut step) in self.steps.into_iter().enumerate() {
            if !gone.contains_key(&i) {
                new[i] = steps.len();
                step.operands.iter_mut().for_each(|operand| *operand = new[*operand]);
                steps.push(step);
            }
        }
        Flow { steps, output: new[self.output] }
    }
}

impl Step {
    /// The incoming value.
    pub fn input(path: &str) -> Step {
        Step {
            head: String::new(),
            operands: Vec::new(),
            values: Vec::new(),
            said: Vec::new(),
            positional: None,
            is_block: false,
            channels: 0,
            path: path.into(),
            stage: None,
        }
    }

    /// The call, with these names of further operands first.
    pub fn text(&self, joins: &[String]) -> String {
        let said =
            self.said.iter().map(|(name, text)| match self.positional.as_ref() == Some(name) {
                true => text.clone(),
                false => format!("{name} = {text}"),
            });
        let arguments: Vec<String> = joins.iter().cloned().chain(said).collect();
        if arguments.is_empty() {
            self.head.clone()
        } else {
            format!("{}({})", self.head, arguments.join(", "))
        }
    }

    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }
}

/// The argument of an op that is written positionally, such as that of `conv(64)`.
fn positional(op: &Op) -> Option<&'static str> {
    let first = op::signature(op.name())?.args.first()?;
    let unnamed = matches!(op, Op::Scale(_))
        || matches!(first.default, op::Default::Required | op::Default::Value(Value::Same));
    unnamed.then_some(first.name)
}

fn stage<'p>(op: &Op, path: &'p str) -> Option<&'p str> {
    let numbered = path.strip_prefix(op.name());
    let unlabelled = numbered.is_some_and(|rest| {
        rest.is_empty()
            || rest.strip_prefix('_').is_some_and(|n| n.chars().all(|c| c.is_ascii_digit()))
    });
    if unlabelled { None } else { path.split('.').next() }
}
