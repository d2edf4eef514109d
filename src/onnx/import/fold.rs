//! Constant folding: nodes that read only constants become constants instead of ops.

use super::affine::aligned;
use super::attributes::Node;
use super::axes::{axes, axis_of, ranges};
use super::builder::Builder;
use super::constant::{self, Constant, Data, Integer};
use super::error::{Fault, Result};
use super::known::Known;
use super::reshape;
use super::view::{self, View};

/// The result of a node, if it reads only constants and can be computed.
pub(super) fn fold<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Option<Known>> {
    if !builder.reads_constants_alone(node) {
        return Ok(None);
    }
    let constant = match node.proto.op_type() {
        "Add" => binary(builder, node, |a, b| a + b, |a, b| Some(a.wrapping_add(b)))?,
        "Sub" => binary(builder, node, |a, b| a - b, |a, b| Some(a.wrapping_sub(b)))?,
        "Mul" => binary(builder, node, |a, b| a * b, |a, b| Some(a.wrapping_mul(b)))?,
        "Div" => binary(builder, node, |a, b| a / b, divided)?,
        "Equal" => equal(builder, node)?,
        "Where" => choose(builder, node)?,
        "Neg" => unary(builder, node, |x| -x, Some(i64::wrapping_neg))?,
        "Abs" => unary(builder, node, f32::abs, Some(i64::wrapping_abs))?,
        "Floor" => unary(builder, node, f32::floor, None)?,
        "Ceil" => unary(builder, node, f32::ceil, None)?,
        "Sqrt" => unary(builder, node, f32::sqrt, None)?,
        "Exp" => unary(builder, node, f32::exp, None)?,
        "Reciprocal" => unary(builder, node, f32::recip, None)?,
        "Cast" => cast(builder, node)?,
        "ConstantOfShape" => filled(builder, node)?,
        "Range" => range(builder, node)?,
        "Shape" => shape(builder, node)?,
        "Gather" => gather(builder, node)?,
        "Slice" => slice(builder, node)?,
        "Concat" => concat(builder, node)?,
        "Transpose" => transpose(builder, node)?,
        "Expand" => expand(builder, node)?,
        "Reshape" => reshape::of_constant(builder, node)?,
        "Flatten" => flatten(builder, node)?,
        "Squeeze" => squeeze(builder, node)?,
        "Unsqueeze" => unsqueeze(builder, node)?,
        _ => return Ok(None),
    };
    constant.within_limits().map(|constant| Some(Known::Constant(constant)))
}

/// A required operand.
fn operand<'m>(builder: &Builder<'m>, node: &Node<'m>, i: usize) -> Result<Constant> {
    builder.constant(node, i)?.ok_or_else(|| node.lacks(i))
}

/// The error for operands of types that do not go together.
fn kinds() -> Fault {
    Fault::Malformed("constants of types that it does not take".into())
}

fn binary<'m>(
    builder: &Builder<'m>,
    node: &Node<'m>,
    floats: fn(f32, f32) -> f32,
    integers: fn(i64, i64) -> Option<i64>,
) -> Result<Constant> {
    let a = operand(builder, node, 0)?;
    let b = aligned(node, operand(builder, node, 1)?, a.dims.len())?;
    let (dims, [x, y]) = together(builder, [&a, &b])?;
    let pairs = x.places().zip(y.places());
    let data = match (&a.data, &b.data) {
        (Data::Floats(a), Data::Floats(b)) => {
            Data::Floats(pairs.map(|(x, y)| floats(a[x], b[y])).collect())
        }
        (Data::Integers(kind, a), Data::Integers(other, b))
            if kind == other && *kind != Integer::Bool =>
        {
            let values: Option<Vec<i64>> =
                pairs.map(|(x, y)| integers(a[x], b[y]).map(|z| kind.wrapped(z))).collect();
            let values = values.ok_or_else(|| Fault::Malformed("a division by 0".into()))?;
            Data::Integers(*kind, values)
        }
        _ => return Err(kinds()),
    };
    Ok(Constant { dims, data })
}

fn divided(a: i64, b: i64) -> Option<i64> {
    (b != 0).then(|| a.wrapping_div(b))
}

