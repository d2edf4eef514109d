//! Which op of the language each op of ONNX becomes.

use crate::graph::{Op, Value};
use crate::onnx::decimal;

use super::attributes::Node;
use super::builder::{Builder, Known};
use super::constant::Data;
use super::{Fault, Result, affine, layers, reshape, sizes};

/// An op of the language with its arguments.
pub(super) type Said = (&'static str, Vec<(&'static str, Value)>);

/// Takes a node over, and says what its first result is.
pub(super) fn translate<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    if !["", "ai.onnx"].contains(&node.proto.domain()) {
        return Err(Fault::Unsupported(format!("of {}", super::names::shown(node.proto.domain()))));
    }
    match node.proto.op_type() {
        "Conv" => layers::conv(builder, node),
        "Gemm" => layers::gemm(builder, node),
        "MatMul" => layers::matmul(builder, node),
        "BatchNormalization" => layers::batch_norm(builder, node),
        "MaxPool" => layers::pool(builder, node, "maxpool"),
        "AveragePool" => layers::pool(builder, node, "avgpool"),
        "GlobalMaxPool" => unary(builder, node, ("globalmaxpool", vec![])),
        "GlobalAveragePool" => unary(builder, node, ("globalavgpool", vec![])),
        "ReduceMax" => reshape::reduce(builder, node, "globalmaxpool"),
        "ReduceMean" => reshape::reduce(builder, node, "globalavgpool"),
        "Relu" => unary(builder, node, ("relu", vec![])),
        "Clip" => clip(builder, node),
        "Gelu" => gelu(builder, node),
        "Celu" => celu(builder, node),
        "Sigmoid" => unary(builder, node, ("sigmoid", vec![])),
        "Swish" if node.float("alpha", 1.0)? == 1.0 => unary(builder, node, ("silu", vec![])),
        "Softmax" => softmax(builder, node),
        "Dropout" => dropout(builder, node),
        "Identity" => identity(builder, node),
        "Cast" => cast(builder, node),
        "Add" | "Sum" => affine::add(builder, node),
        "Sub" => affine::subtract(builder, node),
        "Mul" => affine::multiply(builder, node),
        "Div" => affine::divide(builder, node),
        "Concat" => concat(builder, node),
        "Flatten" => reshape::flatten(builder, node),
        "Reshape" => reshape::reshape(builder, node),
        "Squeeze" => reshape::squeeze(builder, node),
        "Unsqueeze" => reshape::unsqueeze(builder, node),
        "Pad" => reshape::pad(builder, node),
        "Resize" | "Upsample" => reshape::resize(builder, node),
        "Constant" => node.constant().map(Known::Constant),
        "Shape" => sizes::shape(builder, node),
        "Gather" => sizes::gather(builder, node),
        "Slice" => sizes::slice(builder, node),
        _ => Err(Fault::Unsupported(String::new())),
    }
}

/// An op of one value, without weights.
pub(super) fn unary<'m>(builder: &mut Builder<'m>, node: &Node<'m>, said: Said) -> Result<Known> {
    let x = builder.value(node, 0)?;
    builder.op(node, said, vec![x], vec![])
}

fn clip<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let bound = |i: usize, name: &str, open: f32| match builder.constant(node, i)? {
        Some(constant) => constant.scalar().ok_or_else(|| Fault::Unsupported("by several bounds".into())),
        None => node.float(name, open),
    };
    let (low, high) = (bound(1, "min", f32::NEG_INFINITY)?, bound(2, "max", f32::INFINITY)?);
    if low != 0.0 {
        return Err(Fault::Unsupported(format!("from {low} to {high}")));
    }
    let max = high.is_finite() && high < f32::MAX;
    let arguments = if max { vec![("max", Value::Float(decimal(high)))] } else { vec![] };
    unary(builder, node, ("relu", arguments))
}

fn gelu<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    match node.text("approximate", "none")?.as_str() {
        "none" => unary(builder, node, ("gelu", vec![])),
        other => Err(Fault::Unsupported(format!("approximated by {}", super::names::shown(other)))),
    }
}

fn celu<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let alpha = decimal(node.float("alpha", 1.0)?);
    unary(builder, node, ("celu", vec![("alpha", Value::Float(alpha))]))
}

