//! The part of a model that its output depends on, and unsupported parts other than nodes.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::onnx::proto::{GraphProto, ModelProto, NodeProto};

use super::error::shown;

/// The nodes that the outputs depend on, in order, each with its position in the graph. Other nodes
/// are not checked.
///
/// # Errors
/// A value that is defined twice.
pub(super) fn needed(graph: &GraphProto) -> Result<Vec<(usize, &NodeProto)>, String> {
    let mut made = HashSet::new();
    let mut makers: HashMap<&str, usize> = HashMap::new();
    for tensor in &graph.initializer {
        once(&mut made, tensor.name())?;
    }
    for (i, node) in graph.node.iter().enumerate() {
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            once(&mut made, name)?;
            makers.insert(name, i);
        }
    }
    let mut inputs = HashSet::new();
    for input in &graph.input {
        // Old models list their weights among their inputs.
        if !inputs.insert(input.name()) || makers.contains_key(input.name()) {
            return Err(twice(input.name()));
        }
    }
    let mut needed = HashSet::new();
    let mut waiting: Vec<&str> = graph.output.iter().map(|output| output.name()).collect();
    while let Some(name) = waiting.pop() {
        if let Some(&i) = makers.get(name)
            && needed.insert(i)
        {
            waiting.extend(graph.node[i].input.iter().map(String::as_str));
        }
    }
    Ok(graph.node.iter().enumerate().filter(|(i, _)| needed.contains(i)).collect())
}

fn once<'m>(made: &mut HashSet<&'m str>, name: &'m str) -> Result<(), String> {
    if made.insert(name) { Ok(()) } else { Err(twice(name)) }
}

fn twice(name: &str) -> String {
    format!("the value `{}` is made twice", shown(name))
}

/// Unsupported parts of a model that are not nodes: each is listed with the ops that the language
/// lacks.
pub(super) fn beyond(model: &ModelProto, graph: &GraphProto) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    if !model.functions.is_empty() {
        found.insert("functions of the model's own".into(), model.functions.len());
    }
    if !graph.sparse_initializer.is_empty() {
        found.insert("sparse weights".into(), graph.sparse_initializer.len());
    }
    if graph.output.len() != 1 {
        found.insert(format!("{} outputs; netc's nets have one", graph.output.len()), 1);
    }
    found
}