/// Tensors broadcast to one shape.
fn together<const N: usize>(
    builder: &Builder,
    parts: [&Constant; N],
) -> Result<(Vec<u64>, [View; N])> {
    let shapes = parts.iter().map(|part| part.dims.as_slice());
    let dims = shapes
        .map(<[u64]>::to_vec)
        .try_fold(Vec::new(), |dims, more| view::common(&dims, &more))?;
    builder.charge(constant::count(&dims)?)?;
    let views: Result<Vec<View>> =
        parts.iter().map(|part| View::of(part).broadcast(&dims)).collect();
    let views = <[View; N]>::try_from(views?).map_err(|_| kinds())?;
    Ok((dims, views))
}

fn unary<'m>(
    builder: &Builder<'m>,
    node: &Node<'m>,
    floats: fn(f32) -> f32,
    integers: Option<fn(i64) -> i64>,
) -> Result<Constant> {
    let Constant { dims, data } = operand(builder, node, 0)?;
    let data = match (data, integers) {
        (Data::Floats(values), _) => Data::Floats(values.into_iter().map(floats).collect()),
        (Data::Integers(kind, values), Some(of)) if kind != Integer::Bool => {
            Data::Integers(kind, values.into_iter().map(|x| kind.wrapped(of(x))).collect())
        }
        _ => return Err(kinds()),
    };
    Ok(Constant { dims, data })
}

fn equal<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Constant> {
    let a = operand(builder, node, 0)?;
    let b = aligned(node, operand(builder, node, 1)?, a.dims.len())?;
    let (dims, [x, y]) = together(builder, [&a, &b])?;
    let pairs = x.places().zip(y.places());
    let same: Vec<bool> = match (&a.data, &b.data) {
        (Data::Floats(a), Data::Floats(b)) => pairs.map(|(x, y)| a[x] == b[y]).collect(),
        (Data::Integers(kind, a), Data::Integers(other, b)) if kind == other => {
            pairs.map(|(x, y)| a[x] == b[y]).collect()
        }
        _ => return Err(kinds()),
    };
    let same = same.into_iter().map(i64::from).collect();
    Ok(Constant { dims, data: Data::Integers(Integer::Bool, same) })
}

fn choose<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Constant> {
    let [which, a, b] =
        [operand(builder, node, 0)?, operand(builder, node, 1)?, operand(builder, node, 2)?];
    let (dims, [w, x, y]) = together(builder, [&which, &a, &b])?;
    let which = which.integers()?;
    let places = w.places().zip(x.places().zip(y.places()));
    let data = match (&a.data, &b.data) {
        (Data::Floats(a), Data::Floats(b)) => Data::Floats(
            places.map(|(w, (x, y))| if which[w] != 0 { a[x] } else { b[y] }).collect(),
        ),
        (Data::Integers(kind, a), Data::Integers(other, b)) if kind == other => Data::Integers(
            *kind,
            places.map(|(w, (x, y))| if which[w] != 0 { a[x] } else { b[y] }).collect(),
        ),
        _ => return Err(kinds()),
    };
    Ok(Constant { dims, data })
}

fn cast<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Constant> {
    let Constant { dims, data } = operand(builder, node, 0)?;
    let data = match (data, Target::of(node)?) {
        (data @ Data::Floats(_), Target::Float) => data,
        (Data::Integers(_, values), Target::Float) => {
            Data::Floats(values.iter().map(|&x| x as f32).collect())
        }
        (Data::Integers(_, values), Target::Integer(kind)) => {
            Data::Integers(kind, values.iter().map(|&x| kind.wrapped(x)).collect())
        }
        (Data::Floats(values), Target::Integer(Integer::Bool)) => {
            Data::Integers(Integer::Bool, values.iter().map(|&x| i64::from(x != 0.0)).collect())
        }
        // Rounds towards zero.
        (Data::Floats(values), Target::Integer(kind)) => {
            let whole = |&x: &f32| {
                let y = x as i64;
                // What is beyond 64 bits becomes the largest of them, which rounds up to fp32.
                let fits = kind.wrapped(y) == y && y as f32 == x.trunc() && y < i64::MAX;
                let beyond = || Fault::Unsupported(format!("of {x}, which the type cannot hold"));
                fits.then_some(y).ok_or_else(beyond)
            };
            Data::Integers(kind, values.iter().map(whole).collect::<Result<_>>()?)
        }
    };
    Ok(Constant { dims, data })
}

