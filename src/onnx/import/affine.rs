//! Sums and products of values and constants.

use crate::graph::op::{Activation, HardSwish, Silu};
use crate::graph::{Op, Value};
use crate::onnx::arguments::decimal;

use super::attributes::Node;
use super::axes::axis_of;
use super::builder::{Builder, WeightValues};
use super::constant::{Constant, Data};
use super::error::{Fault, Result};
use super::gelu;
use super::known::{Gelu, Known};
use super::layers::wide;

pub(super) fn add<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    if let Some((part, i)) = gelu_part(builder, node)? {
        let constant = builder.constant(node, 1 - i)?.ok_or_else(|| node.lacks(1 - i))?;
        return gelu::add(part, &constant);
    }
    let (values, constants) = operands(builder, node)?;
    match (values.as_slice(), constants.as_slice()) {
        ([x], []) => Ok(Known::Value(*x)),
        ([_, _, ..], []) => builder.op(node, "add", vec![], values, vec![]),
        ([x], [constant]) => offset(builder, node, *x, constant),
        _ => Err(Fault::Unsupported("of several values and constants".into())),
    }
}

/// The one of two operands that is part of a GELU, and its position.
fn gelu_part<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Option<(Gelu, usize)>> {
    for i in 0..node.proto.input.len().min(2) {
        if let Some(Known::Gelu(part)) = builder.known(node, i)? {
            return Ok(Some((part, i)));
        }
    }
    Ok(None)
}

/// The constant next to an operand of this rank, reshaped as in later versions: before version 7 an
/// attribute gave its first axis.
pub(super) fn aligned(node: &Node, mut constant: Constant, rank: usize) -> Result<Constant> {
    if node.version >= 7 {
        return Ok(constant);
    }
    let (broadcast, axis) = (node.int("broadcast", 0)? != 0, node.int("axis", i64::MAX)?);
    if broadcast && axis != i64::MAX {
        let behind = axis_of(axis, rank)? + constant.dims.len();
        let behind = rank
            .checked_sub(behind)
            .ok_or_else(|| Fault::Malformed("`axis` is too large".into()))?;
        constant.dims.extend(std::iter::repeat_n(1, behind));
    }
    Ok(constant)
}

pub(super) fn subtract<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let x = builder.value(node, 0)?;
    match builder.known(node, 1)? {
        Some(Known::Constant(constant)) => {
            let constant = aligned(node, constant, rank(builder, x))?;
            offset(builder, node, x, &mapped(&constant, |y| -y)?)
        }
        _ => {
            let y = builder.value(node, 1)?;
            builder.op(node, "sub", vec![], vec![x, y], vec![])
        }
    }
}

pub(super) fn multiply<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    if let Some((part, i)) = gelu_part(builder, node)? {
        return match builder.known(node, 1 - i)? {
            Some(Known::Value(value)) => gelu::multiply(builder, node, part, value),
            Some(Known::Constant(by)) => {
                let by = by.scalar().map(decimal).ok_or_else(Gelu::outside)?;
                gelu::scale(builder, node, part, by)
            }
            _ => Err(Gelu::outside()),
        };
    }
    let (values, constants) = operands(builder, node)?;
    match (values.as_slice(), constants.as_slice()) {
        ([x], [constant]) => factor(builder, node, *x, constant, |y| y),
        ([a, b], []) => product(builder, node, *a, *b),
        _ => Err(Fault::Unsupported("of constants alone".into())),
    }
}

pub(super) fn divide<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    if let Some((part, 0)) = gelu_part(builder, node)? {
        let by = builder.constant(node, 1)?.and_then(|by| by.scalar()).ok_or_else(Gelu::outside)?;
        return gelu::scale(builder, node, part, 1.0 / decimal(by));
    }
    let x = builder.value(node, 0)?;
    match builder.known(node, 1)? {
        Some(Known::Constant(constant)) => {
            let constant = aligned(node, constant, rank(builder, x))?;
            factor(builder, node, x, &constant, |y| 1.0 / y)
        }
        _ => Err(Fault::Unsupported("of two values".into())),
    }
}

