//! Layers with weights, and pools.

use crate::diag::number_of;
use crate::graph::Value;
use crate::onnx::arguments::{decimal, rate};

use super::attributes::Node;
use super::builder::{Builder, WeightValues, pair};
use super::constant::{self, Constant};
use super::error::{Fault, Result};
use super::known::Known;
use super::window::{self, Grown, Padding};

pub(super) fn conv<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let (x, padded) = match builder.known(node, 0)? {
        Some(Known::Padded(x, pads)) => (x, pads),
        _ => (builder.value(node, 0)?, [0; 4]),
    };
    let weight = needed(builder, node, 1)?;
    let [out, _, h, w] = <[u64; 4]>::try_from(weight.dims.as_slice())
        .map_err(|_| Fault::Unsupported(in_dimensions(weight.dims.len().saturating_sub(2))))?;
    let kernel = [signed(h), signed(w)];
    if node.ints("kernel_shape").is_some_and(|stated| stated != kernel) {
        return Err(Fault::Malformed(format!(
            "`kernel_shape` is not that of the weight, {kernel:?}"
        )));
    }
    let strides = two(node, "strides", 1)?;
    let dilation = two(node, "dilations", 1)?;
    let reach = [0, 1].map(|i| dilation[i].saturating_mul(kernel[i] - 1).saturating_add(1));
    let axes = window::axes(builder, node, x, strides, reach, padded)?;
    let grown = [0, 1].map(|i| axes[i].grown(dilation[i]));
    let [Some(rows), Some(columns)] = grown else {
        let pads = axes.map(|axis| [axis.before, axis.after]);
        return Err(Fault::Unsupported(format!("pads {pads:?}, not the same on both sides")));
    };
    let weight = grow(builder, tensor(weight)?, [rows, columns])?;
    let kernel = [weight.dims[2], weight.dims[3]].map(signed);
    let bias = builder.constant(node, 2)?;
    let arguments = vec![
        ("c", Value::Int(signed(out))),
        ("k", pair(kernel)),
        ("stride", pair(strides)),
        ("pad", pair([rows.pad, columns.pad])),
        ("dilation", pair(dilation)),
        ("groups", Value::Int(node.int("group", 1)?)),
        ("bias", Value::Bool(bias.is_some())),
    ];
    let mut tensors = vec![weight];
    tensors.extend(bias.map(tensor).transpose()?);
    builder.op(node, "conv", arguments, vec![x], tensors)
}

/// The weight of a convolution padded with rows and columns of zeros.
fn grow(
    builder: &Builder,
    weight: WeightValues,
    [rows, columns]: [Grown; 2],
) -> Result<WeightValues> {
    let added = |grown: Grown| grown.front + grown.back;
    if added(rows) + added(columns) == 0 {
        return Ok(weight);
    }
    let [h, w] = [weight.dims[2], weight.dims[3]].map(|d| d as usize);
    let [tall, wide] = [h + added(rows), w + added(columns)];
    let mut dims = weight.dims;
    (dims[2], dims[3]) = (tall as u64, wide as u64);
    builder.charge(constant::count(&dims)?)?;
    let mut values = vec![0.0; constant::count(&dims)? as usize];
    for (i, row) in weight.values.chunks_exact(w.max(1)).enumerate() {
        let at = (i / h * tall + i % h + rows.front) * wide + columns.front;
        values[at..at + w].copy_from_slice(row);
    }
    Ok(WeightValues { dims, values })
}

pub(super) fn gemm<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let x = builder.value(node, 0)?;
    if node.int("transA", 0)? != 0 {
        return Err(Fault::Unsupported("of a transposed value".into()));
    }
    let (alpha, beta) = (node.float("alpha", 1.0)?, node.float("beta", 1.0)?);
    let weight = matrix(needed(builder, node, 1)?, node.int("transB", 0)? != 0)?;
    let bias = builder.constant(node, 2)?;
    if node.version < 7 && node.int("broadcast", 0)? == 0 && bias.is_some() {
        return Err(Fault::Unsupported("plus a matrix".into()));
    }
    let fits = |dims: &[u64]| matches!(dims, [] | [_] | [1, _]);
    if let Some(bias) = bias.as_ref().filter(|bias| !fits(&bias.dims)) {
        return Err(Fault::Unsupported(format!("plus a constant of sizes {:?}", bias.dims)));
    }
    let bias = bias.map(|constant| wide(&constant, weight.dims[0])).transpose()?;
    linear(builder, node, x, scaled(weight, alpha), bias.map(|bias| scaled(bias, beta)))
}

pub(super) fn matmul<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let x = builder.value(node, 0)?;
    let weight = matrix(needed(builder, node, 1)?, false)?;
    linear(builder, node, x, weight, None)
}

fn linear<'m>(
    builder: &mut Builder<'m>,
    node: &Node<'m>,
    x: usize,
    weight: WeightValues,
    bias: Option<WeightValues>,
) -> Result<Known> {
    let out = Value::Int(signed(weight.dims[0]));
    let arguments = vec![("c", out), ("bias", Value::Bool(bias.is_some()))];
    builder.op(node, "linear", arguments, vec![x], std::iter::once(weight).chain(bias).collect())
}