fn softmax<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let x = builder.value(node, 0)?;
    let dims = builder.lines[x].shape.dims();
    // Before opset 13 the default was 1 and all dimensions from there were one.
    let axis = if node.has("axis") || dims.len() == 1 { node.int("axis", -1)? } else { i64::MAX };
    if axis != 1 && axis != -(dims.len() as i64) {
        return Err(Fault::Unsupported("over another axis than the channels".into()));
    }
    unary(builder, node, ("softmax", vec![]))
}

fn dropout<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let ratio = match builder.constant(node, 1)? {
        Some(constant) => {
            constant.scalar().ok_or_else(|| Fault::Malformed("a ratio that is no number".into()))?
        }
        None => node.float("ratio", 0.5)?,
    };
    if node.input(2).is_some() {
        return Err(Fault::Unsupported("that says whether it is training".into()));
    }
    node.int("seed", 0)?;
    unary(builder, node, ("dropout", vec![("p", Value::Float(decimal(ratio)))]))
}

/// An identity of netc's own stays, one of another program says nothing.
fn identity<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    match builder.known(node, 0)? {
        Some(Known::Value(_)) if node.note("netc.op").is_some() => unary(builder, node, ("identity", vec![])),
        Some(known) => Ok(known),
        None => Err(Fault::Malformed("an identity of nothing".into())),
    }
}

fn cast<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    const FLOAT: i64 = 1;
    const INT64: i64 = 7;
    let to = node.int("to", 0)?;
    match builder.known(node, 0)? {
        Some(known @ Known::Value(_)) if to == FLOAT => Ok(known),
        Some(known @ Known::Sizes(_)) if to == INT64 => Ok(known),
        Some(Known::Constant(constant)) => match (&constant.data, to) {
            (Data::Floats(_), FLOAT) | (Data::Integers(_), INT64) => Ok(Known::Constant(constant)),
            _ => Err(Fault::Unsupported("of a constant to another kind".into())),
        },
        _ => Err(Fault::Unsupported("to another kind than fp32".into())),
    }
}

fn concat<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let axis = node.int("axis", 1)?;
    if let Some(known) = sizes::concat(builder, node)? {
        return Ok(known);
    }
    let mut operands = Vec::new();
    for i in 0..node.proto.input.len() {
        operands.push(builder.value(node, i)?);
    }
    let [first, ..] = operands.as_slice() else { return Err(Fault::Malformed("a concat of nothing".into())) };
    let rank = builder.lines[*first].shape.dims().len() as i64 + 1;
    if axis != 1 && axis != 1 - rank {
        return Err(Fault::Unsupported(format!("along axis {axis}")));
    }
    if operands.len() == 1 {
        return Ok(Known::Value(*first));
    }
    let operands = match node.note("netc.op") {
        Some(_) => operands,
        None => grown(builder, operands),
    };
    builder.op(node, ("concat", vec![]), operands, vec![])
}

/// A concat that begins with all of an earlier one reads that one's result: so a dense block reads as it was meant.
fn grown(builder: &Builder, operands: Vec<usize>) -> Vec<usize> {
    let longest = builder
        .lines
        .iter()
        .enumerate()
        .filter(|(_, line)| matches!(line.op, Op::Concat(_)))
        .map(|(i, line)| (i, whole(builder, &line.operands)))
        .filter(|(_, parts)| parts.len() < operands.len() && operands.starts_with(parts))
        .max_by_key(|(_, parts)| parts.len());
    match longest {
        Some((i, parts)) => std::iter::once(i).chain(operands[parts.len()..].iter().copied()).collect(),
        None => operands,
    }
}

/// What a concat holds once those that it begins with are taken apart.
fn whole(builder: &Builder, operands: &[usize]) -> Vec<usize> {
    let mut parts: Vec<usize> = operands.iter().skip(1).rev().copied().collect();
    let mut first = operands.first().copied();
    while let Some(i) = first {
        match &builder.lines[i] {
            line if matches!(line.op, Op::Concat(_)) => {
                parts.extend(line.operands.iter().skip(1).rev());
                first = line.operands.first().copied();
            }
            _ => {
                parts.push(i);
                first = None;
            }
        }
    }
    parts.reverse();
    parts
}

/// A pair as an argument.
pub(super) fn pair([h, w]: [i64; 2]) -> Value {
    Value::List(vec![Value::Int(h), Value::Int(w)])
}