/// The operands that are values of the net, and those that are constants.
fn operands<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<(Vec<usize>, Vec<Constant>)> {
    let third = node.proto.input.get(2).is_some_and(|name| !name.is_empty());
    if third && node.proto.op_type() != "Sum" {
        return Err(Fault::Malformed("it has more than two operands".into()));
    }
    let (mut values, mut constants) = (Vec::new(), Vec::new());
    for i in 0..node.proto.input.len() {
        match builder.known(node, i)? {
            Some(Known::Constant(constant)) => constants.push(constant),
            Some(Known::Sizes(..)) => return Err(Fault::Unsupported("of sizes".into())),
            _ => values.push(builder.value(node, i)?),
        }
    }
    if let ([x], [constant]) = (values.as_slice(), constants.as_mut_slice()) {
        if node.version < 7
            && node.has("axis")
            && !matches!(builder.known(node, 0)?, Some(Known::Value(_)))
        {
            return Err(Fault::Unsupported("of a constant and a value at an axis of it".into()));
        }
        *constant = aligned(node, constant.clone(), rank(builder, *x))?;
    }
    if let [a, b] = values.as_slice()
        && node.version < 7
        && rank(builder, *a) != rank(builder, *b)
    {
        return Err(Fault::Unsupported("of values of different ranks".into()));
    }
    if node.version < 7 {
        node.int("broadcast", 0)?;
        node.int("axis", 0)?;
    }
    Ok((values, constants))
}

/// The rank of a value, including the batch.
fn rank(builder: &Builder, x: usize) -> usize {
    builder.placed[x].shape.dims().len() + 1
}

/// The single number of a constant that does not change a value's shape.
fn number(builder: &Builder, x: usize, constant: &Constant) -> Option<f32> {
    constant.scalar().filter(|_| constant.dims.len() <= rank(builder, x))
}

/// A number as an argument.
fn finite(by: f64) -> Result<Value> {
    match by.is_finite() {
        true => Ok(Value::Float(by)),
        false => Err(Fault::Unsupported(format!("by {by}"))),
    }
}

/// The product of two values; SiLU or hard swish if one is the sigmoid of the other, or its
/// piecewise linear form, and nothing else reads it.
fn product<'m>(builder: &mut Builder<'m>, node: &Node<'m>, a: usize, b: usize) -> Result<Known> {
    let written = node.note("netc.op").is_some_and(|op| op == "mul");
    for (x, gate) in [(a, b), (b, a)] {
        let placed = &builder.placed[gate];
        let gated = match &placed.op {
            Op::Activation(Activation::Sigmoid(_)) => Some(Op::from(Silu)),
            Op::Activation(Activation::HardSigmoid(_)) => Some(Op::from(HardSwish)),
            _ => None,
        };
        let own = placed.operands == [x] && !written && builder.reads(&placed.value) == 1;
        if let Some(op) = gated.filter(|_| own) {
            let path = builder.names.path(node, op.name());
            let placed = &mut builder.placed[gate];
            placed.op = op;
            placed.path = path;
            placed.value = node.proto.output.first().cloned().unwrap_or_default();
            return Ok(Known::Value(gate));
        }
    }
    let (a_shape, b_shape) = (&builder.placed[a].shape, &builder.placed[b].shape);
    let first = if a_shape.elements() >= b_shape.elements() { [a, b] } else { [b, a] };
    builder.op(node, "mul", vec![], first.to_vec(), vec![])
}

/// A value times a constant: a number, or one for each channel of an image.
fn factor<'m>(
    builder: &mut Builder<'m>,
    node: &Node<'m>,
    x: usize,
    constant: &Constant,
    of: impl Fn(f64) -> f64,
) -> Result<Known> {
    if let Some(by) = number(builder, x, constant) {
        let by = finite(of(decimal(by)))?;
        return builder.op(node, "mul", vec![("by", by)], vec![x], vec![]);
    }
    let by = by_channel(builder, x, &mapped(constant, |y| of(f64::from(y)) as f32)?)?;
    depthwise(builder, node, x, by, None)
}

