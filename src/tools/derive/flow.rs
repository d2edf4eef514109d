//! A net as a graph of calls, before it is written as text.

use super::defaults::Defaults;
use crate::check::Checked;
use crate::graph::flat::{self, Flat};
use crate::graph::{Op, Value, op};

/// Calls; the first one stands for the incoming value.
pub(super) type Flow = Flat<Call>;
pub(super) type Step = flat::Step<Call>;

/// A call, apart from the values that it reads.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// The op or the block.
    pub head: String,
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

/// The net with one call per op, without default arguments.
pub(super) fn flow(net: &Checked, defaults: &Defaults) -> Flow {
    net.flat(|id| {
        let (node, operands) = (net.node(id), net.graph().operands(id));
        if id == net.input() {
            return Call::input(&node.path);
        }
        let mut stated = node.op.stated(operands.len());
        let is_default = |argument: &(&'static str, Value)| {
            defaults.get(node.op.name()).is_some_and(|d| d.contains(argument))
        };
        stated.retain(|argument| !is_default(argument));
        Call {
            head: node.op.name().into(),
            values: node.op.attributes().into_iter().map(|(n, v)| (n.to_string(), v)).collect(),
            said: stated.into_iter().map(|(n, v)| (n.to_string(), v.to_string())).collect(),
            positional: positional(&node.op).map(str::to_string),
            is_block: false,
            channels: operands.first().map_or(0, |&o| net.shape(o).channels()),
            path: node.path.clone(),
            stage: stage(&node.op, &node.path).map(str::to_string),
        }
    })
}

/// The steps on the path from the incoming value to the output along first operands.
pub(super) fn trunk(flow: &Flow) -> Vec<bool> {
    let mut trunk = vec![false; flow.steps.len()];
    let mut at = Some(flow.output);
    while let Some(i) = at {
        trunk[i] = true;
        at = flow.steps[i].operands.first().copied();
    }
    trunk
}

impl Call {
    /// The incoming value.
    pub fn input(path: &str) -> Call {
        Call {
            head: String::new(),
            values: Vec::new(),
            said: Vec::new(),
            positional: None,
            is_block: false,
            channels: 0,
            path: path.into(),
            stage: None,
        }
    }

    /// Its text, further operands by these names first.
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
    let unnamed = matches!(op, Op::Offset(_) | Op::Scale(_))
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
