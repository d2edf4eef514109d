//! Ops that only move values, and reductions over the spatial axes.

use crate::graph::Value;

use super::attributes::Node;
use super::axes::{axes, axis_of, same_axes};
use super::builder::{Builder, pair};
use super::constant::{self, Constant};
use super::error::{Fault, Result, shown};
use super::known::{Known, Size};

pub(super) fn flatten<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let x = builder.value(node, 0)?;
    let rank = builder.placed[x].shape.dims().len() as i64 + 1;
    let axis = node.int("axis", 1)?;
    let counted_back = axis == 1 - rank && node.version >= 11;
    if axis != 1 && !counted_back {
        return Err(Fault::Unsupported(format!("from axis {axis}")));
    }
    builder.unary(node, "flatten", vec![])
}

/// A reshape to a vector, or to the same shape.
pub(super) fn reshape<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let target = target(builder, node)?;
    let zero_copies = node.int("allowzero", 0)? == 0;
    let x = match builder.known(node, 0)? {
        // A single size as a list.
        Some(known @ Known::Sizes(..)) if target.len() <= 1 => return Ok(known),
        _ => builder.value(node, 0)?,
    };
    let shape = &builder.placed[x].shape;
    let elements = shape.elements();
    let sizes = |at: usize| shape.dims().get(at).copied();
    let Some((batch, rest)) = target.split_first() else {
        return Err(Fault::Unsupported("to a number".into()));
    };
    let mut free = 0;
    let mut dims: Vec<Option<u64>> = Vec::new();
    for (i, size) in rest.iter().enumerate() {
        dims.push(match *size {
            Size::Fixed(-1) => {
                free += 1;
                None
            }
            Size::Fixed(0) if zero_copies => sizes(i),
            Size::Fixed(d) => u64::try_from(d).ok(),
            Size::Batch => return Err(Fault::Unsupported("that moves the batch".into())),
        });
    }
    let product = dims.iter().flatten().try_fold(1u64, |p, &d| p.checked_mul(d));
    let inferred = product.filter(|&p| p > 0 && elements.is_multiple_of(p)).map(|p| elements / p);
    let keeps_batch = match *batch {
        Size::Batch => true,
        Size::Fixed(0) => zero_copies,
        Size::Fixed(-1) => free == 0 && inferred == Some(1),
        Size::Fixed(b) => builder.batch == Some(b),
    };
    let dims: Option<Vec<u64>> = dims.into_iter().map(|d| d.or(inferred)).collect();
    match dims {
        Some(dims) if keeps_batch && free <= 1 && dims == shape.dims() => Ok(Known::Value(x)),
        Some(dims) if keeps_batch && free <= 1 && dims == [elements] => {
            builder.unary(node, "flatten", vec![])
        }
        _ => Err(Fault::Unsupported(format!("of {shape} to another shape than a vector"))),
    }
}

/// The target sizes of a reshape: an attribute, or its second operand from version 5.
fn target<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Vec<Size>> {
    let absent = || Fault::Malformed("a reshape without sizes".into());
    if node.version < 5 {
        let stated = node.ints("shape").ok_or_else(absent)?;
        return Ok(stated.iter().map(|&d| Size::Fixed(d)).collect());
    }
    Builder::sizes(builder.known(node, 1)?.ok_or_else(absent)?)
}

/// A reshape of a constant.
pub(super) fn of_constant<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Constant> {
    let wrong = || Fault::Malformed("a reshape to sizes that do not fit".into());
    let mut constant = builder.constant(node, 0)?.ok_or_else(|| node.lacks(0))?;
    let zero_copies = node.int("allowzero", 0)? == 0;
    let mut dims: Vec<Option<u64>> = Vec::new();
    for (i, size) in target(builder, node)?.into_iter().enumerate() {
        dims.push(match size {
            Size::Fixed(-1) => None,
            Size::Fixed(0) if zero_copies => Some(*constant.dims.get(i).ok_or_else(wrong)?),
            Size::Fixed(d) => Some(u64::try_from(d).map_err(|_| wrong())?),
            Size::Batch => return Err(Fault::Unsupported("of a constant by the batch".into())),
        });
    }
    let (count, known) =
        (constant.len() as u64, dims.iter().flatten().copied().collect::<Vec<_>>());
    let product = constant::count(&known)?;
    let inferred = count.checked_div(product).unwrap_or(0);
    let one_is_open = dims.len() - known.len() <= 1;
    constant.dims = dims.into_iter().map(|d| d.unwrap_or(inferred)).collect();
    if one_is_open && constant::count(&constant.dims)? == count {
        Ok(constant)
    } else {
        Err(wrong())
    }
}