/// The target type of a cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Float,
    Integer(Integer),
}

impl Target {
    /// The target type of a cast, which the first version gave by name.
    pub fn of(node: &Node) -> Result<Target> {
        node.int("saturate", 1)?;
        node.text("round_mode", "up")?;
        let to = match node.version < 6 {
            true => node.text("to", "")?.to_uppercase(),
            false => node.int("to", 0)?.to_string(),
        };
        match to.as_str() {
            "FLOAT" | "1" => Ok(Target::Float),
            "INT32" | "6" => Ok(Target::Integer(Integer::Int32)),
            "INT64" | "7" => Ok(Target::Integer(Integer::Int64)),
            "BOOL" | "9" => Ok(Target::Integer(Integer::Bool)),
            _ => Err(Fault::Unsupported("to another kind than fp32".into())),
        }
    }
}

fn filled<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Constant> {
    let dims = sizes(&operand(builder, node, 0)?)?;
    let count = constant::count(&dims)?;
    builder.charge(count)?;
    let value = node.tensor("value")?.map_or(Data::Floats(vec![0.0]), |value| value.data);
    let data = match value {
        Data::Floats(value) if value.len() == 1 => Data::Floats(vec![value[0]; count as usize]),
        Data::Integers(kind, value) if value.len() == 1 => {
            Data::Integers(kind, vec![value[0]; count as usize])
        }
        _ => return Err(Fault::Malformed("`value` is not one number".into())),
    };
    Ok(Constant { dims, data })
}

fn range<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Constant> {
    let bounds =
        [operand(builder, node, 0)?, operand(builder, node, 1)?, operand(builder, node, 2)?];
    node.text("stash_type", "")?;
    let kind = match bounds.each_ref().map(|bound| &bound.data) {
        [Data::Integers(a, _), Data::Integers(b, _), Data::Integers(c, _)]
            if a == b && b == c && *a != Integer::Bool =>
        {
            *a
        }
        [Data::Floats(_), Data::Floats(_), Data::Floats(_)] => {
            return Err(Fault::Unsupported("of fp32".into()));
        }
        _ => return Err(kinds()),
    };
    let [start, end, step] = bounds.each_ref().map(Constant::integers);
    let ([start], [end], [step]) = (start?, end?, step?) else {
        return Err(Fault::Malformed("a range of other than three numbers".into()));
    };
    let [start, end, step] = [*start, *end, *step].map(i128::from);
    if step == 0 {
        return Err(Fault::Malformed("a range by steps of 0".into()));
    }
    let count = u64::try_from((end - start + step - step.signum()) / step).unwrap_or(0);
    builder.charge(count)?;
    let values =
        (0..count).map(|i| i64::try_from(start + step * i128::from(i)).unwrap_or(i64::MAX));
    Ok(Constant { dims: vec![count], data: Data::Integers(kind, values.collect()) })
}

fn shape<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Constant> {
    let dims = operand(builder, node, 0)?.dims;
    let within = node.range(dims.len())?;
    let sizes: Vec<i64> =
        dims[within].iter().map(|&d| i64::try_from(d).unwrap_or(i64::MAX)).collect();
    Ok(Constant { dims: vec![sizes.len() as u64], data: Data::Integers(Integer::Int64, sizes) })
}

fn gather<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Constant> {
    let [data, indices] = [operand(builder, node, 0)?, operand(builder, node, 1)?];
    let axis = axis_of(node.int("axis", 0)?, data.dims.len())?;
    let size = data.dims[axis] as usize;
    let found: Result<Vec<usize>> = indices.integers()?.iter().map(|&i| axis_of(i, size)).collect();
    let found = found?;
    builder.charge((data.len() / size.max(1)).saturating_mul(found.len()) as u64)?;
    let mut picked = view::select(&data, axis, &found);
    picked.dims.splice(axis..=axis, indices.dims);
    Ok(picked)
}

