//! Which op of the language each op of ONNX becomes.

use crate::graph::op::{Activation, OnnxEquivalent};
use crate::graph::{Op, Value};
use crate::onnx::arguments::decimal;

use super::attributes::Node;
use super::axes::axis_of;
use super::builder::Builder;
use super::constant::Integer;
use super::error::{Fault, Result, shown};
use super::fold::{Target, fold};
use super::known::Known;
use super::{affine, gelu, layers, reshape, sizes};

/// The number of recent concats in which a new one looks for its prefix.
const RECENT: usize = 16;

/// Translates a node and returns its first result.
pub(super) fn translate<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    node.has_operands()?;
    if let Some(folded) = fold(builder, node)? {
        return Ok(folded);
    }
    match node.proto.op_type() {
        "Conv" => layers::conv(builder, node),
        "Gemm" => layers::gemm(builder, node),
        "MatMul" => layers::matmul(builder, node),
        "BatchNormalization" => layers::batch_norm(builder, node),
        "MaxPool" => layers::pool(builder, node, "maxpool"),
        "AveragePool" => layers::pool(builder, node, "avgpool"),
        "GlobalMaxPool" => builder.unary(node, "globalmaxpool", vec![]),
        "GlobalAveragePool" => builder.unary(node, "globalavgpool", vec![]),
        "ReduceMax" => reshape::reduce(builder, node, "globalmaxpool"),
        "ReduceMean" => reshape::reduce(builder, node, "globalavgpool"),
        "Clip" => clip(builder, node),
        "Gelu" => gelu(builder, node),
        "HardSigmoid" => hard_sigmoid(builder, node),
        "Swish" => swish(builder, node),
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
        "Erf" => gelu::erf(builder, node),
        other => match Activation::onnx_equivalents().find(|known| known.op == other) {
            Some(known) => activation(builder, node, known),
            // An op that netc does not have, or supports for constants only.
            None => Err(Fault::Unsupported(String::new())),
        },
    }
}

fn clip<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let bound = |i: usize, name: &str, open: f32| match node.version {
        ..11 => node.float(name, open),
        _ => match builder.constant(node, i)? {
            Some(bound) => {
                bound.scalar().ok_or_else(|| Fault::Unsupported("by several bounds".into()))
            }
            None => Ok(open),
        },
    };
    let (low, high) = (bound(1, "min", f32::NEG_INFINITY)?, bound(2, "max", f32::INFINITY)?);
    if low != 0.0 || high.is_nan() {
        return Err(Fault::Unsupported(format!("from {low} to {high}")));
    }
    let max = high.is_finite() && high < f32::MAX;
    let arguments = if max { vec![("max", Value::Float(decimal(high)))] } else { vec![] };
    builder.unary(node, "relu", arguments)
}

fn gelu<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    match node.text("approximate", "none")?.as_str() {
        "none" => builder.unary(node, "gelu", vec![]),
        other => Err(Fault::Unsupported(format!("approximated by {}", shown(other)))),
    }
}

fn activation<'m>(
    builder: &mut Builder<'m>,
    node: &Node<'m>,
    known: OnnxEquivalent,
) -> Result<Known> {
    let mut arguments = Vec::new();
    if let Some((attribute, default, argument)) = known.number {
        arguments.push((argument, Value::Float(decimal(node.float(attribute, default)?))));
    }
    builder.unary(node, known.name, arguments)
}

fn hard_sigmoid<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let (alpha, beta) = (node.float("alpha", 0.2)?, node.float("beta", 0.5)?);
    if (alpha - 1.0 / 6.0).abs() > 1e-6 || beta != 0.5 {
        return Err(Fault::Unsupported(format!(
            "of alpha {alpha} and beta {beta}, not 1/6 and 0.5"
        )));
    }
    builder.unary(node, "hardsigmoid", vec![])
}

