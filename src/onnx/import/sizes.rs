//! The arithmetic on sizes that exporters write before a reshape.

use super::attributes::Node;
use super::axes::{axis_of, ranges};
use super::builder::Builder;
use super::constant::{Constant, Data, Integer};
use super::error::{Fault, Result};
use super::known::{Known, Size};

/// The maximum number of sizes that are tracked.
const MOST: usize = 64;

impl Builder<'_> {
    /// An operand as sizes.
    pub(super) fn sizes(known: Known) -> Result<Vec<Size>> {
        match known {
            Known::Sizes(_, sizes) => Ok(sizes),
            Known::Constant(Constant { data: Data::Integers(_, values), .. })
                if values.len() <= MOST =>
            {
                Ok(values.into_iter().map(Size::Fixed).collect())
            }
            _ => Err(Fault::Unsupported("of sizes that are computed".into())),
        }
    }
}

/// The sizes of a value, the batch first.
pub(super) fn shape<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let placed = builder.value(node, 0)?;
    let dims = builder.placed[placed].shape.dims().iter();
    let sizes: Vec<Size> = std::iter::once(Size::Batch)
        .chain(dims.map(|&d| Size::Fixed(i64::try_from(d).unwrap_or(i64::MAX))))
        .collect();
    let within = node.range(sizes.len())?;
    Ok(list(Integer::Int64, sizes[within].to_vec()))
}

/// Sizes as a constant, unless the batch is among them.
fn list(kind: Integer, sizes: Vec<Size>) -> Known {
    let fixed: Option<Vec<i64>> = sizes
        .iter()
        .map(|size| match size {
            Size::Batch => None,
            Size::Fixed(d) => Some(kind.wrapped(*d)),
        })
        .collect();
    match fixed {
        None => Known::Sizes(kind, sizes),
        Some(fixed) => Known::Constant(Constant {
            dims: vec![fixed.len() as u64],
            data: Data::Integers(kind, fixed),
        }),
    }
}

/// Some of the sizes.
pub(super) fn gather<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let Some(Known::Sizes(kind, sizes)) = builder.known(node, 0)? else {
        return Err(Fault::Unsupported(String::new()));
    };
    if node.int("axis", 0)? != 0 {
        return Err(Fault::Malformed("sizes have one axis".into()));
    }
    let indices = builder.constant(node, 1)?.ok_or_else(|| node.lacks(1))?;
    let picked: Result<Vec<Size>> = indices
        .integers()?
        .iter()
        .take(MOST)
        .map(|&i| Ok(sizes[axis_of(i, sizes.len())?]))
        .collect();
    match (list(kind, picked?), indices.dims.len()) {
        (Known::Constant(mut one), 0) => {
            one.dims.clear();
            Ok(Known::Constant(one))
        }
        (known, ..=1) => Ok(known),
        _ => Err(Fault::Unsupported("of sizes by a matrix".into())),
    }
}

/// A range of the sizes.
pub(super) fn slice<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let Some(Known::Sizes(kind, sizes)) = builder.known(node, 0)? else {
        return Err(Fault::Unsupported(String::new()));
    };
    let mut taken = sizes;
    for range in ranges(builder, node, 1)? {
        axis_of(range.axis, 1)?;
        taken = range.indices(taken.len() as u64)?.into_iter().map(|i| taken[i]).collect();
    }
    Ok(list(kind, taken))
}

/// Concatenated sizes; `None` if the operands are values.
pub(super) fn concat<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Option<Known>> {
    let mut all = Vec::new();
    let mut kind = None;
    for i in 0..node.proto.input.len().min(MOST) {
        match builder.known(node, i)? {
            Some(Known::Value(_)) | None => return Ok(None),
            Some(known) => {
                if let Known::Sizes(of, _) = known {
                    kind = Some(of);
                }
                all.extend(Builder::sizes(known)?);
            }
        }
    }
    Ok(kind.filter(|_| all.len() <= MOST).map(|kind| list(kind, all)))
}
