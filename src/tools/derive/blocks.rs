//! The chain that recurs most, as a block with what varies as its parameters.

use std::collections::BTreeMap;

use crate::graph::{Op, Value, op};

/// Arguments by name.
pub(super) type Arguments = Vec<(&'static str, Value)>;

/// The arguments of an op in a block: a value, or the parameter that stands for it.
type Template = Vec<(&'static str, Result<Value, String>)>;

/// The shortest and the longest chain that is worth a block, and how often it must stand.
const LENGTH: std::ops::RangeInclusive<usize> = 3..=5;
const TIMES: usize = 3;

/// An op of a chain.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub op: Op,
    /// The names of the values that it joins.
    pub joins: Vec<String>,
    /// The arguments to write.
    pub stated: Arguments,
}

impl Call {
    pub fn text(&self) -> String {
        let joins: Vec<&str> = self.joins.iter().map(String::as_str).collect();
        self.op.call(&joins, &self.stated)
    }

    /// Joins read names of the net, which a block does not see.
    fn may_be_in_a_block(&self) -> bool {
        self.joins.is_empty()
    }

    fn value(&self, argument: &str) -> Option<Value> {
        self.op.attributes().into_iter().find(|(name, _)| *name == argument).map(|(_, value)| value)
    }
}

/// A block of one chain.
#[derive(Debug)]
pub(super) struct Block {
    name: String,
    ops: Vec<&'static str>,
    /// For each op its arguments: a value, or the parameter that stands for it.
    arguments: Vec<Template>,
    example: Vec<Call>,
}

impl Block {
    /// The chain that saves the most calls; `None` if none recurs enough.
    pub fn find(chains: &[&[Call]], taken: impl Fn(&str) -> bool) -> Option<Block> {
        let mut counts: BTreeMap<Vec<&'static str>, usize> = BTreeMap::new();
        for window in LENGTH.flat_map(|n| chains.iter().flat_map(move |chain| chain.windows(n))) {
            if window.iter().all(Call::may_be_in_a_block) {
                counts.entry(names(window)).or_insert(0);
            }
        }
        for (ops, count) in &mut counts {
            *count = chains.iter().map(|chain| places(ops, chain).len()).sum();
        }
        counts.retain(|_, count| *count >= TIMES);
        let (ops, _) = counts.into_iter().max_by_key(|(ops, count)| ((ops.len() - 1) * count, ops.len()))?;
        let found: Vec<&[Call]> = chains
            .iter()
            .flat_map(|chain| places(&ops, chain).into_iter().map(|at| &chain[at..at + ops.len()]))
            .collect();
        let name = ops.join("_");
        let free = !taken(&name) && op::signature(&name).is_none();
        let example = found.first()?.to_vec();
        let arguments = arguments(&found, ops.len())?;
        free.then_some(Block { name, ops, arguments, example })
    }

    /// The definition.
    pub fn text(&self) -> String {
        let mut parameters: Vec<&str> = Vec::new();
        let mut calls: Vec<String> = Vec::new();
        for (call, arguments) in self.example.iter().zip(&self.arguments) {
            let mut said: Vec<String> = Vec::new();
            for (name, value) in arguments {
                let value = match value {
                    Ok(value) => value.to_string(),
                    Err(parameter) => {
                        parameters.push(parameter);
                        parameter.clone()
                    }
                };
                said.push(if positional(&call.op, name) { value } else { format!("{name} = {value}") });
            }
            let op = call.op.name();
            calls.push(if said.is_empty() { op.into() } else { format!("{op}({})", said.join(", ")) });
        }
        let parameters =
            if parameters.is_empty() { String::new() } else { format!("({})", parameters.join(", ")) };
        format!("block {}{parameters} {{\n  {}\n}}\n\n", self.name, calls.join(" -> "))
    }

    /// A chain as calls, the block's in place of what it holds.
    pub fn calls(&self, chain: &[Call]) -> Vec<String> {
        let places = places(&self.ops, chain);
        let (mut calls, mut at) = (Vec::new(), 0);
        while at < chain.len() {
            if places.contains(&at) {
                calls.push(self.call(&chain[at..at + self.ops.len()]));
                at += self.ops.len();
            } else {
                calls.push(chain[at].text());
                at += 1;
            }
        }
        calls
    }

    fn call(&self, part: &[Call]) -> String {
        let mut said: Vec<String> = Vec::new();
        for (call, arguments) in part.iter().zip(&self.arguments) {
            for (name, value) in arguments {
                if let (Err(parameter), Some(value)) = (value, call.value(name)) {
                    let first = said.is_empty();
                    said.push(if first { value.to_string() } else { format!("{parameter} = {value}") });
                }
            }
        }
        if said.is_empty() { self.name.clone() } else { format!("{}({})", self.name, said.join(", ")) }
    }
}

/// Whether an argument is written without its name, as the first of `conv(64)`.
fn positional(op: &Op, argument: &str) -> bool {
    op::signature(op.name()).and_then(|s| s.args.first()).is_some_and(|first| {
        first.name == argument
            && matches!(first.default, op::Default::Required | op::Default::Value(Value::Same))
    })
}

fn names(calls: &[Call]) -> Vec<&'static str> {
    calls.iter().map(|call| call.op.name()).collect()
}

/// Where the ops stand in a chain, from the left, none overlapping.
fn places(ops: &[&'static str], chain: &[Call]) -> Vec<usize> {
    let (mut places, mut at) = (Vec::new(), 0);
    while at + ops.len() <= chain.len() {
        let part = &chain[at..at + ops.len()];
        if part.iter().all(Call::may_be_in_a_block) && names(part) == ops {
            places.push(at);
            at += ops.len();
        } else {
            at += 1;
        }
    }
    places
}

/// What the places state, op by op: a value where all agree, else a parameter. `None` where one of
/// them has no value for what another states.
fn arguments(found: &[&[Call]], length: usize) -> Option<Vec<Template>> {
    let mut parameters: Vec<String> = Vec::new();
    let mut all = Vec::new();
    for i in 0..length {
        let mut stated: Vec<&'static str> = Vec::new();
        for (name, _) in found.iter().flat_map(|part| &part[i].stated) {
            if !stated.contains(name) {
                stated.push(name);
            }
        }
        let mut of_op = Template::new();
        for name in stated {
            let values: Option<Vec<Value>> = found.iter().map(|part| part[i].value(name)).collect();
            let values = values?;
            if values.windows(2).all(|pair| pair[0] == pair[1]) {
                of_op.push((name, Ok(values.first()?.clone())));
                continue;
            }
            let same = parameters.iter().filter(|p| p.trim_end_matches(|c: char| c.is_ascii_digit()) == name);
            let parameter = match same.count() {
                // A parameter may not hide an op, such as `pad`.
                0 if op::signature(name).is_none() => name.to_string(),
                n => format!("{name}{}", n + 1),
            };
            parameters.push(parameter.clone());
            of_op.push((name, Err(parameter)));
        }
        all.push(of_op);
    }
    Some(all)
}