fn slice<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Constant> {
    let mut data = operand(builder, node, 0)?;
    for range in ranges(builder, node, data.dims.len())? {
        let axis = axis_of(range.axis, data.dims.len())?;
        let indices = range.indices(data.dims[axis])?;
        data = view::select(&data, axis, &indices);
    }
    Ok(data)
}

fn concat<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Constant> {
    let parts: Result<Vec<Constant>> =
        (0..node.proto.input.len()).map(|i| operand(builder, node, i)).collect();
    let parts = parts?;
    builder.charge(parts.iter().map(|part| part.len() as u64).sum())?;
    let rank = parts.first().map_or(0, |part| part.dims.len());
    view::joined(&parts, axis_of(node.int("axis", 1)?, rank)?)
}

fn transpose<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Constant> {
    let constant = operand(builder, node, 0)?;
    let rank = constant.dims.len();
    let order: Vec<usize> = match node.ints("perm") {
        Some(stated) => stated.iter().map(|&i| axis_of(i, rank)).collect::<Result<_>>()?,
        None => (0..rank).rev().collect(),
    };
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if sorted.into_iter().ne(0..rank) {
        return Err(Fault::Malformed("`perm` is no order of the dimensions".into()));
    }
    Ok(View::of(&constant).permuted(&order).read(&constant))
}

fn expand<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Constant> {
    let constant = operand(builder, node, 0)?;
    let dims = view::common(&constant.dims, &sizes(&operand(builder, node, 1)?)?)?;
    builder.charge(constant::count(&dims)?)?;
    Ok(View::of(&constant).broadcast(&dims)?.read(&constant))
}

fn flatten<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Constant> {
    let mut constant = operand(builder, node, 0)?;
    let rank = constant.dims.len();
    let axis = match node.int("axis", 1)? {
        axis if axis == rank as i64 => rank,
        axis => axis_of(axis, rank)?,
    };
    let (before, after) = constant.dims.split_at(axis);
    constant.dims = vec![constant::count(before)?, constant::count(after)?];
    Ok(constant)
}

fn squeeze<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Constant> {
    let mut constant = operand(builder, node, 0)?;
    let rank = constant.dims.len();
    let axes: Option<Vec<usize>> = match axes(builder, node)? {
        Some(axes) => Some(axes.iter().map(|&axis| axis_of(axis, rank)).collect::<Result<_>>()?),
        None => None,
    };
    let goes = |i: usize, d: u64| axes.as_ref().map_or(d == 1, |axes| axes.contains(&i));
    let gone: Vec<bool> = constant.dims.iter().enumerate().map(|(i, &d)| goes(i, d)).collect();
    if gone.iter().zip(&constant.dims).any(|(&gone, &d)| gone && d != 1) {
        return Err(Fault::Malformed("a squeeze of more than one number".into()));
    }
    constant.dims =
        constant.dims.iter().zip(gone).filter(|(_, gone)| !gone).map(|(&d, _)| d).collect();
    Ok(constant)
}

fn unsqueeze<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Constant> {
    let mut constant = operand(builder, node, 0)?;
    let axes = axes(builder, node)?.unwrap_or_default();
    let rank = constant.dims.len() + axes.len();
    let axes: Result<Vec<usize>> = axes.iter().map(|&axis| axis_of(axis, rank)).collect();
    let mut axes = axes?;
    axes.sort_unstable();
    for axis in axes {
        if axis > constant.dims.len() {
            return Err(Fault::Malformed("an axis that stands twice".into()));
        }
        constant.dims.insert(axis, 1);
        constant = constant.within_limits()?;
    }
    Ok(constant)
}

/// The sizes in a constant.
pub(super) fn sizes(constant: &Constant) -> Result<Vec<u64>> {
    let sizes: Option<Vec<u64>> =
        constant.integers()?.iter().map(|&d| u64::try_from(d).ok()).collect();
    sizes.ok_or_else(|| Fault::Malformed("a size below 0".into()))
}
