//! Layers with weights, and windows.

use crate::graph::Value;
use crate::onnx::{decimal, rate};

use super::attributes::Node;
use super::builder::{Builder, Known, Tensor};
use super::constant::Constant;
use super::ops::pair;
use super::{Fault, Result};

pub(super) fn conv<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let x = builder.value(node, 0)?;
    let weight = needed(builder, node, 1)?;
    let [out, _, h, w] = <[u64; 4]>::try_from(weight.dims.as_slice())
        .map_err(|_| Fault::Unsupported(format!("in {} dimensions", weight.dims.len().saturating_sub(2))))?;
    let kernel = [signed(h), signed(w)];
    if node.ints("kernel_shape").is_some_and(|stated| stated != kernel) {
        return Err(Fault::Malformed(format!("`kernel_shape` is not that of the weight, {kernel:?}")));
    }
    let strides = two(node, "strides", 1)?;
    let dilation = two(node, "dilations", 1)?;
    let reach = [0, 1].map(|i| dilation[i].saturating_mul(kernel[i] - 1).saturating_add(1));
    let pad = pads(builder, node, x, strides, reach)?;
    let bias = builder.constant(node, 2)?;
    let arguments = vec![
        ("c", Value::Int(signed(out))),
        ("k", pair(kernel)),
        ("stride", pair(strides)),
        ("pad", pair(pad)),
        ("dilation", pair(dilation)),
        ("groups", Value::Int(node.int("group", 1)?)),
        ("bias", Value::Bool(bias.is_some())),
    ];
    let mut tensors = vec![tensor(weight)?];
    tensors.extend(bias.map(tensor).transpose()?);
    builder.op(node, ("conv", arguments), vec![x], tensors)
}

pub(super) fn gemm<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let x = builder.value(node, 0)?;
    if node.int("transA", 0)? != 0 {
        return Err(Fault::Unsupported("of a transposed value".into()));
    }
    let (alpha, beta) = (node.float("alpha", 1.0)?, node.float("beta", 1.0)?);
    let weight = matrix(needed(builder, node, 1)?, node.int("transB", 0)? != 0)?;
    let bias = builder.constant(node, 2)?;
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
    weight: Tensor,
    bias: Option<Tensor>,
) -> Result<Known> {
    let out = Value::Int(signed(weight.dims[0]));
    let arguments = vec![("c", out), ("bias", Value::Bool(bias.is_some()))];
    builder.op(node, ("linear", arguments), vec![x], std::iter::once(weight).chain(bias).collect())
}

pub(super) fn batch_norm<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let x = builder.value(node, 0)?;
    if node.int("training_mode", 0)? != 0 {
        return Err(Fault::Unsupported("in training mode: export for evaluation".into()));
    }
    if node.int("spatial", 1)? != 1 {
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
    builder.op(node, ("bn", arguments), vec![x], tensors)
}

pub(super) fn pool<'m>(builder: &mut Builder<'m>, node: &Node<'m>, op: &'static str) -> Result<Known> {
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
    let pad = pads(builder, node, x, strides, kernel)?;
    if op == "avgpool" && node.int("count_include_pad", 0)? == 0 && pad != [0, 0] {
        return Err(Fault::Unsupported("that leaves padding out of the mean".into()));
    }
    let arguments = vec![
        ("k", pair(kernel)),
        ("stride", pair(strides)),
        ("pad", pair(pad)),
        ("ceil", Value::Bool(node.int("ceil_mode", 0)? != 0)),
    ];
    builder.op(node, (op, arguments), vec![x], vec![])
}

/// A weight that must be there.
fn needed<'m>(builder: &Builder<'m>, node: &Node<'m>, i: usize) -> Result<Constant> {
    builder.constant(node, i)?.ok_or_else(|| Fault::Malformed(format!("a layer lacks operand {i}")))
}

pub(super) fn tensor(constant: Constant) -> Result<Tensor> {
    let values = constant.floats()?.to_vec();
    Ok(Tensor { dims: constant.dims, values })
}

/// A matrix as `[out, in]`, from that or from `[in, out]`.
fn matrix(constant: Constant, transposed: bool) -> Result<Tensor> {
    let [rows, columns] = <[u64; 2]>::try_from(constant.dims.as_slice())
        .map_err(|_| Fault::Unsupported("by what is no matrix".into()))?;
    if transposed {
        return tensor(constant);
    }
    let (values, step) = (constant.floats()?, columns as usize);
    let turned =
        (0..step).flat_map(|column| values.iter().skip(column).step_by(step.max(1)).copied()).collect();
    Ok(Tensor { dims: vec![columns, rows], values: turned })
}

/// Numbers for each of `count` features, from as many or from one.
pub(super) fn wide(constant: &Constant, count: u64) -> Result<Tensor> {
    let values = constant.floats()?;
    let values = match values {
        [one] => {
            vec![*one; usize::try_from(count).map_err(|_| Fault::Malformed("too many features".into()))?]
        }
        _ if values.len() as u64 == count => values.to_vec(),
        _ => return Err(Fault::Malformed(format!("{} numbers for {count} features", values.len()))),
    };
    Ok(Tensor { dims: vec![count], values })
}

fn scaled(mut tensor: Tensor, by: f32) -> Tensor {
    if by != 1.0 {
        tensor.values.iter_mut().for_each(|x| *x *= by);
    }
    tensor
}

fn two(node: &Node, name: &str, default: i64) -> Result<[i64; 2]> {
    match node.ints(name) {
        None => Ok([default, default]),
        Some(stated) => <[i64; 2]>::try_from(stated)
            .map_err(|_| Fault::Unsupported(format!("in {} dimensions", stated.len()))),
    }
}

/// The padding above and left, which must be that below and right.
fn pads(builder: &Builder, node: &Node, x: usize, strides: [i64; 2], reach: [i64; 2]) -> Result<[i64; 2]> {
    let auto = node.text("auto_pad", "NOTSET")?;
    let stated = node.ints("pads").unwrap_or(&[0; 4]);
    let [top, left, bottom, right] = match auto.as_str() {
        "NOTSET" | "" => <[i64; 4]>::try_from(stated)
            .map_err(|_| Fault::Unsupported("in other than two dimensions".into()))?,
        "VALID" => [0; 4],
        "SAME_UPPER" | "SAME_LOWER" => {
            let [_, h, w] =
                builder.lines[x].shape.image().ok_or_else(|| Fault::Unsupported("of a vector".into()))?;
            let total = |length: u64, i: usize| {
                let (length, stride) = (signed(length), strides[i].max(1));
                let windows = length.saturating_add(stride - 1) / stride;
                ((windows - 1).saturating_mul(stride).saturating_add(reach[i]) - length).max(0)
            };
            let [h, w] = [total(h, 0), total(w, 1)];
            [h / 2, w / 2, h - h / 2, w - w / 2]
        }
        other => return Err(Fault::Malformed(format!("`auto_pad` is {}", super::names::shown(other)))),
    };
    if (top, left) != (bottom, right) {
        let pads = [top, left, bottom, right];
        return Err(Fault::Unsupported(format!("pads {pads:?}, not the same on both sides")));
    }
    Ok([top, left])
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
