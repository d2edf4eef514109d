//! Axes as nodes name them, and slices along them.

use super::attributes::Node;
use super::builder::Builder;
use super::constant::{Constant, Data};
use super::error::{Fault, Result};

/// An axis counted from the front.
pub(super) fn axis_of(axis: i64, rank: usize) -> Result<usize> {
    let from_front = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
    let axis = usize::try_from(from_front).ok().filter(|&axis| axis < rank);
    axis.ok_or_else(|| Fault::Malformed("an axis that is not there".into()))
}

/// The axes of a node: an attribute, or its second operand in later versions.
pub(super) fn axes<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Option<Vec<i64>>> {
    let first = if node.proto.op_type().starts_with("Reduce") { 18 } else { 13 };
    if node.version < first {
        return Ok(node.ints("axes").map(<[i64]>::to_vec));
    }
    match builder.constant(node, 1)? {
        Some(Constant { data: Data::Integers(_, axes), .. }) => Ok(Some(axes)),
        Some(_) => Err(Fault::Malformed("axes that are no whole numbers".into())),
        None => Ok(None),
    }
}

/// Whether two lists of axes are the same, negative ones counted from the end.
pub(super) fn same_axes(axes: &[i64], expected: &[i64], rank: i64) -> bool {
    let mut axes: Vec<i64> =
        axes.iter().map(|&a| if a < 0 { a.saturating_add(rank) } else { a }).collect();
    axes.sort_unstable();
    axes == expected
}

/// What a `Slice` selects of one axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    pub axis: i64,
    start: i64,
    end: i64,
    step: i64,
}

impl Taken {
    /// Its indices on an axis of this size.
    pub fn indices(&self, size: u64) -> Result<Vec<usize>> {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let from_front = |i: i64| if i < 0 { i.saturating_add(size) } else { i };
        let (start, end) = (from_front(self.start), from_front(self.end));
        let step = usize::try_from(self.step.unsigned_abs()).unwrap_or(usize::MAX);
        let places: Vec<i64> = match self.step {
            0 => return Err(Fault::Malformed("a slice by steps of 0".into())),
            1.. => (start.clamp(0, size)..end.clamp(0, size)).step_by(step).collect(),
            _ => (end.clamp(-1, size - 1) + 1..start.clamp(-1, size - 1) + 1)
                .rev()
                .step_by(step)
                .collect(),
        };
        Ok(places.into_iter().filter_map(|place| usize::try_from(place).ok()).collect())
    }
}

/// What a `Slice` selects: its attributes, or from version 10 its operands.
pub(super) fn ranges<'m>(
    builder: &Builder<'m>,
    node: &Node<'m>,
    rank: usize,
) -> Result<Vec<Taken>> {
    let stated = |i: usize, name: &str| -> Result<Option<Vec<i64>>> {
        if node.version < 10 {
            return Ok(node.ints(name).map(<[i64]>::to_vec));
        }
        builder
            .constant(node, i)?
            .map(|constant| constant.integers().map(<[i64]>::to_vec))
            .transpose()
    };
    let bound = |i: usize, name: &str| {
        stated(i, name)?.ok_or_else(|| Fault::Malformed(format!("a slice without `{name}`")))
    };
    let (starts, ends) = (bound(1, "starts")?, bound(2, "ends")?);
    let axes = stated(3, "axes")?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = match node.version < 10 {
        true => None,
        false => stated(4, "steps")?,
    };
    let steps = steps.unwrap_or_else(|| vec![1; starts.len()]);
    let fit = [&ends, &axes, &steps].iter().all(|list| list.len() == starts.len())
        && starts.len() <= rank;
    if !fit {
        return Err(Fault::Malformed("a slice whose bounds do not fit each other".into()));
    }
    let at = |i: usize| Taken { axis: axes[i], start: starts[i], end: ends[i], step: steps[i] };
    Ok((0..starts.len()).map(at).collect())
}