fn swish<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    match node.float("alpha", 1.0)? {
        1.0 => builder.unary(node, "silu", vec![]),
        alpha => Err(Fault::Unsupported(format!("of alpha {alpha}, not 1"))),
    }
}

fn softmax<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let x = builder.value(node, 0)?;
    let dims = builder.placed[x].shape.dims();
    let rank = dims.len() + 1;
    // Before version 13 it applied to all dimensions from the axis on.
    let whole = node.version < 13;
    let axis = axis_of(node.int("axis", if whole { 1 } else { -1 })?, rank)?;
    if axis != 1 || (whole && dims[1..].iter().any(|&d| d != 1)) {
        let what = match whole {
            true => format!("of {} over all dimensions from axis {axis}", builder.placed[x].shape),
            false => "over another axis than the channels".into(),
        };
        return Err(Fault::Unsupported(what));
    }
    builder.unary(node, "softmax", vec![])
}

fn dropout<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let stated = if node.version < 12 { None } else { builder.constant(node, 1)? };
    let ratio = match stated {
        Some(constant) => {
            constant.scalar().ok_or_else(|| Fault::Malformed("a ratio that is no number".into()))?
        }
        None => node.float("ratio", 0.5)?,
    };
    let training = match node.version {
        ..7 => node.int("is_test", 0)? == 0,
        7..12 => false,
        _ => match builder.constant(node, 2)? {
            Some(flag) => flag
                .flag()
                .ok_or_else(|| Fault::Malformed("`training_mode` is no truth value".into()))?,
            None => false,
        },
    };
    if training {
        return Err(Fault::Unsupported("in training mode: export for evaluation".into()));
    }
    node.int("seed", 0)?;
    builder.unary(node, "dropout", vec![("p", Value::Float(decimal(ratio)))])
}

/// An identity exported by netc is kept; those of other programs are dropped.
fn identity<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    match builder.known(node, 0)? {
        Some(Known::Value(_)) if node.note("netc.op").is_some() => {
            builder.unary(node, "identity", vec![])
        }
        Some(known) => Ok(known),
        None => Err(node.lacks(0)),
    }
}

fn cast<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    match (builder.known(node, 0)?, Target::of(node)?) {
        (Some(known @ Known::Value(_)), Target::Float) => Ok(known),
        (Some(Known::Sizes(_, sizes)), Target::Integer(kind)) if kind != Integer::Bool => {
            Ok(Known::Sizes(kind, sizes))
        }
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
    let [first, ..] = operands.as_slice() else {
        return Err(node.lacks(0));
    };
    let rank = builder.placed[*first].shape.dims().len() as i64 + 1;
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
    builder.op(node, "concat", vec![], operands, vec![])
}

/// A concat that starts with all operands of an earlier one reads its result instead, which
/// recovers the structure of dense blocks.
fn grown(builder: &Builder, operands: Vec<usize>) -> Vec<usize> {
    let longest = builder
        .placed
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, placed)| matches!(placed.op, Op::Concat(_)))
        .take(RECENT)
        .map(|(i, placed)| (i, whole(builder, &placed.operands, operands.len())))
        .filter(|(_, parts)| parts.len() < operands.len() && operands.starts_with(parts))
        .max_by_key(|(_, parts)| parts.len());
    match longest {
        Some((i, parts)) => {
            std::iter::once(i).chain(operands[parts.len()..].iter().copied()).collect()
        }
        None => operands,
    }
}

/// The operands of a concat with the concats at its start expanded, at most `most` of them.
fn whole(builder: &Builder, operands: &[usize], most: usize) -> Vec<usize> {
    let mut parts: Vec<usize> = operands.iter().skip(1).rev().copied().collect();
    let mut first = operands.first().copied();
    while let Some(i) = first.filter(|_| parts.len() < most) {
        match &builder.placed[i] {
            placed if matches!(placed.op, Op::Concat(_)) => {
                parts.extend(placed.operands.iter().skip(1).rev());
                first = placed.operands.first().copied();
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