/// Drops rows and columns of size 1.
pub(super) fn squeeze<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let known = builder.known(node, 0)?;
    let axes = axes(builder, node)?;
    let x = match known {
        Some(known @ Known::Sizes(..)) => return Ok(known),
        _ => builder.value(node, 0)?,
    };
    let shape = &builder.placed[x].shape;
    let fits =
        matches!(shape.dims(), [_, 1, 1]) && axes.is_some_and(|axes| same_axes(&axes, &[2, 3], 4));
    if !fits {
        return Err(Fault::Unsupported(format!("of {shape} to another shape than a vector")));
    }
    builder.unary(node, "flatten", vec![])
}

/// A single size as a list.
pub(super) fn unsqueeze<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let known = builder.known(node, 0)?;
    match (known, axes(builder, node)?.as_deref()) {
        (Some(known @ Known::Sizes(..)), Some([0])) => Ok(known),
        _ => Err(Fault::Unsupported("of what is no constant".into())),
    }
}

/// A maximum or a mean over the spatial axes.
pub(super) fn reduce<'m>(
    builder: &mut Builder<'m>,
    node: &Node<'m>,
    op: &'static str,
) -> Result<Known> {
    let x = builder.value(node, 0)?;
    let axes = axes(builder, node)?.unwrap_or_default();
    let keep = node.int("keepdims", 1)? != 0;
    node.int("noop_with_empty_axes", 0)?;
    if builder.placed[x].shape.image().is_none() || !same_axes(&axes, &[2, 3], 4) {
        return Err(Fault::Unsupported(format!("over axes {axes:?}")));
    }
    match builder.unary(node, op, vec![])? {
        Known::Value(pooled) if !keep => builder.op(node, "flatten", vec![], vec![pooled], vec![]),
        known => Ok(known),
    }
}

pub(super) fn pad<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let x = builder.value(node, 0)?;
    let operands = node.version >= 11;
    let stated = match operands {
        true => builder.constant(node, 1)?.ok_or_else(|| node.lacks(1))?.integers()?.to_vec(),
        false => node
            .ints(if node.version < 2 { "paddings" } else { "pads" })
            .unwrap_or_default()
            .to_vec(),
    };
    let filling = match if operands { builder.constant(node, 2)? } else { None } {
        Some(constant) => constant.scalar(),
        None => Some(node.float("value", 0.0)?),
    };
    let mode = match node.text("mode", "constant")?.as_str() {
        "constant" if filling == Some(0.0) => "zeros",
        "reflect" => "reflect",
        other => return Err(Fault::Unsupported(format!("mode {}", shown(other)))),
    };
    let [[0, 0], [0, 0], [top, bottom], [left, right]] = amounts(builder, node, &stated)? else {
        return Err(Fault::Unsupported(format!("by {stated:?}, not rows and columns alone")));
    };
    if (top, left) == (bottom, right) {
        let arguments = vec![("p", pair([top, left])), ("mode", Value::Str(mode.into()))];
        return builder.unary(node, "pad", arguments);
    }
    let pads = [top, left, bottom, right];
    match mode == "zeros" && pads.iter().all(|&pad| pad >= 0) {
        true => Ok(Known::Padded(x, pads)),
        false => Err(Fault::Unsupported(format!("by {pads:?}, not the same on both sides"))),
    }
}

/// What a pad adds before and after each of four dimensions.
fn amounts<'m>(builder: &Builder<'m>, node: &Node<'m>, stated: &[i64]) -> Result<[[i64; 2]; 4]> {
    let axes = match if node.version >= 18 { builder.constant(node, 3)? } else { None } {
        Some(constant) => constant.integers()?.to_vec(),
        None => (0..stated.len() as i64 / 2).collect(),
    };
    if stated.len() != 2 * axes.len() {
        return Err(Fault::Malformed("pads that do not fit their axes".into()));
    }
    let mut amounts = [[0; 2]; 4];
    for (i, &axis) in axes.iter().enumerate() {
        amounts[axis_of(axis, 4)?] = [stated[i], stated[i + axes.len()]];
    }
    Ok(amounts)
}