pub(super) fn batch_norm<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let x = builder.value(node, 0)?;
    // Training mode is a flag, but between versions 7 and 14 it follows from additional outputs.
    let flagged = match node.version {
        ..7 => node.int("is_test", 0)? == 0,
        7..14 => node.proto.output.iter().skip(1).any(|name| !name.is_empty()),
        _ => node.int("training_mode", 0)? != 0,
    };
    if flagged {
        return Err(Fault::Unsupported("in training mode: export for evaluation".into()));
    }
    if node.version < 9 && node.int("spatial", 1)? != 1 && builder.placed[x].shape.image().is_some()
    {
        return Err(Fault::Unsupported("of every pixel by itself".into()));
    }
    let mut tensors = Vec::new();
    for i in 1..=4 {
        tensors.push(tensor(needed(builder, node, i)?)?);
    }
    let arguments = vec![
        ("eps", Value::Float(decimal(node.float("epsilon", 1e-5)?))),
        ("momentum", Value::Float(rate(node.float("momentum", 0.9)?))),
    ];
    builder.op(node, "bn", arguments, vec![x], tensors)
}

pub(super) fn pool<'m>(
    builder: &mut Builder<'m>,
    node: &Node<'m>,
    op: &'static str,
) -> Result<Known> {
    let x = builder.value(node, 0)?;
    if !node.has("kernel_shape") {
        return Err(Fault::Malformed("a pool without `kernel_shape`".into()));
    }
    let kernel = two(node, "kernel_shape", 1)?;
    let strides = two(node, "strides", 1)?;
    if two(node, "dilations", 1)? != [1, 1] {
        return Err(Fault::Unsupported("with dilation".into()));
    }
    node.int("storage_order", 0)?;
    let padding = match op {
        "avgpool" if node.int("count_include_pad", 0)? == 0 => Padding::LeftOut,
        "avgpool" => Padding::Zeros,
        _ => Padding::Ignored,
    };
    let axes = window::axes(builder, node, x, strides, kernel, [0; 4])?;
    if node.version < 7
        && op == "avgpool"
        && axes.iter().any(|axis| (axis.before, axis.after) != (0, 0))
    {
        return Err(Fault::Unsupported(
            "with padding, of which version 1 does not say what it counts".into(),
        ));
    }
    let noted = node.fact("ceil") == Some(Value::Bool(true));
    let ceil = window::even(&axes, node.int("ceil_mode", 0)? != 0, noted, padding)?;
    let arguments = vec![
        ("k", pair(kernel)),
        ("stride", pair(strides)),
        ("pad", pair(axes.map(|axis| axis.before))),
        ("ceil", Value::Bool(ceil)),
    ];
    builder.op(node, op, arguments, vec![x], vec![])
}

/// A required weight.
fn needed<'m>(builder: &Builder<'m>, node: &Node<'m>, i: usize) -> Result<Constant> {
    builder.constant(node, i)?.ok_or_else(|| node.lacks(i))
}

pub(super) fn tensor(constant: Constant) -> Result<WeightValues> {
    let values = constant.floats()?.to_vec();
    Ok(WeightValues { dims: constant.dims, values })
}

/// A matrix as `[out, in]`, from `[out, in]` or `[in, out]`.
fn matrix(constant: Constant, transposed: bool) -> Result<WeightValues> {
    let [rows, columns] = <[u64; 2]>::try_from(constant.dims.as_slice())
        .map_err(|_| Fault::Unsupported("by what is no matrix".into()))?;
    if transposed {
        return tensor(constant);
    }
    let (values, step) = (constant.floats()?, columns as usize);
    let turned = (0..step)
        .flat_map(|column| values.iter().skip(column).step_by(step.max(1)).copied())
        .collect();
    Ok(WeightValues { dims: vec![columns, rows], values: turned })
}

/// A value for each of `count` features, from as many values or from one.
pub(super) fn wide(constant: &Constant, count: u64) -> Result<WeightValues> {
    let values = constant.floats()?;
    let values = match values {
        [one] => {
            vec![
                *one;
                usize::try_from(count).map_err(|_| Fault::Malformed("too many features".into()))?
            ]
        }
        _ if values.len() as u64 == count => values.to_vec(),
        _ => {
            return Err(Fault::Malformed(format!("{} numbers for {count} features", values.len())));
        }
    };
    Ok(WeightValues { dims: vec![count], values })
}

fn scaled(mut tensor: WeightValues, by: f32) -> WeightValues {
    if by != 1.0 {
        tensor.values.iter_mut().for_each(|x| *x *= by);
    }
    tensor
}

fn in_dimensions(count: usize) -> String {
    format!("in {}", number_of(count, "dimension"))
}

fn two(node: &Node, name: &str, default: i64) -> Result<[i64; 2]> {
    match node.ints(name) {
        None => Ok([default, default]),
        Some(stated) => <[i64; 2]>::try_from(stated)
            .map_err(|_| Fault::Unsupported(in_dimensions(stated.len()))),
    }
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
