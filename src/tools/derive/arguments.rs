//! The arguments that all occurrences of a block share, and those that differ.

use super::flow::{Flow, Step};
use crate::graph::{Value, op};

/// The maximum number of parameters of a block.
const MOST: usize = 4;
/// The largest factor between two arguments that counts as a rule.
const FACTOR: i64 = 8;

/// The arguments of the steps of a block, and its parameters with their values in each occurrence.
#[derive(Debug)]
pub(super) struct Parameters {
    pub names: Vec<String>,
    /// For each occurrence the value of each parameter.
    pub values: Vec<Vec<Value>>,
    /// The arguments of each step of the block, as text.
    pub said: Vec<Vec<(String, String)>>,
}

/// Whether occurrences of a block may differ in an argument of an op.
pub(super) fn may_vary(name: &str) -> bool {
    ["c", "k", "stride", "groups"].contains(&name)
}

/// The arguments of a block from its occurrences, each given as its steps. `None` if an argument is
/// missing in one occurrence, or if too many vary.
pub(super) fn parameters(flow: &Flow, places: &[Vec<usize>]) -> Option<Parameters> {
    let mut columns: Vec<(String, Vec<Value>)> = Vec::new();
    let mut all = Vec::new();
    for i in 0..places.first()?.len() {
        let steps: Vec<&Step> = places.iter().map(|place| &flow.steps[place[i]]).collect();
        let mut said = Vec::new();
        for name in stated(&steps) {
            let values: Vec<Value> =
                steps.iter().map(|s| s.value(&name).cloned()).collect::<Option<_>>()?;
            if let Some(text) = text(&steps, &name, values, &mut columns) {
                said.push((name, text));
            }
        }
        all.push(said);
    }
    if columns.len() > MOST {
        return None;
    }
    let value = |i: usize| columns.iter().map(|(_, values)| values[i].clone()).collect();
    let values = (0..places.len()).map(value).collect();
    Some(Parameters {
        names: columns.into_iter().map(|(name, _)| name).collect(),
        values,
        said: all,
    })
}

/// The arguments that any of the steps states, in the order of the signature.
fn stated(steps: &[&Step]) -> Vec<String> {
    let Some(first) = steps.first() else { return Vec::new() };
    let names = first.values.iter().map(|(name, _)| name);
    names
        .filter(|name| steps.iter().any(|s| s.said.iter().any(|(n, _)| n == *name)))
        .cloned()
        .collect()
}

/// The text of an argument in a block; `None` if the default is right in every occurrence.
fn text(
    steps: &[&Step],
    name: &str,
    values: Vec<Value>,
    columns: &mut Vec<(String, Vec<Value>)>,
) -> Option<String> {
    let channels: Vec<Value> =
        steps.iter().map(|s| Value::Int(i64::try_from(s.channels).unwrap_or(i64::MAX))).collect();
    let of_channels = steps.iter().all(|s| s.head == "conv") && ["c", "groups"].contains(&name);
    if of_channels
        && values == channels
        && !(name == "groups" && alike(&values) && values[0] == Value::Int(1))
    {
        return (name != "c").then(|| "same".into());
    }
    if alike(&values) {
        return Some(values[0].to_string());
    }
    if of_channels && let Some(rule) = multiple(&values, &channels, "same") {
        return Some(rule);
    }
    let related = |(parameter, _): &&(String, Vec<Value>)| {
        let base = base(parameter);
        base == name || (base == "c" && name == "groups")
    };
    if let Some((parameter, _)) =
        columns.iter().filter(related).find(|(_, others)| *others == values)
    {
        return Some(parameter.clone());
    }
    let rule = |(parameter, others): &(String, Vec<Value>)| multiple(&values, others, parameter);
    if let Some(rule) = columns.iter().filter(related).find_map(rule) {
        return Some(rule);
    }
    let base = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let same = columns
        .iter()
        .filter(|(n, _)| n.trim_end_matches(|c: char| c.is_ascii_digit()) == base)
        .count();
    let parameter = match same {
        // A parameter may not shadow an op, such as `pad`.
        0 if op::signature(base).is_none() => base.to_string(),
        n => format!("{base}{}", n + 1),
    };
    columns.push((parameter.clone(), values));
    Some(parameter)
}

/// An argument's name without its disambiguating number.
fn base(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit())
}

fn alike(values: &[Value]) -> bool {
    values.windows(2).all(|pair| pair[0] == pair[1])
}

/// Values as a multiple or a fraction of others: `4*c`, `same/2`.
fn multiple(values: &[Value], others: &[Value], name: &str) -> Option<String> {
    let pairs = values.iter().zip(others).map(|pair| match pair {
        (Value::Int(a), Value::Int(b)) => Some((*a, *b)),
        _ => None,
    });
    let pairs: Vec<(i64, i64)> = pairs.collect::<Option<_>>()?;
    for factor in 2..=FACTOR {
        if pairs.iter().all(|&(a, b)| b.checked_mul(factor) == Some(a)) {
            return Some(format!("{factor}*{name}"));
        }
        if pairs.iter().all(|&(a, b)| a.checked_mul(factor) == Some(b)) {
            return Some(format!("{name}/{factor}"));
        }
    }
    None
}