/// An image upsampled by integer factors.
pub(super) fn resize<'m>(builder: &mut Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let x = builder.value(node, 0)?;
    let old = builder.placed[x].shape.image();
    let [channels, h, w] = old.ok_or_else(|| Fault::Unsupported("of a vector".into()))?;
    // The first version of `Resize` is the last one of `Upsample`.
    let upsample = node.version < 11;
    let at = if upsample { 1 } else { 2 };
    let scales = match node.version {
        ..9 => Some(node.floats("scales").unwrap_or_default().to_vec()),
        _ => match builder.constant(node, at)? {
            Some(constant) if constant.len() > 0 => Some(constant.floats()?.to_vec()),
            _ => None,
        },
    };
    // The region of interest, which no supported mode uses.
    node.input(if upsample { 0 } else { 1 });
    // The dimensions that the scales or sizes are of.
    let axes = match node.ints("axes") {
        Some(axes) => axes.iter().map(|&axis| axis_of(axis, 4)).collect::<Result<Vec<_>>>()?,
        None => (0..4).collect(),
    };
    let old = [None, Some(channels), Some(h), Some(w)];
    let whole = |axis: usize, size: Size| match (old[axis], size) {
        (None, Size::Batch) => 1,
        (None, Size::Fixed(b)) => i64::from(builder.batch == Some(b)),
        (Some(old), Size::Fixed(new)) => {
            u64::try_from(new).ok().filter(|new| new % old == 0).map_or(0, |n| (n / old) as i64)
        }
        (Some(_), Size::Batch) => 0,
    };
    let misfit = || Fault::Malformed("scales or sizes that do not fit its axes".into());
    let stated: Vec<i64> = match scales {
        Some(scales) => scales
            .iter()
            .map(|&f| if f >= 1.0 && f.fract() == 0.0 && f < 65536.0 { f as i64 } else { 0 })
            .collect(),
        None => {
            let sizes = Builder::sizes(builder.known(node, 3)?.ok_or_else(|| node.lacks(at))?)?;
            if sizes.len() != axes.len() {
                return Err(misfit());
            }
            axes.iter().zip(sizes).map(|(&axis, size)| whole(axis, size)).collect()
        }
    };
    if stated.len() != axes.len() {
        return Err(misfit());
    }
    let mut factors = [1; 4];
    for (&axis, factor) in axes.iter().zip(stated) {
        factors[axis] = factor;
    }
    let [batch, channels, rows, columns] = factors;
    if (batch, channels) != (1, 1) {
        return Err(Fault::Unsupported("of the batch or the channels".into()));
    }
    let factors = [rows, columns];
    if factors.iter().any(|&factor| factor < 1) {
        return Err(Fault::Unsupported("by other than whole factors".into()));
    }
    let default = if upsample { "asymmetric" } else { "half_pixel" };
    let centres = node.text("coordinate_transformation_mode", default)?;
    let nearest =
        node.text("nearest_mode", if upsample { "floor" } else { "round_prefer_floor" })?;
    node.float("cubic_coeff_a", -0.75)?;
    node.float("extrapolation_value", 0.0)?;
    let plain = node.int("antialias", 0)? == 0 && node.int("exclude_outside", 0)? == 0;
    let stretched = node.text("keep_aspect_ratio_policy", "stretch")? == "stretch";
    if !(plain && stretched) {
        return Err(Fault::Unsupported(
            "with antialias, exclude_outside or an aspect ratio".into(),
        ));
    }
    let mode = match (node.text("mode", "nearest")?.as_str(), centres.as_str(), nearest.as_str()) {
        ("nearest", "asymmetric", "floor") => "nearest",
        (
            "nearest",
            "half_pixel" | "pytorch_half_pixel",
            "round_prefer_floor" | "round_prefer_ceil",
        ) => "nearest",
        ("linear", "half_pixel", _) => "bilinear",
        // It differs from half_pixel only for an output of one pixel.
        ("linear", "pytorch_half_pixel", _) if h > 1 && w > 1 => "bilinear",
        (mode, centres, nearest) => {
            let what = format!("{mode}, {centres}, {nearest}");
            return Err(Fault::Unsupported(shown(&what)));
        }
    };
    builder.unary(
        node,
        "upsample",
        vec![("factor", pair(factors)), ("mode", Value::Str(mode.into()))],
    )
}