/// A value plus a constant. Unless netc wrote it as an op of its own, it is folded into the bias of
/// the layer before it if nothing else reads that layer.
fn offset<'m>(
    builder: &mut Builder<'m>,
    node: &Node<'m>,
    x: usize,
    constant: &Constant,
) -> Result<Known> {
    let written = node.note("netc.op").is_some_and(|op| op == "add");
    let read_once = builder.reads(&builder.placed[x].value) == 1 && !written;
    let layer = matches!(builder.placed[x].op, Op::Conv(_) | Op::Linear(_));
    if let Some(by) = number(builder, x, constant).filter(|_| !(layer && read_once)) {
        let by = finite(decimal(by))?;
        return builder.op(node, "add", vec![("by", by)], vec![x], vec![]);
    }
    let bias = by_channel(builder, x, constant)?;
    let placed = &mut builder.placed[x];
    let has_bias = match &mut placed.op {
        Op::Conv(op) if read_once => Some(std::mem::replace(&mut op.bias, true)),
        Op::Linear(op) if read_once => Some(std::mem::replace(&mut op.bias, true)),
        _ => None,
    };
    match has_bias {
        Some(true) => {
            if let Some((_, own)) = placed.tensors.get_mut(1) {
                own.values.iter_mut().zip(&bias.values).for_each(|(own, more)| *own += more);
            }
        }
        Some(false) => placed.tensors.push(("bias", bias)),
        None => {
            let ones =
                WeightValues { dims: bias.dims.clone(), values: vec![1.0; bias.values.len()] };
            return depthwise(builder, node, x, ones, Some(bias));
        }
    }
    placed.value = node.proto.output.first().cloned().unwrap_or_default();
    Ok(Known::Value(x))
}

/// A scale and an offset for each channel of an image: a depthwise 1 x 1 convolution.
fn depthwise<'m>(
    builder: &mut Builder<'m>,
    node: &Node<'m>,
    x: usize,
    by: WeightValues,
    bias: Option<WeightValues>,
) -> Result<Known> {
    if builder.placed[x].shape.image().is_none() {
        return Err(Fault::Unsupported("of a vector and a constant for each feature".into()));
    }
    let channels = by.dims[0];
    let count = || i64::try_from(channels).map(Value::Int).unwrap_or(Value::Same);
    let arguments = vec![
        ("c", count()),
        ("k", Value::Int(1)),
        ("groups", count()),
        ("bias", Value::Bool(bias.is_some())),
    ];
    let weight = WeightValues { dims: vec![channels, 1, 1, 1], values: by.values };
    builder.op(node, "conv", arguments, vec![x], std::iter::once(weight).chain(bias).collect())
}

/// A constant as a number for each channel, if it broadcasts that way against a value.
fn by_channel(builder: &Builder, x: usize, constant: &Constant) -> Result<WeightValues> {
    let shape = &builder.placed[x].shape;
    let mut dims = constant.dims.as_slice();
    // Sizes of 1 after the channels, and a batch of 1 before them.
    let behind = shape.dims().len() - 1;
    let channels = dims.len().checked_sub(behind + 1);
    let rest = channels.map_or(dims, |at| &dims[at + 1..]);
    let leading = channels.map_or(&[] as &[u64], |at| &dims[..at]);
    let flat = leading.len() <= 1 && rest.iter().chain(leading).all(|&d| d == 1);
    dims = channels.map_or(&[1], |at| &dims[at..=at]);
    if !flat || !(dims == [1] || dims == [shape.channels()]) {
        return Err(Fault::Unsupported(format!(
            "of {shape} and a constant of sizes {:?}",
            constant.dims
        )));
    }
    builder.charge(shape.channels().saturating_mul(2))?;
    wide(constant, shape.channels())
}

fn mapped(constant: &Constant, of: impl Fn(f32) -> f32) -> Result<Constant> {
    let values = constant.floats()?.iter().map(|&x| of(x)).collect();
    Ok(Constant { dims: constant.dims.clone(), data: Data::Floats(values) })
}
